"""Every way to gain a role or to speak for somebody, against an account that a stranger made earlier.

The table is `DOORS`. A function that gives roles, makes accounts or begins sessions and is called from a place without
an entry in `CALLERS` fails the last test.
"""

from __future__ import annotations

import ast
import asyncio
import contextlib
import datetime as dt
import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from tests.support.http_server import RunningServer, running_server

import payloom
from payloom.auth.accounts import find_account, set_disabled
from payloom.auth.models import accounts
from payloom.auth.passwords import Passwords
from payloom.auth.studio_users import FIRST_EMAIL, FIRST_ID, StudioUsers
from payloom.cli.server.studio import _link as link_of_the_command
from payloom.db.database import open_database
from payloom.db.sealing.source import sealer_for
from payloom.email.models import mails
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

API = "/api/_payloom"
BOSS, GONE = "boss@corp.example.com", "gone@corp.example.com"
STRANGERS = (BOSS, GONE, FIRST_EMAIL)
"""The address of somebody who shall get a role; of a disabled account; of an older version's first admin."""
PASSWORD = "violet-ladder-917"
OWN = "tiller-and-sail"
FILES = {
    "tables.yaml": "tables:\n  users:\n    columns: {id: uuid primary, email: string unique, name?: string}\n",
    "workflows/staff.yaml": "name: Staff\non: {api: POST /staff, auth: [admin]}\nsteps:\n  - return: {done: true}\n",
    "workflows/ask.yaml": """
name: Ask
on: {api: POST /ask, auth: none, rate_limit: 1000/m}
input: {to: email}
steps:
  - respond: {asked: true}
    status: 202
  - approve: Refund everything?
    roles: [admin]
    notify:
      - email: ask
        to: ${{ inputs.to }}
        data: {link: "${{ approval.url }}"}
""",
    "emails/ask.mjml.j2": """---
subject: A question
---
<mjml><mj-body><mj-section><mj-column><mj-button href="{{ link }}">Decide</mj-button></mj-column></mj-section></mj-body>
</mjml>
""",
}
DECLARED = "name: Test Shop\naccounts:\n" + "".join(
    f"  - {{email: {email}, password: {OWN}, roles: [admin], studio: admin}}\n" for email in (BOSS, GONE)
)


class AttackedShop:
    """A server whose strangers have signed up, and what is done to it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.running = contextlib.ExitStack()
        self.server = self.start(FILES)
        self.strangers = {email: self._stranger(email) for email in STRANGERS}
        self.database(lambda tx: set_disabled(tx, self.id_of(tx, GONE), disabled=True))

    def start(self, files: dict[str, str]) -> RunningServer:
        """Stop the server, if there is one, and start another on the same database."""
        self.running.close()
        self.server = self.running.enter_context(running_server(self.folder, files, database_url=self.database_url))
        return self.server

    def database(self, work: Callable[[sa.Connection], Any]) -> Any:
        """Do something in the database."""

        async def go() -> Any:
            database = open_database(self.database_url, sealer_for(self.server.settings.sealing))
            try:
                return await database.write(work)
            finally:
                await database.close()

        return asyncio.run(go())

    @staticmethod
    def id_of(tx: sa.Connection, email: str) -> str:
        """The ID of the account with this address."""
        account = find_account(tx, email=email)
        assert account is not None
        return account.id

    def browser(self) -> httpx.Client:
        """A browser on the server's own pages."""
        headers = {"sec-fetch-site": "same-origin", "origin": self.server.url}
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=20)

    def _stranger(self, email: str) -> httpx.Client:
        browser = self.browser()
        body = {"email": email, "password": PASSWORD}
        if email == FIRST_EMAIL:
            # What an older version let anybody do, and gave the role to.
            assert browser.post("/api/auth/sign-up", json=body).status_code == 422
            self.database(self._insert_as_older_version)
            assert browser.post("/api/auth/sign-in", json=body).status_code == 200
        else:
            assert browser.post("/api/auth/sign-up", json=body).status_code == 201
        return browser

    @staticmethod
    def _insert_as_older_version(tx: sa.Connection) -> None:
        tx.execute(
            sa.insert(accounts).values(
                id="11111111-1111-4111-8111-111111111111",
                email=FIRST_EMAIL,
                email_key=FIRST_EMAIL,
                name="Mallory",
                password_hash=Passwords().hash(PASSWORD),
                roles=["admin"],
                studio_role="admin",
                disabled=False,
                created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            )
        )

    def link(self, **of: Any) -> str:
        """The token of a link that the operator makes."""

        async def go() -> str:
            database = open_database(self.database_url)
            token = await StudioUsers(database, SystemClock()).link(**of)
            await database.close()
            return token

        return asyncio.run(go())

    @contextlib.contextmanager
    def admin(self) -> Iterator[httpx.Client]:
        """The operator, signed in as the first admin."""
        with self.browser() as browser:
            answer = browser.post(f"{API}/session", json={"token": self.link()})
            assert answer.json()["role"] == "admin", answer.text
            yield browser


def first_admin(attacked: AttackedShop) -> None:
    """The operator opens the link that a start prints; and again when no admin is left."""
    for _ in range(2):
        with attacked.admin() as admin:
            people = admin.get(f"{API}/accounts").json()["data"]
            assert [person["id"] for person in people if person["role"] and person["verified"]] == [FIRST_ID]
        attacked.database(
            lambda tx: tx.execute(sa.update(accounts).where(accounts.c.id == FIRST_ID).values(studio_role=None))
        )


def link_for_somebody(attacked: AttackedShop) -> None:
    """An admin sends a link to whoever owns the address, and gives the role."""
    with attacked.admin() as admin:
        for email in STRANGERS:
            account = attacked.database(lambda tx, email=email: attacked.id_of(tx, email))
            url = admin.post(f"{API}/accounts/{account}/link").json()["url"]
            _opened_by_its_owner(attacked, email, url)
            if email == BOSS:
                assert admin.put(f"{API}/accounts/{account}/role", json={"role": "admin"}).status_code == 200


def command(attacked: AttackedShop) -> None:
    """`payloom studio --email`."""
    for email in STRANGERS:
        url = asyncio.run(link_of_the_command(attacked.server.settings, email, attacked.server.url))
        _opened_by_its_owner(attacked, email, url)


def _opened_by_its_owner(attacked: AttackedShop, email: str, url: str) -> None:
    token = parse_qs(urlsplit(url).query)["token"][0]
    with attacked.browser() as owner:
        answer = owner.post(f"{API}/session", json={"token": token})
        assert answer.status_code == (403 if email == GONE else 200)


GIVEN: tuple[tuple[str, object], ...] = (("role", "admin"), ("roles", ["admin"]))


def set_role(attacked: AttackedShop) -> None:
    """An admin gives a role to the address of a colleague."""
    with attacked.admin() as admin:
        for email, (kind, role) in itertools.product((BOSS, GONE), GIVEN):
            account = attacked.database(lambda tx, email=email: attacked.id_of(tx, email))
            answer = admin.put(f"{API}/accounts/{account}/{kind}", json={kind: role})
            assert answer.status_code == 409
            assert answer.json()["error"]["code"] == "unverified_account"
            assert "link" in answer.json()["error"]["hint"]
        people = {account["email"]: account for account in admin.get(f"{API}/accounts").json()["data"]}
        assert [people[email]["verified"] for email in STRANGERS] == [False, False, False]


def declared_accounts(attacked: AttackedShop) -> None:
    """payloom.yaml gets the accounts, and the server starts again."""
    attacked.start({**FILES, "payloom.yaml": DECLARED})


def sign_up_fields(attacked: AttackedShop) -> None:
    """Fields of a sign-up that nobody asked for."""
    for field in (
        {"roles": ["admin"]},
        {"studio": "admin"},
        {"studio_role": "admin"},
        {"role": "admin"},
        {"verified": True},
        {"id": FIRST_ID},
    ):
        with attacked.browser() as browser:
            body = {"email": "new@corp.example.com", "password": PASSWORD, **field}
            assert browser.post("/api/auth/sign-up", json=body).status_code == 400
    with attacked.browser() as browser:
        browser.get("/sign-up")
        form = {
            "email": "new@corp.example.com",
            "password": PASSWORD,
            "roles": "admin",
            "studio_role": "admin",
            "verified_at": "now",
        }
        form["csrf_token"] = browser.cookies["payloom_csrf"]
        assert browser.post("/sign-up", data=form).status_code == 303
        assert browser.get(f"{API}/me").status_code == 403


def decision_link(attacked: AttackedShop) -> None:
    """The boss decides by the mailed link, whoever signed up under the address; the stranger does not."""
    assert attacked.server.http.post("/api/ask", json={"to": BOSS}).status_code == 202
    run = attacked.server.wait(lambda: attacked.server.manage("/runs", status="waiting")["data"])[0]["id"]
    html = attacked.database(lambda tx: tx.execute(sa.select(mails.c.html).where(mails.c.template == "ask")).scalar())
    link = html.partition('href="')[2].partition('"')[0]
    path = next(wait["path"] for wait in attacked.server.manage(f"/runs/{run}")["waits"])
    for stranger in attacked.strangers.values():
        answer = stranger.post(f"{API}/runs/{run}/decide", json={"path": path, "approved": True})
        assert answer.status_code in (401, 403)
    with attacked.browser() as boss:
        assert boss.get(link).status_code == 200
        assert boss.post(link, data={"answer": "no"}).status_code == 303
    attacked.server.wait(lambda: attacked.server.manage(f"/runs/{run}")["status"] == "failed")


DOORS: dict[str, Callable[[AttackedShop], None]] = {
    "the first admin": first_admin,
    "a link for somebody": link_for_somebody,
    "payloom studio --email": command,
    "set role": set_role,
    "payloom.yaml accounts": declared_accounts,
    "sign-up fields": sign_up_fields,
    "a decision link": decision_link,
}

CALLERS = {
    "create_account": {"auth/service.py", "auth/studio_users.py"},
    "set_roles": {"api/management/identity/users.py"},
    "set_studio_role": {"api/management/identity/users.py", "auth/studio_users.py"},
    "verify_account": {
        "api/management/identity/users.py",
        "auth/lifecycle/recovery.py",
        "auth/service.py",
        "auth/studio_users.py",
    },
    "start_session": {"auth/factors/service.py", "auth/factors/sign_in.py", "auth/service.py"},
    "sign_up": {"api/accounts.py"},
    "sign_up_by_mail": {"api/accounts.py"},
    # `ensure` of versions in project/drafts.py notes what a draft was made from.
    "ensure": {"app/lifespan.py", "project/drafts.py"},
    "studio_link": {"cli/server/processes/servers.py"},
    "decide": {
        "api/approvals.py",
        "api/management/routes/runs.py",
        "runs/service.py",
        "sandbox/scenario/scenario.py",
    },
}
"""Which files may call what gives a role, makes an account, begins a session, or answers for somebody."""


@pytest.fixture
def attacked(tmp_path: Path, database_url: str) -> Iterator[AttackedShop]:
    """A project where strangers have signed up under the addresses of others."""
    shop = AttackedShop(tmp_path, database_url)
    with shop.running:
        yield shop
    for browser in shop.strangers.values():
        browser.close()


@pytest.mark.parametrize("door", DOORS)
def test_a_stranger_who_was_there_first_gains_nothing(attacked: AttackedShop, door: str) -> None:
    DOORS[door](attacked)
    for email, stranger in attacked.strangers.items():
        _holds_nothing(attacked.server.url, email, dict(stranger.cookies))


def _holds_nothing(url: str, email: str, cookies: dict[str, str]) -> None:
    """Neither the session nor the password that the stranger has opens anything."""
    headers = {"sec-fetch-site": "same-origin", "origin": url}
    with httpx.Client(base_url=url, headers=headers, cookies=cookies, timeout=20) as before:
        assert before.get(f"{API}/me").status_code in (401, 403), email
        assert before.post("/api/staff", json={}).status_code in (401, 403), email
        assert before.get("/api/auth/me").json().get("user", {}).get("roles", []) == [], email
    with httpx.Client(base_url=url, headers=headers, timeout=20) as anew:
        anew.post("/api/auth/sign-in", json={"email": email, "password": PASSWORD})
        assert anew.get(f"{API}/me").status_code in (401, 403), email
        assert anew.post("/api/staff", json={}).status_code in (401, 403), email


@pytest.mark.parametrize(
    "email",
    [
        "admin@localhost", "boss@corp", "boss@printer.local", "boss@x.invalid", "boss@db.internal", "boss@127.0.0.1",
        "\uff42oss@corp.example.com", "boss@corp.example.com\u200b", "bo\u200dss@corp.example.com",
        "b\u043ess@corp.example.com", "boss\u0301@corp.example.com", "boss@c\u043erp.example.com",
        "boss@corp\uff0eexample.com", "boss@xn--crp-ulc.example.com",
    ],
)  # fmt: skip
def test_an_address_that_looks_like_another_or_that_nobody_owns_gets_no_account(
    shared: RunningServer, email: str
) -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": shared.url, "x-forwarded-for": "192.0.2.1"}
    answer = httpx.post(f"{shared.url}/api/auth/sign-up", json={"email": email, "password": PASSWORD}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_email")


def test_one_domain_in_two_spellings_is_one_address(shared: RunningServer) -> None:
    with httpx.Client(base_url=shared.url, timeout=20) as browser:
        first = {"email": "ada@b\u00fccher.example.com", "password": PASSWORD}
        assert browser.post("/api/auth/sign-up", json=first).status_code == 201
        for other in ("ada@xn--bcher-kva.example.com", "ADA@B\u00dcCHER.example.com", "ada@bu\u0308cher.example.com"):
            assert browser.post("/api/auth/sign-up", json={**first, "email": other}).status_code == 409
            assert browser.post("/api/auth/sign-in", json={**first, "email": other}).status_code == 200


def test_who_opens_the_link_where_they_signed_up_keeps_their_password(shared: RunningServer) -> None:
    credentials = {"email": "colleague@corp.example.com", "password": PASSWORD}
    headers = {"sec-fetch-site": "same-origin", "origin": shared.url}
    with httpx.Client(base_url=shared.url, headers=headers, timeout=20) as browser:
        browser.post("/api/auth/sign-up", json=credentials)
        url = asyncio.run(link_of_the_command(shared.settings, credentials["email"], shared.url))
        token = parse_qs(urlsplit(url).query)["token"][0]
        assert browser.post(f"{API}/session", json={"token": token}).status_code == 200
        browser.cookies.clear()
        assert browser.post("/api/auth/sign-in", json=credentials).status_code == 200


def test_who_opens_the_link_elsewhere_chooses_a_new_password(shared: RunningServer) -> None:
    credentials = {"email": "newcomer@corp.example.com", "password": PASSWORD}
    headers = {"sec-fetch-site": "same-origin", "origin": shared.url}
    httpx.post(f"{shared.url}/api/auth/sign-up", json=credentials, headers=headers)
    with httpx.Client(base_url=shared.url, headers=headers, timeout=20) as owner:
        url = asyncio.run(link_of_the_command(shared.settings, credentials["email"], shared.url))
        token = parse_qs(urlsplit(url).query)["token"][0]
        owner.post(f"{API}/session", json={"token": token})
        assert owner.post("/api/auth/password", json={"password": OWN}).status_code == 200
        assert owner.post("/api/auth/sign-in", json=credentials).status_code == 401
        assert owner.post("/api/auth/sign-in", json={**credentials, "password": OWN}).status_code == 200


def test_the_first_admin_gets_no_password(shared: RunningServer) -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": shared.url}
    with httpx.Client(base_url=shared.url, headers=headers, timeout=20) as browser:
        url = asyncio.run(link_of_the_command(shared.settings, None, shared.url))
        browser.post(f"{API}/session", json={"token": parse_qs(urlsplit(url).query)["token"][0]})
        answer = browser.post("/api/auth/password", json={"password": OWN})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_password")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for what leaves nothing behind."""
    with running_server(tmp_path_factory.mktemp("shared"), FILES) as server:
        yield server


def test_every_door_has_an_entry() -> None:
    root = Path(payloom.__file__).parent
    calls: dict[str, set[str]] = {name: set() for name in CALLERS}
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = _called(node)
            if name in calls:
                calls[name].add(path.relative_to(root).as_posix())
    calls["ensure"] -= {"runs/publishing/trigger_matching.py", "runs/publishing/versions.py", "runs/control.py",
                        "runs/advance/worker.py", "runs/explaining/decisions.py", "views/bulk_plan.py"}  # fmt: skip
    # The local Stripe's objects of a test are ensured, too.
    calls["ensure"] = {path for path in calls["ensure"] if not path.startswith("sandbox/stripe/")}
    calls["sign_up"] -= {"cli/demo_check/flows.py"}
    assert calls == CALLERS


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")
