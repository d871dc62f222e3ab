"""Passkeys as a second factor: made and used by software that answers as a security key does."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.accounts.account_site import PASSWORD
from tests.support.accounts.authenticator import Authenticator
from tests.support.accounts.members import FINISH, OWN, Member, by_json, password_by_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.accounts.account_site import AccountSite as Site


def passkey_member(site: Site) -> tuple[Member, Authenticator]:
    """A new account that has a passkey and no app."""
    email = site.account("verified")
    browser = site.sign_in(email)
    key = Authenticator("localhost", site.server.settings.site_url)
    options = browser.post(f"{OWN}/passkeys/options", json={}).json()
    answer = browser.post(f"{OWN}/passkeys", json={"credential": key.make(options), "name": "Laptop"})
    assert answer.status_code == 201, answer.text
    return Member(site, email, browser, "", answer.json()["recovery_codes"]), key


def test_a_passkey_ends_the_sign_in_and_its_recovery_codes_do(strict: Site) -> None:
    owner, key = passkey_member(strict)
    browser = password_by_json(owner)
    options = browser.post("/api/auth/sign-in/passkey", json={}).json()
    credential = key.use(options)
    assert browser.post(FINISH, json={"passkey": credential}).status_code == 200
    assert owner.browser.get(OWN).json()["passkeys"][0]["last_used_at"] is not None
    again = password_by_json(owner)
    assert again.post(FINISH, json={"passkey": credential}).json()["error"]["code"] == "factor_refused"
    assert by_json(again, owner.codes[0]) == 200


def wrong_origin(key: Authenticator) -> None:
    key.origin = "https://evil.example"


def wrong_site(key: Authenticator) -> None:
    key.site = "evil.example"


def wrong_key(key: Authenticator) -> None:
    key.key = Authenticator("x", "x").key


def foreign_credential(key: Authenticator) -> None:
    key.credential = b"0123456789abcdef"


def copied(key: Authenticator) -> None:
    key.count = 0


SPOILT: list[Callable[[Authenticator], None]] = [wrong_origin, wrong_site, wrong_key, foreign_credential, copied]


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_passkey_of_elsewhere_is_refused(strict: Site, spoil: Callable[[Authenticator], None]) -> None:
    owner, key = passkey_member(strict)
    key.count = 5
    first = password_by_json(owner)
    assert first.post(
        FINISH, json={"passkey": key.use(first.post("/api/auth/sign-in/passkey", json={}).json())}
    ).is_success
    spoil(key)
    browser = password_by_json(owner)
    answer = key.use(browser.post("/api/auth/sign-in/passkey", json={}).json())
    assert browser.post(FINISH, json={"passkey": answer}).json()["error"]["code"] == "factor_refused"
    assert browser.get("/api/auth/me").status_code == 401


def test_a_challenge_is_for_one_account_and_one_purpose(strict: Site) -> None:
    owner, key = passkey_member(strict)
    other, _ = passkey_member(strict)
    foreign = other.browser.post("/api/auth/prove/passkey", json={}).json()
    for options in (foreign, owner.browser.post(f"{OWN}/passkeys/options", json={}).json(), {"challenge": "AAAA"}):
        answer = owner.browser.post("/api/auth/prove", json={"passkey": key.use(options)})
        assert answer.json()["error"]["code"] == "factor_refused"
    own = owner.browser.post("/api/auth/prove/passkey", json={}).json()
    assert owner.browser.post("/api/auth/prove", json={"passkey": key.use(own)}).status_code == 200


@pytest.mark.parametrize(
    "passkey",
    [
        {},
        {"id": 1},
        {"id": "x", "response": None},
        {"response": {"clientDataJSON": "%%%"}},
        {"response": {"clientDataJSON": base64.urlsafe_b64encode(b"[" * 5000).decode()}},
        {"response": {}},
    ],
)
def test_a_malformed_passkey_is_refused_and_no_error_of_the_server(strict: Site, passkey: dict[str, Any]) -> None:
    owner, _ = passkey_member(strict)
    browser = password_by_json(owner)
    assert browser.post(FINISH, json={"passkey": passkey}).status_code == 403
    assert owner.browser.post(f"{OWN}/passkeys", json={"credential": passkey, "name": "x"}).status_code == 403


def test_a_removed_passkey_opens_nothing_and_asks_for_nothing(strict: Site) -> None:
    owner, _ = passkey_member(strict)
    stranger, _ = passkey_member(strict)
    (passkey,) = owner.browser.get(OWN).json()["passkeys"]
    assert stranger.browser.delete(f"{OWN}/passkeys/{passkey['id']}").status_code == 403
    assert owner.browser.delete(f"{OWN}/passkeys/{passkey['id']}").json()["recovery_codes"] == 0
    assert strict.opens(owner.email, PASSWORD)
