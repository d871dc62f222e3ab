"""A served project with accounts in every state, and what the tests of accounts do to it."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import re
from typing import TYPE_CHECKING, Any

import httpx
import sqlalchemy as sa
from tests.support.http_server import NO_TLS, RunningServer

from payloom.auth.accounts import find_account, set_disabled, set_studio_role, verify_account
from payloom.db.database import open_database
from payloom.db.sealing.source import sealer_for
from payloom.email.models import mails
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable

PASSWORD = "violet-ladder-917"
NEW = "tiller-and-sail-4"
ACCOUNT_PROJECT = {
    "tables.yaml": """
tables:
  users: {columns: {id: uuid primary, email: string unique, name?: string, plan: string = free}}
  orders: {columns: {id: uuid primary, user_id: uuid -> users.id, amount: int}}
""",
    "workflows/order.yaml": """
name: Order
on: {api: POST /order, auth: user}
steps:
  - insert: orders
    values: {id: "${{ uuid() }}", user_id: "${{ user.id }}", amount: 1900}
  - return: {ok: true}
""",
    "workflows/staff-discount.yaml": """
name: Staff discount
on: {api: POST /staff-discount, auth: user}
steps:
  - when: "!(user.email_verified && user.email.endsWith('@people.example.com'))"
    raise: {status: 403, code: not_ours, message: This is for our people}
  - return: {verified: "${{ user.email_verified }}"}
""",
}
_numbers = itertools.count(1)


@dataclasses.dataclass
class AccountSite:
    """A server, its database, and its mails."""

    server: RunningServer
    _clients: list[httpx.Client] = dataclasses.field(default_factory=list)

    def client(self, **headers: str) -> httpx.Client:
        """A browser on the server's own pages, at a network address of its own."""
        number = next(_numbers)
        address = f"198.51.{number // 250}.{number % 250 + 1}"
        own = {"origin": self.server.url, "sec-fetch-site": "same-origin", "x-forwarded-for": address, **headers}
        client = httpx.Client(base_url=self.server.url, headers=own, verify=NO_TLS, timeout=20)
        self._clients.append(client)
        return client

    def close(self) -> None:
        """Close every browser."""
        for client in self._clients:
            client.close()

    def database(self, work: Callable[[sa.Connection], Any]) -> Any:
        """Do something in the database."""

        async def go() -> Any:
            database = open_database(self.server.settings.database_url, sealer_for(self.server.settings.sealing))
            try:
                return await database.write(work)
            finally:
                await database.close()

        return asyncio.run(go())

    def account(self, state: str, password: str = PASSWORD) -> str:
        """The address of a new account that is in a state; of `unknown`, no account."""
        email = f"{state}-{next(_numbers)}@people.example.com"
        if state == "unknown":
            return email
        with self.client() as browser:
            answer = browser.post("/api/auth/sign-up", json={"email": email, "password": password, "name": "Ada"})
            assert answer.status_code in {201, 202}, answer.text
        self.mail_to(email)

        def work(tx: sa.Connection) -> None:
            account = find_account(tx, email=email)
            assert account is not None
            if state != "unverified":
                verify_account(tx, account.id, SystemClock().now(), keep_password=True)
            if state == "disabled":
                set_disabled(tx, account.id, disabled=True)
            if state == "staff":
                set_studio_role(tx, account.id, "support")

        self.database(work)
        return email

    def mails_to(self, email: str, template: str | None = None) -> list[str]:
        """The texts of the mails to an address, oldest first."""

        def work(tx: sa.Connection) -> list[str]:
            query = sa.select(mails.c.recipients, mails.c.template, mails.c.text)
            rows = tx.execute(query.order_by(mails.c.created_at, mails.c.id))
            return [row.text for row in rows if email in row.recipients and template in {None, row.template}]

        return self.database(work)

    def mail_to(self, email: str, template: str = "account-verify", number: int = 1) -> str:
        """The token of the link in an account's mail, once it is there."""
        texts = self.server.wait(lambda: len(mails := self.mails_to(email, template)) >= number and mails)
        match = re.search(r"(https?://[^\s/]+)(/\w+)\?token=([\w-]+)", texts[number - 1])
        assert match is not None, texts
        assert match[1] == self.server.settings.site_url
        return match[3]

    def sign_in(self, email: str, password: str = PASSWORD, **headers: str) -> httpx.Client:
        """A browser in which somebody signed in."""
        browser = self.client(**headers)
        answer = browser.post("/api/auth/sign-in", json={"email": email, "password": password})
        assert answer.status_code == 200, answer.text
        return browser

    def opens(self, email: str, password: str) -> bool:
        """Whether the password opens the account."""
        with self.client() as browser:
            answer = browser.post("/api/auth/sign-in", json={"email": email, "password": password})
            assert answer.status_code in {200, 401}, answer.text
            return answer.status_code == 200
