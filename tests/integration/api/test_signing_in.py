"""People sign up, in and out, by form or by JSON; nobody acts as somebody else."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.support.present import present

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.http_server import RunningServer

PASSWORD = "a-long-enough-password"
HTML = {"accept": "text/html"}


@pytest.fixture
def browser(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=20, headers={"accept": "text/html"}) as client:
        yield client


def address() -> str:
    return f"ann.{secrets.token_hex(4)}@shop.test"


def token_in(page: httpx.Response) -> str:
    return present(re.search(r'name="csrf_token" value="([^"]+)"', page.text))[1]


def sign_up(browser: httpx.Client, email: str, **fields: str) -> httpx.Response:
    form = browser.get("/sign-up")
    data = {"csrf_token": token_in(form), "email": email, "password": PASSWORD, "next": "/mine", **fields}
    return browser.post("/sign-up", data=data)


def test_signing_up_by_form_signs_in_and_goes_on(server: RunningServer, browser: httpx.Client) -> None:
    email = address()
    answer = sign_up(browser, email, name="Ann")
    assert (answer.status_code, answer.headers["location"]) == (303, "/mine")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert email in browser.get("/mine").text
    [row] = server.rows("users", email=email)
    me = browser.get("/api/auth/me").json()["user"]
    assert (row["id"], row["name"], me["roles"]) == (me["id"], "Ann", [])


def test_signing_out_ends_the_session_on_the_server_too(server: RunningServer, browser: httpx.Client) -> None:
    sign_up(browser, address())
    cookies = dict(browser.cookies)
    page = browser.get("/")
    assert browser.post("/sign-out", data={"csrf_token": token_in(page)}).status_code == 303
    assert browser.get("/mine").status_code == 303
    assert httpx.get(f"{server.url}/api/auth/me", cookies=cookies).status_code == 401


def test_a_session_that_was_open_before_is_ended_by_signing_in_again(
    server: RunningServer, browser: httpx.Client
) -> None:
    sign_up(browser, address())
    before = dict(browser.cookies)
    sign_up(browser, address())
    assert httpx.get(f"{server.url}/api/auth/me", cookies=before).status_code == 401


@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_a_form_that_is_not_from_this_visit_is_refused(browser: httpx.Client, token: str) -> None:
    browser.get("/sign-up")
    answer = browser.post("/sign-up", data={"csrf_token": token, "email": address(), "password": PASSWORD})
    assert answer.status_code == 403


def test_a_form_posted_by_another_site_is_refused(browser: httpx.Client) -> None:
    form = browser.get("/sign-in")
    data = {"csrf_token": token_in(form), "email": "ada@shop.test", "password": "correct-horse"}
    answer = browser.post("/sign-in", data=data, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert browser.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_never_leads_to_another_site(browser: httpx.Client, target: str) -> None:
    assert sign_up(browser, address(), next=target).headers["location"] == "/"


def test_wrong_passwords_and_unknown_addresses_answer_the_same(browser: httpx.Client) -> None:
    texts = set()
    for email in ("ada@shop.test", "nobody@shop.test"):
        form = browser.get("/sign-in")
        data = {"csrf_token": token_in(form), "email": email, "password": "not-the-password"}
        answer = browser.post("/sign-in", data=data)
        assert answer.status_code == 401
        texts.add(present(re.search(r'role="alert">([^<]+)', answer.text))[1])
    assert len(texts) == 1


def test_a_taken_address_and_a_weak_password_are_told_at_their_field(server: RunningServer) -> None:
    def post(**values: str) -> httpx.Response:
        return httpx.post(f"{server.url}/api/auth/sign-up", json=values)

    email = address()
    assert post(email=email, password=PASSWORD).status_code == 201
    conflict = post(email=email.upper(), password=PASSWORD)
    assert (conflict.status_code, list(conflict.json()["error"]["fields"])) == (409, ["email"])
    weak = post(email=address(), password="12345678")
    assert (weak.status_code, list(weak.json()["error"]["fields"])) == (422, ["password"])
    bad = post(email="not-an-address", password=PASSWORD)
    assert (bad.status_code, list(bad.json()["error"]["fields"])) == (422, ["email"])
    assert post(email=address()).json()["error"]["fields"] == {"password": "this is needed"}
    assert "roles" in post(email=address(), password=PASSWORD, roles="admin").json()["error"]["fields"]


def test_nobody_becomes_admin_by_asking(server: RunningServer, browser: httpx.Client) -> None:
    sign_up(browser, address(), roles="admin")
    assert browser.get("/api/auth/me").json()["user"]["roles"] == []
    assert browser.post("/api/admins", json={}).status_code == 403


def test_an_endpoint_for_users_knows_who_calls_and_limits_the_rate(
    server: RunningServer, browser: httpx.Client
) -> None:
    email = address()
    sign_up(browser, email)
    assert browser.post("/api/private", json={}).json() == {"email": email}
    codes = [browser.post("/api/private", json={}).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    limited = browser.post("/api/private", json={})
    assert int(limited.headers["retry-after"]) > 0


def test_another_site_cannot_use_a_signed_in_persons_cookie(browser: httpx.Client) -> None:
    sign_up(browser, address())
    friend = browser.post("/api/open", json={}, headers={"origin": "https://app.example"})
    assert friend.json() == {"who": "nobody"}
    stranger = browser.post("/api/private", json={}, headers={"origin": "https://evil.example"})
    assert stranger.status_code == 403
    form = browser.post("/api/private", content=b"", headers={"content-type": "text/plain"})
    assert form.status_code == 403


def test_the_accounts_of_development_are_there_with_their_roles(server: RunningServer, browser: httpx.Client) -> None:
    answer = browser.post("/api/auth/sign-in", json={"email": "boss@shop.test", "password": "battery-staple"})
    assert answer.json()["user"]["roles"] == ["admin"]
    assert browser.post("/api/admins", json={}).json() == {"ok": True}
    assert "staff" in browser.get("/staff").text
    assert browser.get("/api/_payloom/runs").status_code == 200


def test_a_page_for_a_role_is_closed_to_others(browser: httpx.Client) -> None:
    sign_up(browser, address())
    page = browser.get("/staff")
    assert page.status_code == 403
    assert "Not for you" in page.text


def test_an_admins_cookie_does_not_manage_from_another_site(server: RunningServer, browser: httpx.Client) -> None:
    browser.post("/api/auth/sign-in", json={"email": "boss@shop.test", "password": "battery-staple"})
    answer = browser.post(
        "/api/_payloom/workflows/echo/run", json={"inputs": {"word": "x"}}, headers={"origin": "https://evil.example"}
    )
    assert answer.status_code == 403


def test_a_workflow_is_run_by_hand_as_a_person(server: RunningServer) -> None:
    body = {"inputs": {}, "user": "ada@shop.test"}
    answer = server.http.post("/api/_payloom/workflows/private/run", json=body, headers=server.admin)
    assert answer.json()["body"] == {"email": "ada@shop.test"}
    unknown = server.http.post(
        "/api/_payloom/workflows/private/run", json={"user": "who@shop.test"}, headers=server.admin
    )
    assert unknown.status_code == 400


def test_a_new_password_needs_the_old_one_and_ends_the_other_sessions(
    server: RunningServer, browser: httpx.Client
) -> None:
    email, chosen = address(), "another-long-password"
    sign_up(browser, email)
    with httpx.Client(base_url=server.url, timeout=20) as other:
        old = {"email": email, "password": PASSWORD}
        assert other.post("/api/auth/sign-in", json=old).status_code == 200
        for wrong in ({"password": chosen}, {"password": chosen, "current": "not-it-at-all"}):
            assert browser.post("/api/auth/password", json=wrong).status_code == 401
        weak = {"password": "payloom1", "current": PASSWORD}
        assert browser.post("/api/auth/password", json=weak).json()["error"]["code"] == "bad_password"
        assert other.get("/api/auth/me").status_code == 200
        form = {"csrf_token": token_in(browser.get("/password")), "current": PASSWORD, "password": chosen}
        assert browser.post("/password", data=form).headers["location"] == "/password?done"
        assert browser.get("/api/auth/me").status_code == 200
        assert other.get("/api/auth/me").status_code == 401
        assert other.post("/api/auth/sign-in", json=old).status_code == 401
        assert other.post("/api/auth/sign-in", json={**old, "password": chosen}).status_code == 200


def test_nobody_who_is_not_signed_in_and_no_other_site_sets_a_password(
    server: RunningServer, browser: httpx.Client
) -> None:
    body = {"password": "another-long-password", "current": PASSWORD}
    assert browser.post("/api/auth/password", json=body).status_code == 401
    assert browser.get("/password").headers["location"] == "/sign-in?next=/password"
    sign_up(browser, address())
    foreign = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert browser.post("/api/auth/password", json=body, headers=foreign).status_code == 403
    assert browser.post("/password", data={**body, "csrf_token": "made-up"}).status_code == 403
    odd = browser.post("/api/auth/password", json={"password": 5, "roles": ["admin"]})
    assert (odd.status_code, set(odd.json()["error"]["fields"])) == (400, {"password", "roles"})
