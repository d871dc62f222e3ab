"""No door tells whether an address has an account: every one that takes an address answers alike for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from starlette.routing import Route
from tests.support.accounts.account_site import NEW, PASSWORD
from tests.support.accounts.members import member

from payloom.api.http.doors import door_of
from payloom.app.asgi import create_app
from payloom.auth.links import NOTHING
from payloom.auth.models import links
from payloom.project.loader import load_project

if TYPE_CHECKING:
    import httpx
    from tests.support.accounts.account_site import AccountSite as Site

STATES = ("unknown", "verified", "unverified", "disabled", "staff", "with a second factor")
WRONG = "not-the-password-1"
JSON_DOORS: dict[str, tuple[str, dict[str, str]]] = {
    "sign-up": ("/api/auth/sign-up", {"password": NEW}),
    "sign-in": ("/api/auth/sign-in", {"password": WRONG}),
    "forgot": ("/api/auth/forgot", {}),
}
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "sign-up form": ("/sign-up", {"password": NEW, "name": ""}),
    "sign-in form": ("/sign-in", {"password": WRONG}),
    "forgot form": ("/forgot", {}),
}
DOORS = JSON_DOORS | FORMS
UNUSED = sa.select(sa.func.count()).where(links.c.purpose == NOTHING)


def account(site: Site, state: str) -> str:
    """The address of an account in a state."""
    return member(site).email if state == "with a second factor" else site.account(state)


def knock(browser: httpx.Client, door: str, email: str) -> httpx.Response:
    """Ask with an address."""
    path, fields = DOORS[door]
    if door in JSON_DOORS:
        return browser.post(path, json=fields | {"email": email})
    browser.get(path)
    return browser.post(path, data=fields | {"email": email, "csrf_token": browser.cookies["payloom_csrf"]})


def seen(answer: httpx.Response, browser: httpx.Client, email: str) -> dict[str, Any]:
    """Everything that a stranger sees of an answer, without what differs with each request."""
    text = answer.text.replace(email, "EMAIL")
    for changing in (answer.headers["payloom-request-id"], browser.cookies.get("payloom_csrf") or "-"):
        text = text.replace(changing, "")
    names = sorted(header.partition("=")[0] for header in answer.headers.get_list("set-cookie"))
    return {"status": answer.status_code, "to": answer.headers.get("location"), "cookies": names, "text": text}


@pytest.mark.parametrize("door", DOORS)
def test_a_door_answers_alike_for_every_address(strict: Site, door: str) -> None:
    answers: dict[str, dict[str, Any]] = {}
    for state in STATES:
        email, browser = account(strict, state), strict.client()
        answer = seen(knock(browser, door, email), browser, email)
        answers[state] = answer | {"text": without_nonce(answer["text"])}
        assert browser.get("/api/auth/me").status_code == 401
    assert {state: answer for state, answer in answers.items() if answer != answers["unknown"]} == {}


def without_nonce(text: str) -> str:
    """A page without its nonces."""
    parts = text.split('nonce="')
    return parts[0] + "".join(part.partition('"')[2] for part in parts[1:])


def test_every_door_that_takes_an_address_is_in_the_table(strict: Site) -> None:
    settings = strict.server.settings
    app: Any = create_app(load_project(settings.root, settings), settings)
    routes = [route for route in app.routes if isinstance(route, Route) and door_of(route.path).name == "accounts"]
    paths = {route.path for route in routes if "POST" in (route.methods or ())}
    replies = {path: strict.client().post(path, json={"email": "x"}).text for path in paths if path.startswith("/api/")}
    taking = {path for path, text in replies.items() if '"email":"there is no such field"' not in text}
    # Who is signed in, or whose sign-in waits, is asked for no address.
    unaware = {"/api/auth/sign-out", "/api/auth/second-factor/passkeys"}
    assert taking - unaware == {path for path, _ in JSON_DOORS.values()}


def test_the_owner_of_a_known_address_is_told_and_can_take_the_account(strict: Site) -> None:
    for state in ("verified", "unverified"):
        email = strict.account(state)
        assert strict.client().post("/api/auth/sign-up", json={"email": email, "password": NEW}).status_code == 202
        token = strict.mail_to(email, "account-exists")
        assert not strict.opens(email, NEW)
        answer = strict.client().post("/api/auth/reset", json={"token": token, "password": "lantern-quill-55"})
        assert answer.status_code == 200
        assert strict.opens(email, "lantern-quill-55")


def test_the_mailed_link_ends_the_sign_up_and_signs_in(strict: Site) -> None:
    email, browser = strict.account("unknown"), strict.client()
    assert browser.post("/api/auth/sign-up", json={"email": email, "password": PASSWORD}).json() == {}
    assert not strict.opens(email, PASSWORD)
    body = {"token": strict.mail_to(email), "password": PASSWORD}
    assert browser.post("/api/auth/verify", json=body).json()["user"]["email"] == email
    assert browser.get("/api/auth/me").json()["user"]["email"] == email
    assert strict.opens(email, PASSWORD)


def test_a_sign_up_hashes_once_and_writes_for_a_known_and_an_unknown_address(strict: Site) -> None:
    """What takes time is the hash and the commit to the disk: both happen in both cases."""
    before = strict.database(lambda tx: tx.execute(UNUSED).scalar_one())
    known, unknown = strict.account("verified"), strict.account("unknown")
    for email in (known, unknown):
        assert knock(strict.client(), "sign-up", email).status_code == 202
        weak = strict.client().post("/api/auth/sign-up", json={"email": email, "password": "password"})
        assert (weak.status_code, weak.json()["error"]["code"]) == (422, "bad_password")
    assert strict.database(lambda tx: tx.execute(UNUSED).scalar_one()) == before + 1
