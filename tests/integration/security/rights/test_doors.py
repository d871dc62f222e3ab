"""Every door and every state of who knocks: what opens, and with which code the others are turned away.

`OWN_ROUTES` has a row for each route of the server outside the management API, whose calls say which role they
need. A new route without a row fails.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from starlette.routing import Route
from tests.support.accounts.account_site import PASSWORD, AccountSite
from tests.support.accounts.management_operations import management_operations
from tests.support.accounts.members import account_id, member
from tests.support.http_server import running_server

from payloom.api.page_routes import CurrentPages
from payloom.app.asgi import create_app
from payloom.auth.accounts import set_disabled, set_roles, set_studio_role
from payloom.project.loader import load_project
from payloom.settings.studio_roles import STUDIO_ROLES, includes

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/_payloom"
FILES = {
    "payloom.yaml": "name: Test Shop\nauth: {staff: {second_factor: required}}\n",
    "tables.yaml": "tables:\n  users: {columns: {id: uuid primary, email: string unique, name?: string}}\n",
    "workflows/open.yaml": "name: Open\non: {api: POST /open, auth: none}\nsteps:\n  - return: {}\n",
    "workflows/member.yaml": "name: Member\non: {api: POST /member, auth: user}\nsteps:\n  - return: {}\n",
    "workflows/clerk.yaml": "name: Clerk\non: {api: POST /clerk, auth: [clerk]}\nsteps:\n  - return: {}\n",
    "pages/open.html.j2": "---\npath: /open\nauth: none\n---\n<p>open</p>\n",
    "pages/member.html.j2": "---\npath: /member\nauth: user\n---\n<p>member</p>\n",
    "pages/clerk.html.j2": "---\npath: /clerk\nauth: [clerk]\n---\n<p>clerk</p>\n",
}
NOBODY = ("nobody", "guest", "disabled", "ended")
"""Who has no session: never had one, only looked at a form, was disabled, or signed out."""
SIGNED_IN = ("customer", "unverified", "clerk", *STUDIO_ROLES, "admin without a factor")
PEOPLE = (*NOBODY, *SIGNED_IN)
TURNED_AWAY = {"not_signed_in", "not_allowed", "second_factor_missing", "proof_needed"}

ANYBODY, MEMBERS, CLERKS = frozenset(PEOPLE), frozenset(SIGNED_IN), frozenset({"clerk"})
TOKEN, NONE = frozenset[str]({"token"}), frozenset[str]()
OWN_ROUTES: dict[tuple[str, str], frozenset[str]] = {
    ("GET", "/healthz"): ANYBODY, ("GET", "/readyz"): ANYBODY, ("GET", "/metrics"): TOKEN,
    ("POST", "/api/stripe/webhook"): NONE,
    ("POST", "/api/auth/sign-up"): ANYBODY, ("POST", "/api/auth/sign-in"): ANYBODY,
    ("POST", "/api/auth/sign-out"): ANYBODY, ("GET", "/api/auth/me"): MEMBERS,
    ("GET", "/sign-in"): ANYBODY, ("POST", "/sign-in"): ANYBODY, ("GET", "/sign-up"): ANYBODY,
    ("POST", "/sign-up"): ANYBODY, ("POST", "/sign-out"): ANYBODY,
    ("POST", "/api/auth/password"): MEMBERS, ("GET", "/password"): MEMBERS, ("POST", "/password"): MEMBERS,
    ("POST", "/api/auth/forgot"): ANYBODY, ("POST", "/api/auth/reset"): ANYBODY,
    ("POST", "/api/auth/verification"): MEMBERS, ("POST", "/api/auth/verify"): ANYBODY,
    ("GET", "/forgot"): ANYBODY, ("POST", "/forgot"): ANYBODY, ("GET", "/reset"): ANYBODY, ("POST", "/reset"): ANYBODY,
    ("GET", "/verify"): ANYBODY, ("POST", "/verify"): ANYBODY, ("POST", "/verification"): MEMBERS,
    ("GET", "/api/auth/sessions"): MEMBERS, ("DELETE", "/api/auth/sessions"): MEMBERS,
    ("DELETE", "/api/auth/sessions/{name}"): MEMBERS, ("GET", "/sessions"): MEMBERS, ("POST", "/sessions"): MEMBERS,
    ("POST", "/api/auth/sign-in/second-factor"): ANYBODY, ("POST", "/api/auth/sign-in/passkey"): ANYBODY,
    ("POST", "/api/auth/prove"): MEMBERS, ("POST", "/api/auth/prove/passkey"): MEMBERS,
    ("GET", "/sign-in/second-factor"): ANYBODY, ("POST", "/sign-in/second-factor"): ANYBODY,
    ("GET", "/prove"): MEMBERS, ("POST", "/prove"): MEMBERS,
    ("GET", "/api/auth/second-factor"): MEMBERS, ("POST", "/api/auth/second-factor/app"): MEMBERS,
    ("DELETE", "/api/auth/second-factor/app"): MEMBERS, ("POST", "/api/auth/second-factor/app/confirm"): MEMBERS,
    ("POST", "/api/auth/second-factor/recovery-codes"): MEMBERS,
    ("POST", "/api/auth/second-factor/passkeys/options"): MEMBERS,
    ("POST", "/api/auth/second-factor/passkeys"): MEMBERS,
    ("DELETE", "/api/auth/second-factor/passkeys/{passkey}"): MEMBERS,
    ("GET", "/second-factor"): MEMBERS, ("POST", "/second-factor"): MEMBERS,
    ("GET", "/approve/{token}"): ANYBODY, ("POST", "/approve/{token}"): ANYBODY,
    ("GET", "/_payloom/config.json"): ANYBODY,
    ("GET", "/open"): ANYBODY, ("GET", "/member"): MEMBERS, ("GET", "/clerk"): CLERKS,
}  # fmt: skip
"""Who passes; of the others, JSON calls answer 401 or 403, and pages lead to the sign-in or say 403."""
ENDPOINTS = {"/api/open": ANYBODY, "/api/member": MEMBERS, "/api/clerk": CLERKS}
CHANGES_THE_VISIT = {
    ("POST", "/api/auth/sign-out"), ("POST", "/sign-out"), ("DELETE", "/api/auth/sessions"), ("POST", "/sessions"),
    ("DELETE", "/api/auth/second-factor/app"), ("POST", "/api/auth/second-factor/recovery-codes"),
}  # fmt: skip
"""Nobody who passes knocks here, for others want to use the session."""


BODIES: dict[str, dict[str, Any]] = {
    "/api/auth/password": {"password": "x"},
    "/api/auth/prove": {"code": "x"},
    "/api/auth/second-factor/app/confirm": {"code": "x"},
    "/api/auth/second-factor/passkeys": {"credential": {}},
}
"""Of calls that look at the body before they ask who knocks."""


class Street:
    """A server and a browser of everybody."""

    def __init__(self, site: AccountSite) -> None:
        self.site = site
        self.people = {name: self._person(name) for name in PEOPLE}

    def _person(self, name: str) -> httpx.Client:
        if name in {"nobody", "guest"}:
            browser = self.site.client()
            if name == "guest":
                browser.get("/sign-in")
            return browser
        if name in STUDIO_ROLES:
            return member(self.site, role=name).browser
        email = self.site.account("unverified" if name == "unverified" else "verified")
        browser, identity = self.site.sign_in(email), account_id(self.site, email)
        if name == "ended":
            token = browser.cookies["payloom_session"]
            browser.post("/api/auth/sign-out", json={})
            browser.cookies.set("payloom_session", token, domain=httpx.URL(self.site.server.url).host)
        elif name == "disabled":
            self.site.database(lambda tx: set_disabled(tx, identity, disabled=True))
        elif name == "clerk":
            self.site.database(lambda tx: set_roles(tx, identity, ["clerk"]))
        elif name == "admin without a factor":
            self.site.database(lambda tx: set_studio_role(tx, identity, "admin"))
        return browser

    def routes(self) -> set[tuple[str, str]]:
        """Every route outside the management API."""
        settings = self.site.server.settings
        app: Any = create_app(load_project(settings.root, settings), settings)
        pages = [page for route in app.routes if isinstance(route, CurrentPages) for page in route.routes]
        routes = [*pages, *(route for route in app.routes if isinstance(route, Route))]
        pairs = {(method, route.path) for route in routes for method in route.methods or ()}
        return {(method, path) for method, path in pairs if method != "HEAD" and not path.startswith("/studio")}


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """The project, served, with everybody in front of it."""
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(running_server(tmp_path_factory.mktemp("shop"), FILES))
        site = AccountSite(server)
        stack.callback(site.close)
        yield Street(site)


def passed(answer: httpx.Response) -> bool:
    """Whether somebody was let in, whatever came of it."""
    to = answer.headers.get("location", "")
    if to.startswith("/sign-in?next="):
        return False
    on_a_page = "html" in kind(answer) and any(f"· {refusal} ·" in answer.text for refusal in TURNED_AWAY)
    return code(answer) not in TURNED_AWAY and not on_a_page


def kind(answer: httpx.Response) -> str:
    """The content type of an answer."""
    return answer.headers.get("content-type", "")


def code(answer: httpx.Response) -> str:
    """The code of an error, if it is one."""
    if answer.status_code < 400 or "json" not in kind(answer):
        return ""
    return str(answer.json()["error"]["code"])


def knock(browser: httpx.Client, method: str, path: str) -> httpx.Response:
    """Ask at a route, as JSON or as the form of the visit."""
    address = path.replace("{name}", "x").replace("{token}", "x").replace("{passkey}", "x")
    if method != "POST" or path.startswith("/api/"):
        return browser.request(method, address, json=None if method == "GET" else BODIES.get(path, {}))
    browser.get("/sign-in")
    return browser.post(address, data={"csrf_token": browser.cookies["payloom_csrf"]})


def test_every_route_has_a_row(street: Street) -> None:
    endpoints = {(method, path) for method, path in street.routes() if path.startswith("/api/{")}
    assert street.routes() - endpoints == set(OWN_ROUTES)


@pytest.mark.parametrize("person", PEOPLE)
def test_each_route_lets_in_whom_its_row_names(street: Street, person: str) -> None:
    wrong: dict[str, int] = {}
    for (method, path), allowed in OWN_ROUTES.items():
        if person in allowed and (method, path) in CHANGES_THE_VISIT:
            continue
        answer = knock(street.people[person], method, path)
        assert answer.status_code < 500, (method, path, answer.text)
        if path == "/api/stripe/webhook":
            assert answer.status_code == 400
        elif path == "/metrics":
            assert answer.status_code in {401, 403}
        elif path.startswith("/approve/"):
            assert answer.status_code in {403, 404}
        elif answer.status_code != 429 and passed(answer) != (person in allowed):
            wrong[f"{method} {path}"] = answer.status_code
    assert wrong == {}


@pytest.mark.parametrize("person", PEOPLE)
def test_each_endpoint_lets_in_whom_its_auth_names(street: Street, person: str) -> None:
    answers = {path: street.people[person].post(path, json={}) for path in ENDPOINTS}
    for path, allowed in ENDPOINTS.items():
        expected = 200 if person in allowed else 401 if person in NOBODY else 403
        assert answers[path].status_code == expected, (path, answers[path].text)


def operations() -> dict[str, str]:
    """Every call of the management API with the role that it needs."""
    return {name: operation["x-role"] for name, operation in management_operations().items()}


STREAMS = {"GET /live"}
"""Answers that do not end."""


def expected_code(person: str, role: str) -> str:
    """With which code the management API turns somebody away; nothing: it lets them in."""
    if person in NOBODY:
        return "not_signed_in"
    if person == "admin without a factor":
        return "second_factor_missing"
    if person not in STUDIO_ROLES or not includes(person, role):  # type: ignore[arg-type] - it is one of the roles
        return "not_allowed"
    return ""


@pytest.mark.parametrize("person", PEOPLE)
def test_each_call_of_the_management_api_asks_for_its_role(street: Street, person: str) -> None:
    wrong: dict[str, str] = {}
    for call, role in operations().items():
        method, _, path = call.partition(" ")
        expected = "" if role == "anybody" else expected_code(person, role)
        if role == "anybody" or (not expected and (method != "GET" or call in STREAMS)):
            continue
        address = API + "/".join("x" if part.startswith("{") else part for part in path.split("/"))
        answer = street.people[person].request(method, address, json=None if method == "GET" else {})
        turned = code(answer) if code(answer) in TURNED_AWAY else ""
        if turned != expected:
            wrong[call] = f"{answer.status_code} {turned}"
    assert wrong == {}


@pytest.mark.parametrize(("token", "status"), [("right", 200), ("wrong", 401)])
def test_the_admin_token_opens_what_it_is_for(street: Street, token: str, status: int) -> None:
    server = street.site.server
    headers = server.admin if token == "right" else {"authorization": "Bearer 0123456789abcdef0123"}
    answers = {path: server.http.get(path, headers=headers).status_code for path in (f"{API}/me", f"{API}/audit")}
    assert set(answers.values()) == {status}
    assert server.http.get("/metrics", headers=headers).status_code == (200 if token == "right" else 403)
    assert server.http.get("/api/auth/me", headers=headers).status_code == 401
    assert PASSWORD not in server.http.get(f"{API}/me", headers=headers).text
