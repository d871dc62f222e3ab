"""Links by mail: who gets one, what it opens, once, for how long, and what nobody learns from asking."""

from __future__ import annotations

import datetime as dt
import statistics
import time
from typing import TYPE_CHECKING

import httpx
import pytest
import sqlalchemy as sa
from tests.support.accounts.account_site import NEW, PASSWORD

from payloom.auth.accounts import find_account
from payloom.auth.links import RESET, VERIFY, make_link
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from tests.support.accounts.account_site import AccountSite as Site

STATES = {"unknown": False, "verified": True, "unverified": True, "disabled": False, "staff": True}
"""Every state of an account, and whether its owner gets a link to choose a password."""


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("door", ["json", "form"])
def test_asking_for_a_new_password_is_answered_alike(site: Site, state: str, door: str) -> None:
    email = site.account(state)
    with site.client() as browser:
        if door == "json":
            answer = browser.post("/api/auth/forgot", json={"email": email})
            assert (answer.status_code, answer.json()) == (202, {})
        else:
            browser.get("/forgot")
            form = {"email": email, "csrf_token": browser.cookies["payloom_csrf"]}
            answer = browser.post("/forgot", data=form)
            assert (answer.status_code, answer.headers["location"]) == (303, "/forgot?sent")
    if STATES[state]:
        site.mail_to(email, "account-reset")
    else:
        # Whoever asked after it has their mail: what was begun before is done.
        other = site.account("verified")
        site.client().post("/api/auth/forgot", json={"email": other})
        site.mail_to(other, "account-reset")
        assert site.mails_to(email, "account-reset") == []


def test_asking_takes_as_long_for_a_known_as_for_an_unknown_address(site: Site) -> None:
    durations: dict[str, list[float]] = {"verified": [], "unknown": []}
    for _ in range(8):
        for state, times in durations.items():
            email = site.account(state)
            with site.client() as browser:
                browser.get("/forgot")
                begin = time.perf_counter()
                assert browser.post("/api/auth/forgot", json={"email": email}).status_code == 202
                times.append(time.perf_counter() - begin)
    known, unknown = (statistics.median(times) for times in durations.values())
    assert known < 3 * unknown + 0.01
    assert unknown < 3 * known + 0.01


def test_a_link_begins_with_the_sites_address_whatever_the_request_says(site: Site) -> None:
    email = site.account("verified")
    headers = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    with site.client(**headers) as browser:
        assert browser.post("/api/auth/forgot", json={"email": email}).status_code == 202
        assert (
            browser.post("/api/auth/forgot", json={"email": email}, headers={"host": "evil.example"}).status_code == 421
        )
    site.mail_to(email, "account-reset")
    assert "evil" not in "".join(site.mails_to(email))


@pytest.mark.parametrize("state", [state for state, gets in STATES.items() if gets])
def test_a_reset_sets_the_password_proves_the_address_and_ends_every_session(site: Site, state: str) -> None:
    email = site.account(state)
    before = site.sign_in(email)
    site.client().post("/api/auth/forgot", json={"email": email})
    token = site.mail_to(email, "account-reset")
    with site.client() as browser:
        answer = browser.post("/api/auth/reset", json={"token": token, "password": NEW})
        assert (answer.status_code, answer.json()) == (200, {})
        assert "payloom_session" not in browser.cookies
        assert before.get("/api/auth/me").status_code == 401
        assert browser.post("/api/auth/reset", json={"token": token, "password": PASSWORD}).status_code == 403
    assert (site.opens(email, PASSWORD), site.opens(email, NEW)) == (False, True)
    account = site.database(lambda tx: find_account(tx, email=email))
    assert account.verified


def test_a_password_that_is_refused_leaves_the_link_as_it_was(site: Site) -> None:
    email = site.account("verified")
    site.client().post("/api/auth/forgot", json={"email": email})
    token = site.mail_to(email, "account-reset")
    with site.client() as browser:
        for weak in ("short", "password", email):
            assert browser.post("/api/auth/reset", json={"token": token, "password": weak}).status_code == 422
        assert browser.post("/api/auth/reset", json={"token": token, "password": NEW}).status_code == 200


def test_a_changed_password_ends_the_links_to_choose_one(site: Site) -> None:
    email = site.account("verified")
    site.client().post("/api/auth/forgot", json={"email": email})
    token = site.mail_to(email, "account-reset")
    browser = site.sign_in(email)
    assert browser.post("/api/auth/password", json={"current": PASSWORD, "password": NEW}).status_code == 200
    assert browser.post("/api/auth/reset", json={"token": token, "password": PASSWORD}).status_code == 403


@pytest.mark.parametrize(("path", "purpose"), [("/reset", RESET), ("/verify", VERIFY)])
def test_opening_a_link_changes_nothing(site: Site, path: str, purpose: str) -> None:
    email = site.account("unverified")

    def rows() -> list[object]:
        tables = ("payloom_accounts", "payloom_links", "payloom_sessions")
        return site.database(
            lambda tx: [tx.execute(sa.text(f"SELECT * FROM {table} ORDER BY 1")).all() for table in tables]
        )

    token = new_link(site, email, purpose)
    before = rows()
    for method in ("GET", "HEAD", "GET"):
        answer = httpx.request(method, f"{site.server.url}{path}", params={"token": token})
        assert answer.status_code in {200, 405}
    assert rows() == before
    page = httpx.get(f"{site.server.url}{path}", params={"token": token})
    assert (page.headers["referrer-policy"], page.headers["cache-control"]) == ("no-referrer", "no-store")
    assert email in page.text
    assert httpx.get(f"{site.server.url}{path}", params={"token": "guess"}).status_code == 403


def new_link(site: Site, email: str, purpose: str, lifetime: dt.timedelta = dt.timedelta(minutes=5)) -> str:
    """The token of a link."""

    def work(tx: sa.Connection) -> str:
        account = find_account(tx, email=email)
        assert account is not None
        return make_link(tx, purpose, SystemClock().now(), account_id=account.id, lifetime=lifetime)

    return site.database(work)


BAD = ("guess", "used", "expired", "of another purpose", "of a disabled account", "")


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize(("path", "purpose", "other"), [("reset", RESET, VERIFY), ("verify", VERIFY, RESET)])
def test_a_link_that_is_not_good_opens_nothing(site: Site, path: str, purpose: str, other: str, kind: str) -> None:
    email = site.account("disabled" if "disabled" in kind else "unverified")
    token = kind
    if kind in {"used", "of a disabled account"}:
        token = new_link(site, email, purpose)
    elif kind == "expired":
        token = new_link(site, email, purpose, dt.timedelta(seconds=-1))
    elif kind == "of another purpose":
        token = new_link(site, email, other)
    body = {"token": token, "password": NEW if path == "reset" else PASSWORD}
    with site.client() as browser:
        if kind == "used":
            assert browser.post(f"/api/auth/{path}", json=body).status_code == 200
            body["password"] = PASSWORD
        answer = browser.post(f"/api/auth/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "link_not_valid")


def test_the_link_proves_the_address_where_the_account_is_signed_in(site: Site) -> None:
    email = site.account("unverified")
    browser = site.sign_in(email)
    assert browser.post("/api/auth/verify", json={"token": site.mail_to(email)}).status_code == 200
    assert browser.get("/api/auth/me").status_code == 200
    assert site.database(lambda tx: find_account(tx, email=email)).verified
    assert site.opens(email, PASSWORD)


def test_the_owner_who_did_not_sign_up_confirms_nothing_for_a_stranger(site: Site) -> None:
    """Somebody signs up under a foreign address; its owner opens the mail and knows no password."""
    email = site.account("unverified")
    token = site.mail_to(email)
    with site.client() as owner:
        for body in ({}, {"password": ""}, {"password": "wrong-guess-77"}):
            assert owner.post("/api/auth/verify", json={"token": token, **body}).status_code == 401
        assert not site.database(lambda tx: find_account(tx, email=email)).verified
        assert owner.post("/api/auth/verify", json={"token": token, "password": PASSWORD}).status_code == 200
    assert site.database(lambda tx: find_account(tx, email=email)).verified


def test_another_mail_can_be_asked_for_by_who_is_signed_in(site: Site) -> None:
    email = site.account("unverified")
    assert site.client().post("/api/auth/verification", json={}).status_code == 401
    browser = site.sign_in(email)
    assert browser.post("/api/auth/verification", json={}).status_code == 202
    second = site.mail_to(email, number=2)
    assert second != site.mail_to(email)


def test_mails_to_one_address_have_a_limit_and_the_answer_stays_the_same(site: Site) -> None:
    email = site.account("verified")
    with site.client() as browser:
        for _ in range(6):
            assert browser.post("/api/auth/forgot", json={"email": email}).status_code == 202
    other = site.account("verified")
    site.client().post("/api/auth/forgot", json={"email": other})
    site.mail_to(other, "account-reset")
    assert len(site.mails_to(email, "account-reset")) == 3


def test_another_site_asks_for_nothing(site: Site) -> None:
    email = site.account("verified")
    for path in ("forgot", "reset", "verify", "verification"):
        body = {"email": email} if path == "forgot" else {"token": "x", "password": NEW}
        answer = httpx.post(f"{site.server.url}/api/auth/{path}", json=body, headers={"origin": "https://evil.example"})
        assert answer.json()["error"]["code"] == "cross_site"


def test_a_workflow_can_tell_whether_an_address_is_proved(site: Site) -> None:
    """`user.email` alone is what somebody typed; the session stays, and says more once the link was opened."""
    email = site.account("unverified")
    browser = site.sign_in(email)
    answer = browser.post("/api/staff-discount", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_ours")
    assert browser.post("/api/auth/verify", json={"token": site.mail_to(email)}).status_code == 200
    answer = browser.post("/api/staff-discount", json={})
    assert (answer.status_code, answer.json()) == (200, {"verified": True})
