"""Who may manage: links, sessions, roles, and what other sites cannot do in a manager's name."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.support.http_server import RunningServer, running_server

from payloom.auth.service import AccountService
from payloom.auth.studio_users import FIRST_EMAIL, StudioUsers
from payloom.db.database import open_database
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/_payloom"
WORKFLOW = "name: Nothing\non: {manual: true}\nsteps:\n  - return: {done: true}\n"
FILES = {"workflows/nothing.yaml": WORKFLOW}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A project without any account."""
    with running_server(tmp_path_factory.mktemp("bare"), FILES) as server:
        yield server


@pytest.fixture
def browser(bare: RunningServer) -> Iterator[httpx.Client]:
    """A browser without a session."""
    headers = {"sec-fetch-site": "same-origin", "origin": bare.url}
    with httpx.Client(base_url=bare.url, headers=headers) as client:
        yield client


def link(bare: RunningServer, email: str | None = None) -> str:
    """The token of a fresh link."""

    async def make() -> str:
        database = open_database(bare.settings.database_url)
        account = await AccountService(database, SystemClock()).find(email=email) if email else None
        token = await StudioUsers(database, SystemClock()).link(account_id=account.id if account else None)
        await database.close()
        return token

    return asyncio.run(make())


def test_the_first_admin_is_made_by_the_link_and_found_again_by_the_next(
    bare: RunningServer, browser: httpx.Client
) -> None:
    assert browser.get(f"{API}/me").status_code == 401
    answer = browser.post(f"{API}/session", json={"token": link(bare)})
    assert answer.json() == {"email": FIRST_EMAIL, "role": "admin", "next": None}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    me = browser.get(f"{API}/me").json()
    assert (me["email"], me["role"], me["via"]) == (FIRST_EMAIL, "admin", "session")
    browser.post(f"{API}/session", json={"token": link(bare)})
    accounts = browser.get(f"{API}/accounts").json()["data"]
    assert [account["email"] for account in accounts if account["role"] == "admin"] == [FIRST_EMAIL]


def test_a_link_works_once_and_a_made_up_one_never(bare: RunningServer, browser: httpx.Client) -> None:
    token = link(bare)
    assert browser.post(f"{API}/session", json={"token": token}).status_code == 200
    for used in (token, "made-up"):
        again = browser.post(f"{API}/session", json={"token": used})
        assert again.status_code == 403
        assert again.json()["error"]["code"] == "link_not_valid"


def test_signing_out_ends_the_session_itself(bare: RunningServer, browser: httpx.Client) -> None:
    browser.post(f"{API}/session", json={"token": link(bare)})
    cookies = dict(browser.cookies)
    assert browser.delete(f"{API}/session").json()["signed_in"] is False
    assert httpx.get(f"{bare.url}{API}/me", cookies=cookies).status_code == 401


@pytest.mark.parametrize(
    "body", [{"local": True}, {}, {"token": None}, {"token": ""}, {"token": "made-up", "local": True}]
)
def test_nothing_but_a_link_signs_in_not_even_on_the_same_machine(
    bare: RunningServer, browser: httpx.Client, body: dict[str, Any]
) -> None:
    assert bare.settings.is_dev
    assert browser.get(f"{API}/session").json() == {"signed_in": False, "email": None, "role": None}
    answer = browser.post(f"{API}/session", json=body)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers
    assert browser.get(f"{API}/me").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example", "sec-fetch-site": ""},
    ],
)
def test_another_site_cannot_use_a_link(bare: RunningServer, headers: dict[str, str]) -> None:
    answer = httpx.post(f"{bare.url}{API}/session", json={"token": link(bare)}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_foreign_name_that_points_here_opens_nothing(bare: RunningServer) -> None:
    answer = httpx.post(f"{bare.url}{API}/session", json={"token": link(bare)}, headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert "set-cookie" not in answer.headers


def roles(bare: RunningServer, browser: httpx.Client, role: str | None) -> httpx.Client:
    """Sign in a user who has this role."""
    email = f"{role}@shop.test"
    credentials = {"email": email, "password": "correct-horse-battery"}
    other = httpx.Client(base_url=bare.url)
    answer = other.post("/api/auth/sign-up", json=credentials)
    if answer.status_code == 409:
        other.post("/api/auth/sign-in", json=credentials)
    account = other.get("/api/auth/me").json()["user"]["id"]
    # In the browser where the person signed in: the password stays theirs.
    assert other.post(f"{API}/session", json={"token": link(bare, email)}).status_code == 200
    response = browser.put(f"{API}/accounts/{account}/role", json={"role": role})
    assert response.status_code == 200, response.text
    return other


@pytest.mark.parametrize(
    ("role", "read", "edit", "manage"),
    [
        (None, 403, 403, 403),
        ("viewer", 200, 403, 403),
        ("support", 200, 404, 403),
        ("editor", 200, 404, 403),
        ("admin", 200, 404, 200),
    ],
)
def test_what_each_role_may(  # noqa: PLR0917 - a table
    bare: RunningServer, browser: httpx.Client, role: str | None, read: int, edit: int, manage: int
) -> None:
    browser.post(f"{API}/session", json={"token": link(bare)})
    with contextlib.closing(roles(bare, browser, role)) as person:
        assert person.get(f"{API}/runs").status_code == read
        assert person.post(f"{API}/runs/run_none/retry", json={}).status_code == edit
        assert person.post(f"{API}/workflows/nothing/run", json={}).status_code == manage
        assert person.get(f"{API}/audit").status_code == manage
        assert person.get(f"{API}/accounts").status_code == (edit if edit == 403 else 200)


def test_a_role_that_is_taken_away_is_gone_at_once(bare: RunningServer, browser: httpx.Client) -> None:
    browser.post(f"{API}/session", json={"token": link(bare)})
    with contextlib.closing(roles(bare, browser, "viewer")) as person:
        assert person.get(f"{API}/runs").status_code == 200
        roles(bare, browser, "viewer").close()
        account = person.get("/api/auth/me").json()["user"]["id"]
        browser.put(f"{API}/accounts/{account}/role", json={"role": None})
        assert person.get(f"{API}/runs").status_code == 403


def test_an_admin_cannot_lock_themselves_out(bare: RunningServer, browser: httpx.Client) -> None:
    browser.post(f"{API}/session", json={"token": link(bare)})
    own = next(account for account in browser.get(f"{API}/accounts").json()["data"] if account["email"] == FIRST_EMAIL)
    answer = browser.put(f"{API}/accounts/{own['id']}/role", json={"role": "viewer"})
    assert answer.status_code == 422
    assert browser.get(f"{API}/me").json()["role"] == "admin"


def test_a_link_for_somebody_signs_that_person_in(bare: RunningServer, browser: httpx.Client) -> None:
    browser.post(f"{API}/session", json={"token": link(bare)})
    roles(bare, browser, "viewer").close()
    accounts = browser.get(f"{API}/accounts").json()["data"]
    person = next(account for account in accounts if account["email"] == "viewer@shop.test")
    url = browser.post(f"{API}/accounts/{person['id']}/link").json()["url"]
    token = parse_qs(urlsplit(url).query)["token"][0]
    with httpx.Client(base_url=bare.url) as other:
        assert other.post(f"{API}/session", json={"token": token}).json() == {
            "email": person["email"],
            "role": "viewer",
            "next": None,
        }


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_another_site_does_nothing_in_a_managers_name(
    bare: RunningServer, browser: httpx.Client, headers: dict[str, str]
) -> None:
    browser.post(f"{API}/session", json={"token": link(bare)})
    cookies = dict(browser.cookies)
    answer = httpx.post(f"{bare.url}{API}/workflows/nothing/run", json={}, headers=headers, cookies=cookies)
    assert answer.json()["error"]["code"] == "cross_site"
    form = {"content-type": "text/plain"}
    plain = httpx.post(f"{bare.url}{API}/workflows/nothing/run", content="{}", headers=form, cookies=cookies)
    assert plain.json()["error"]["code"] == "cross_site"
