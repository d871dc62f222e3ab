"""Sessions: their owner sees and ends them, staff do so for an account, and nobody else."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from tests.support.accounts.account_site import PASSWORD

from payloom.auth.accounts import find_account
from payloom.auth.models import sessions as sessions_table
from payloom.auth.sessions import MOST
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from tests.support.accounts.account_site import AccountSite as Site

API = "/api/_payloom"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0"


def sessions(browser: httpx.Client) -> list[dict[str, Any]]:
    """What somebody sees of their sessions."""
    answer = browser.get("/api/auth/sessions")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_somebody_sees_where_they_are_signed_in_and_no_token(site: Site) -> None:
    email = site.account("verified")
    phone = site.sign_in(email, **{"user-agent": FIREFOX})
    laptop = site.sign_in(email, **{"user-agent": EDGE})
    seen = sessions(laptop)
    assert [entry["agent"] for entry in seen][:2] == ["Edge on Windows", "Firefox on Linux"]
    assert [entry["current"] for entry in seen] == [True, False, False]
    assert seen[0]["address"] == laptop.headers["x-forwarded-for"]
    tokens = [browser.cookies["payloom_session"] for browser in (phone, laptop)]
    assert not [token for token in tokens if token in str(seen)]
    page = laptop.get("/sessions")
    assert "Firefox on Linux" in page.text


def end_by_json(browser: httpx.Client, name: str) -> int:
    """End a session."""
    return browser.delete(f"/api/auth/sessions/{name}").status_code


def end_by_form(browser: httpx.Client, name: str) -> int:
    """End a session on the page."""
    browser.get("/sessions")
    form = {"session": name, "csrf_token": browser.cookies["payloom_csrf"]}
    return browser.post("/sessions", data=form).status_code


@pytest.mark.parametrize(("end", "done"), [(end_by_json, 200), (end_by_form, 303)])
def test_one_session_is_ended_and_only_an_own_one(
    site: Site, end: Callable[[httpx.Client, str], int], done: int
) -> None:
    email = site.account("verified")
    own, lost = site.sign_in(email), site.sign_in(email)
    stranger = site.sign_in(site.account("verified"))
    name = next(entry["id"] for entry in sessions(lost) if entry["current"])
    assert end(stranger, name) == 404
    assert lost.get("/api/auth/me").status_code == 200
    assert end(own, name) == done
    assert lost.get("/api/auth/me").status_code == 401
    assert own.get("/api/auth/me").status_code == 200
    assert end(own, name) == 404


@pytest.mark.parametrize("form", [False, True])
def test_all_other_sessions_are_ended(site: Site, form: bool) -> None:
    email = site.account("verified")
    own, others = site.sign_in(email), [site.sign_in(email) for _ in range(3)]
    if form:
        own.get("/sessions")
        assert own.post("/sessions", data={"csrf_token": own.cookies["payloom_csrf"]}).status_code == 303
    else:
        assert own.delete("/api/auth/sessions").json()["ended"] >= 3
    assert [other.get("/api/auth/me").status_code for other in others] == [401, 401, 401]
    assert len(sessions(own)) == 1


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_nobody_sees_or_ends_sessions_without_one(site: Site, method: str) -> None:
    assert site.client().request(method, "/api/auth/sessions").status_code == 401
    assert site.client().get("/sessions").headers["location"] == "/sign-in?next=/sessions"


def test_another_site_ends_no_session(site: Site) -> None:
    browser = site.sign_in(site.account("verified"))
    answer = browser.delete("/api/auth/sessions", headers={"sec-fetch-site": "cross-site"})
    assert answer.json()["error"]["code"] == "cross_site"


def test_an_account_has_so_many_sessions_and_the_oldest_goes(site: Site) -> None:
    email = site.account("verified")
    oldest = site.sign_in(email)
    account = site.database(lambda tx: find_account(tx, email=email))
    copy = sa.text(COPY)
    site.database(lambda tx: [tx.execute(copy, {"hash": f"{n:064}", "account": account.id}) for n in range(MOST)])
    newest = site.sign_in(email)
    assert newest.get("/api/auth/me").status_code == 200
    assert len(sessions(newest)) == MOST
    assert oldest.get("/api/auth/me").status_code in {200, 401}


COPY = """
    INSERT INTO payloom_sessions (token_hash, account_id, created_at, last_seen_at, expires_at)
    SELECT :hash, account_id, created_at, last_seen_at, expires_at FROM payloom_sessions
    WHERE account_id = :account ORDER BY created_at DESC LIMIT 1
"""


def staff(site: Site, role: str | None) -> httpx.Client:
    """Somebody with a role in the studio."""
    email = site.account("verified")
    account = site.database(lambda tx: find_account(tx, email=email))
    site.server.http.put(f"{API}/accounts/{account.id}/role", json={"role": role}, headers=site.server.admin)
    return site.sign_in(email)


CALLS: dict[str, tuple[str, str, dict[str, Any] | None]] = {
    "list": ("GET", "", None),
    "look": ("GET", "/{id}", None),
    "sessions": ("GET", "/{id}/sessions", None),
    "end all": ("DELETE", "/{id}/sessions", None),
    "end one": ("DELETE", "/{id}/sessions/{session}", None),
    "mail a link": ("POST", "/{id}/reset-password", {}),
    "get the link": ("POST", "/{id}/reset-password", {"link": True}),
    "sign-in link": ("POST", "/{id}/link", None),
    "role": ("PUT", "/{id}/role", {"role": None}),
    "roles": ("PUT", "/{id}/roles", {"roles": ["clerk"]}),
    "verify": ("POST", "/{id}/verify", None),
    "disable": ("POST", "/{id}/disable", None),
    "enable": ("POST", "/{id}/enable", None),
    "delete": ("DELETE", "/{id}", None),
}
FOR_SUPPORT = {"list", "look", "sessions", "end all", "end one", "mail a link"}
ON_ADMINS = {"list", "look"}
"""What support may do with the account of an admin."""


@pytest.mark.parametrize("call", CALLS)
def test_who_does_what_with_the_account_of_a_customer(site: Site, call: str) -> None:
    for role in (None, "viewer", "support", "editor", "admin"):
        allowed = role == "admin" or (call in FOR_SUPPORT and role in {"support", "editor"})
        assert do(site, staff(site, role), site.account("verified"), call) == (200 if allowed else 403), role


@pytest.mark.parametrize("call", CALLS)
def test_support_does_nothing_to_an_admin(site: Site, call: str) -> None:
    email = site.account("verified")
    account = site.database(lambda tx: find_account(tx, email=email))
    site.server.http.put(f"{API}/accounts/{account.id}/role", json={"role": "admin"}, headers=site.server.admin)
    assert do(site, staff(site, "support"), email, call) == (200 if call in ON_ADMINS else 403)


def do(site: Site, browser: httpx.Client, email: str, call: str) -> int:
    """Do something to an account; returns the status."""
    account = site.database(lambda tx: find_account(tx, email=email))
    session = next(entry["id"] for entry in sessions(site.sign_in(email)) if entry["current"])
    method, path, body = CALLS[call]
    address = f"{API}/accounts{path.format(id=account.id, session=session)}"
    return browser.request(method, address, json=body).status_code


@pytest.mark.parametrize("call", ["disable", "delete"])
def test_nobody_closes_their_own_account_in_the_studio(site: Site, call: str) -> None:
    browser = staff(site, "admin")
    me = browser.get(f"{API}/me").json()["email"]
    method, path, _ = CALLS[call]
    answer = browser.request(method, f"{API}/accounts{path.format(id=me)}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "account_kept")


def test_a_disabled_account_is_closed_at_once_and_opens_again_with_its_roles(site: Site) -> None:
    email = site.account("staff")
    browser = site.sign_in(email)
    admin = site.server.http
    assert admin.post(f"{API}/accounts/{email}/disable", headers=site.server.admin).json()["disabled"]
    assert browser.get("/api/auth/me").status_code == 401
    assert not site.opens(email, PASSWORD)
    assert admin.post(f"{API}/accounts/{email}/enable", headers=site.server.admin).json()["role"] == "support"
    assert site.sign_in(email).get(f"{API}/me").json()["role"] == "support"


def test_a_deleted_account_leaves_its_orders_and_nothing_of_the_person(site: Site) -> None:
    email = site.account("verified")
    browser = site.sign_in(email)
    assert browser.post("/api/order", json={}).status_code == 200
    account = site.database(lambda tx: find_account(tx, email=email))
    answer = site.server.http.delete(f"{API}/accounts/{account.id}", headers=site.server.admin)
    assert (answer.status_code, answer.json()["email"]) == (200, email)
    assert browser.get("/api/auth/me").status_code == 401
    assert not site.opens(email, PASSWORD)
    (order,) = site.server.rows("orders", user_id=account.id)
    assert order["amount"] == 1900
    (user,) = site.server.rows("users", id=account.id)
    assert (user["name"], user["email"]) == (None, f"deleted-{account.id}@deleted.invalid")
    assert site.mails_to(email) == []
    tables = {
        "payloom_accounts": "id", "payloom_sessions": "account_id", "payloom_links": "account_id",
        "payloom_second_factors": "account_id", "payloom_recovery_codes": "account_id",
        "payloom_passkeys": "account_id",
    }  # fmt: skip
    for table, column in tables.items():
        query = sa.text(f"SELECT count(*) FROM {table} WHERE {column} = :id")
        assert site.database(lambda tx, query=query: tx.execute(query, {"id": account.id}).scalar()) == 0, table
    # The address is free, and who takes it is somebody else.
    with site.client() as again:
        response = again.post("/api/auth/sign-up", json={"email": email, "password": PASSWORD})
        assert response.status_code == 201
        assert response.json()["user"]["id"] != account.id


AGES = {
    "customer, ten days old": ("verified", "created_at", 240, 200),
    "customer, unused for ten days": ("verified", "last_seen_at", 240, 200),
    "customer, unused for 15 days": ("verified", "last_seen_at", 360, 401),
    "staff, 11 hours old": ("staff", "created_at", 11, 200),
    "staff, 13 hours old": ("staff", "created_at", 13, 401),
    "staff, unused for an hour": ("staff", "last_seen_at", 1, 200),
    "staff, unused for three hours": ("staff", "last_seen_at", 3, 401),
}


@pytest.mark.parametrize("age", AGES)
def test_a_session_of_staff_is_shorter_than_a_customers(site: Site, age: str) -> None:
    state, column, hours, status = AGES[age]
    email = site.account(state)
    browser = site.sign_in(email)
    account = site.database(lambda tx: find_account(tx, email=email))
    moment = SystemClock().now() - dt.timedelta(hours=hours)
    aged = sa.update(sessions_table).where(sessions_table.c.account_id == account.id).values(**{column: moment})
    site.database(lambda tx: tx.execute(aged))
    assert browser.get("/api/auth/me").status_code == status
    assert browser.get(f"{API}/me").status_code == (401 if status == 401 else 200 if state == "staff" else 403)


def test_a_site_at_a_network_address_offers_no_passkeys(site: Site) -> None:
    browser = site.sign_in(site.account("verified"))
    assert browser.get("/api/auth/second-factor").json()["passkeys_usable"] is False
    assert browser.post("/api/auth/second-factor/passkeys/options", json={}).json()["error"]["code"] == "factor_refused"
    assert "Add a passkey" not in browser.get("/second-factor").text
