"""The second factor: added, asked for at every door, good once, limited, and lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from pyotp.totp import TOTP
from tests.support.accounts.account_site import NEW, PASSWORD
from tests.support.accounts.members import (
    FINISH,
    OWN,
    Member,
    account_id,
    by_json,
    make_old,
    member,
    password_by_form,
    password_by_json,
)

from payloom.auth.factors.recovery_codes import COUNT
from payloom.auth.models import second_factors
from payloom.auth.sign_in_throttle import PER_CALLER

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.support.accounts.account_site import AccountSite as Site

API = "/api/_payloom"


def link(owner: Member) -> httpx.Client:
    """The first step: a sign-in link."""
    browser, server = owner.site.client(), owner.site.server
    url = server.http.post(f"{API}/accounts/{owner.id}/link", headers=server.admin).json()["url"]
    token = url.rpartition("token=")[2]
    answer = browser.post(f"{API}/session", json={"token": token})
    assert (answer.status_code, answer.json()["next"]) == (202, "/sign-in/second-factor")
    assert browser.post(f"{API}/session", json={"token": token}).status_code == 403
    return browser


FIRST_STEPS: dict[str, Callable[[Member], httpx.Client]] = {
    "password by JSON": password_by_json,
    "password by form": password_by_form,
    "sign-in link": link,
}


def by_form(browser: httpx.Client, code: str) -> int:
    """The second step, in the form."""
    assert browser.get("/sign-in/second-factor").status_code == 200
    form = {"code": code, "csrf_token": browser.cookies["payloom_csrf"], "next": "/sessions"}
    answer = browser.post("/sign-in/second-factor", data=form)
    return 200 if answer.headers.get("location") == "/sessions" else answer.status_code


@pytest.mark.parametrize("second", [by_json, by_form])
@pytest.mark.parametrize("first", FIRST_STEPS)
def test_the_first_step_opens_nothing_and_the_second_does(
    strict: Site, first: str, second: Callable[[httpx.Client, str], int]
) -> None:
    owner = member(strict, role="support")
    browser = FIRST_STEPS[first](owner)
    assert browser.get("/api/auth/me").status_code == 401
    assert browser.get(f"{API}/me").status_code == 401
    assert second(browser, "000000") == 403
    assert browser.get("/api/auth/me").status_code == 401
    assert second(browser, owner.code()) == 200
    assert browser.get(f"{API}/me").json()["second_factor"] is True
    assert browser.post(FINISH, json={"code": owner.code()}).json()["error"]["code"] == "link_not_valid"


def test_a_code_of_the_app_counts_once(strict: Site) -> None:
    owner = member(strict)
    code = owner.code()
    assert by_json(password_by_json(owner), code) == 200
    assert by_json(password_by_json(owner), code) == 403


def test_a_recovery_code_counts_once_however_it_is_typed(strict: Site) -> None:
    owner = member(strict)
    assert len(set(owner.codes)) == COUNT
    typed = f" {owner.codes[0].upper().replace('-', ' ')} "
    assert by_json(password_by_json(owner), typed) == 200
    assert by_json(password_by_json(owner), owner.codes[0]) == 403
    browser = password_by_json(owner)
    assert by_json(browser, owner.codes[1]) == 200
    assert browser.get(OWN).json()["recovery_codes"] == COUNT - 2


def test_new_recovery_codes_end_the_old_ones(strict: Site) -> None:
    owner = member(strict)
    fresh = owner.browser.post(f"{OWN}/recovery-codes", json={}).json()["recovery_codes"]
    assert by_json(password_by_json(owner), owner.codes[0]) == 403
    assert by_json(password_by_json(owner), fresh[0]) == 200


@pytest.mark.parametrize("code", ["", "12345", "1234567", "000000", "not-a-code", "٠٠٠٠٠٠", "0" * 60])
def test_what_is_no_code_is_refused(strict: Site, code: str) -> None:
    assert by_json(password_by_json(member(strict)), code) == 403


def test_a_foreign_code_is_refused(strict: Site) -> None:
    owner, stranger = member(strict), member(strict)
    assert by_json(password_by_json(owner), stranger.code()) == 403
    assert by_json(password_by_json(owner), stranger.codes[0]) == 403


def test_guessing_ends_after_a_few_codes_and_the_right_one_waits_as_well(strict: Site) -> None:
    owner = member(strict)
    browser = password_by_json(owner)
    assert [by_json(browser, f"00000{number}") for number in range(PER_CALLER)] == [403] * PER_CALLER
    refused = browser.post(FINISH, json={"code": owner.code()})
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_attempts")
    assert int(refused.headers["retry-after"]) > 0
    # The owner elsewhere is not locked out.
    assert by_json(password_by_json(owner), owner.code()) == 200


def test_an_app_counts_only_once_a_code_confirmed_it(strict: Site) -> None:
    email = strict.account("verified")
    browser = strict.sign_in(email)
    offer = browser.post(f"{OWN}/app", json={}).json()
    assert offer["address"].startswith("otpauth://totp/Test%20Shop:")
    assert offer["qr"].startswith("data:image/svg+xml")
    assert browser.post(f"{OWN}/app/confirm", json={"code": "000000"}).status_code == 403
    assert strict.opens(email, PASSWORD)
    assert browser.get(OWN).json()["app"] is False


def test_adding_a_factor_ends_the_other_sessions_and_is_recorded(strict: Site) -> None:
    email = strict.account("verified")
    other, browser = strict.sign_in(email), strict.sign_in(email)
    secret = browser.post(f"{OWN}/app", json={}).json()["secret"]
    answer = browser.post(f"{OWN}/app/confirm", json={"code": TOTP(secret).now()})
    assert other.get("/api/auth/me").status_code == 401
    assert browser.get("/api/auth/me").status_code == 200
    entry = strict.server.manage("/audit", action="account.factor")["data"][0]
    assert (entry["actor"], entry["target"]) == (email, account_id(strict, email))
    assert entry["request_id"] == answer.headers["payloom-request-id"]


def test_the_secret_is_sealed_and_the_codes_are_hashed(strict: Site) -> None:
    owner = member(strict)
    identity = owner.id
    plain = sa.select(sa.type_coerce(second_factors.c.secret, sa.LargeBinary))
    stored = strict.database(lambda tx: tx.execute(plain.where(second_factors.c.account_id == identity)).scalar_one())
    assert owner.secret.encode() not in bytes(stored)
    rows = sa.text("SELECT code_hash FROM payloom_recovery_codes WHERE account_id = :id")
    hashes = strict.database(lambda tx: tx.execute(rows, {"id": identity}).scalars().all())
    assert not set(hashes) & set(owner.codes)
    seen = owner.browser.get(OWN).text + owner.browser.get("/second-factor").text
    assert not [secret for secret in (owner.secret, *owner.codes) if secret in seen]


OWN_CHANGES: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "add an app": ("POST", "/app", {}),
    "confirm an app": ("POST", "/app/confirm", {"code": "123456"}),
    "remove the app": ("DELETE", "/app", None),
    "new recovery codes": ("POST", "/recovery-codes", {}),
    "begin a passkey": ("POST", "/passkeys/options", {}),
    "add a passkey": ("POST", "/passkeys", {"credential": {}, "name": "x"}),
    "remove a passkey": ("DELETE", "/passkeys/x", None),
}


@pytest.mark.parametrize("change", OWN_CHANGES)
def test_an_open_laptop_is_not_enough_to_change_a_factor(strict: Site, change: str) -> None:
    owner = member(strict)
    make_old(owner, strict)
    method, path, body = OWN_CHANGES[change]
    answer = owner.browser.request(method, f"{OWN}{path}", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "proof_needed")
    assert strict.client().request(method, f"{OWN}{path}", json=body).status_code == 401
    foreign = owner.browser.request(method, f"{OWN}{path}", json=body, headers={"sec-fetch-site": "cross-site"})
    assert foreign.json()["error"]["code"] == "cross_site"


def test_the_factor_proves_and_the_password_does_not_any_more(strict: Site) -> None:
    owner = member(strict)
    make_old(owner, strict)
    assert owner.browser.post("/api/auth/prove", json={"password": PASSWORD}).status_code == 403
    assert owner.browser.delete(f"{OWN}/app").status_code == 403
    assert owner.browser.post("/api/auth/prove", json={"code": owner.code()}).status_code == 200
    assert owner.browser.delete(f"{OWN}/app").json() | {"passkeys_usable": True} == {
        "app": False, "passkeys": [], "recovery_codes": 0, "passkeys_usable": True,
    }  # fmt: skip
    assert strict.opens(owner.email, PASSWORD)


@pytest.mark.parametrize(("password", "status"), [(PASSWORD, 200), (NEW, 401)])
def test_without_a_factor_the_password_proves(strict: Site, password: str, status: int) -> None:
    email = strict.account("verified")
    browser = strict.sign_in(email)
    make_old(email, strict)
    assert browser.post(f"{OWN}/app", json={}).json()["error"]["code"] == "proof_needed"
    assert browser.post("/api/auth/prove", json={"password": password}).status_code == status
    assert browser.post(f"{OWN}/app", json={}).status_code == (200 if status == 200 else 403)


def test_the_pages_lead_from_the_offer_to_the_codes_and_to_a_proof(strict: Site) -> None:
    email = strict.account("verified")
    browser = strict.sign_in(email)
    browser.get("/second-factor")
    form = {"csrf_token": browser.cookies["payloom_csrf"]}
    offer = browser.post("/second-factor", data=form | {"do": "offer"}).text
    secret = offer.partition("Key: <code>")[2].partition("<")[0]
    assert "data:image/svg+xml" in offer
    done = browser.post("/second-factor", data=form | {"do": "confirm", "code": TOTP(secret).now()}).text
    codes = [part.partition("<")[0] for part in done.split("<li><code>")[1:]]
    assert len(codes) == COUNT
    make_old(email, strict)
    answer = browser.post("/second-factor", data=form | {"do": "remove-app"})
    assert answer.headers["location"] == "/prove?next=/second-factor"
    proved = browser.post("/prove", data=form | {"code": codes[0], "next": "/second-factor"})
    assert proved.headers["location"] == "/second-factor"
    assert browser.post("/second-factor", data=form | {"do": "remove-app"}).status_code == 200
    assert strict.opens(email, PASSWORD)


def test_an_admin_resets_a_lost_factor_and_its_sessions_end(strict: Site) -> None:
    owner = member(strict)
    server = strict.server
    answer = server.http.delete(f"{API}/accounts/{owner.id}/second-factor", headers=server.admin)
    assert answer.status_code == 200
    assert owner.browser.get("/api/auth/me").status_code == 401
    assert strict.opens(owner.email, PASSWORD)


def test_a_new_password_by_mail_does_not_get_around_the_factor(strict: Site) -> None:
    owner = member(strict)
    strict.client().post("/api/auth/forgot", json={"email": owner.email})
    token = strict.mail_to(owner.email, "account-reset")
    assert strict.client().post("/api/auth/reset", json={"token": token, "password": NEW}).status_code == 200
    answer = strict.client().post("/api/auth/sign-in", json={"email": owner.email, "password": NEW})
    assert answer.json()["error"]["code"] == "second_factor_needed"


def test_a_body_names_one_proof_in_its_form(strict: Site) -> None:
    browser = password_by_json(member(strict))
    wrong: list[dict[str, Any]] = [
        {}, {"code": 1}, {"code": None, "password": "x"}, {"passkey": "x"}, {"code": "1", "passkey": {}}, {"x": "y"},
    ]  # fmt: skip
    answers = [browser.post(FINISH, json=body).status_code for body in wrong]
    assert answers == [400] * len(wrong)
    assert browser.get("/api/auth/me").status_code == 401
