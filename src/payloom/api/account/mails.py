"""The mails of accounts: a link to prove an address, and one to choose a new password.

They are sent behind the answer. So an answer takes as long for an address without an account, and a slow mail server
stops nobody. The links begin with the site's own address, never with a header of the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy.exc import SQLAlchemyError

from payloom.auth.accounts import Account
from payloom.auth.errors import SignInBusy
from payloom.auth.lifecycle.recovery import RESET_WITHIN, VERIFY_WITHIN, AccountRecovery
from payloom.auth.links import RESET, VERIFY
from payloom.email.builtin import BUILTIN_TEMPLATES
from payloom.email.errors import EmailError, MailDelayed
from payloom.email.message import Mail, message_id, recipients
from payloom.email.outbox import Outbox
from payloom.email.templates import Templates
from payloom.kit.clock import Clock
from payloom.kit.errors import PayloomError
from payloom.kit.ids import new_id
from payloom.settings.model import Settings

log = structlog.get_logger("payloom.accounts")

EXISTS = "exists"
"""The mail to an address with an account that somebody signed up with again. Its link resets the password."""
TEMPLATES: Mapping[str, str] = {RESET: "account-reset", VERIFY: "account-verify", EXISTS: "account-exists"}
"""The template of each kind of link. A project's own `emails/account-reset.mjml.j2` replaces the one of Payloom."""
PATHS: Mapping[str, str] = {RESET: "/reset", VERIFY: "/verify", EXISTS: "/reset"}
_MINUTES: Mapping[str, int] = {
    RESET: int(RESET_WITHIN.total_seconds() // 60),
    VERIFY: int(VERIFY_WITHIN.total_seconds() // 60),
    EXISTS: int(RESET_WITHIN.total_seconds() // 60),
}
MOST_PENDING = 200
_TRIES = (2.0, 10.0, 60.0)
"""Seconds before each further try while the mail server is busy."""


class AccountMails:
    """Sends the mails of one project's accounts."""

    def __init__(
        self, settings: Settings, outbox: Outbox, templates: Templates, recovery: AccountRecovery, clock: Clock
    ) -> None:
        """templates: the project's own."""
        self._settings = settings
        self._outbox = outbox
        self._templates = templates
        self._recovery = recovery
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    def send_reset(self, email: str) -> None:
        """Send a link to whoever has the address, behind the answer. Raises `SignInBusy`."""
        self._behind(lambda: self._recovery.reset_link(email), RESET)

    def send_verification(self, account_id: str) -> None:
        """Send a link to the account's owner, behind the answer. Raises `SignInBusy`."""
        self._behind(lambda: self._recovery.verification_link(account_id), VERIFY)

    def send_exists(self, email: str) -> None:
        """Tell the owner of an address with an account that somebody signed up with it. Raises `SignInBusy`."""
        self._behind(lambda: self._recovery.reset_link(email), EXISTS)

    def link(self, purpose: str, token: str) -> str:
        """Return the address to open."""
        return f"{self._settings.site_url}{PATHS[purpose]}?token={quote(token, safe='')}"

    async def settle(self) -> None:
        """Wait until what was begun is sent, or cannot be."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settle_soon(self, seconds: float = 5.0) -> None:
        """Wait for what was begun, but not for long: for a command that ends when it is done."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def close(self) -> None:
        """Stop. A mail that waits for a busy server stays in the outbox."""
        for task in self._tasks:
            task.cancel()
        await self.settle()

    def _behind(self, make: Callable[[], Awaitable[tuple[Account, str] | None]], purpose: str) -> None:
        if len(self._tasks) >= MOST_PENDING:
            raise SignInBusy("too many emails wait to be sent", hint="Try again in 10 seconds.", retry_after=10)
        task = asyncio.create_task(self._send(make, purpose))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, make: Callable[[], Awaitable[tuple[Account, str] | None]], purpose: str) -> None:
        try:
            link_of_account = await make()
            if link_of_account is None:
                return
            account, token = link_of_account
            mail = await asyncio.to_thread(self._compose, account, self.link(purpose, token), purpose)
            await self._deliver(mail)
        except (PayloomError, SQLAlchemyError) as error:
            log.warning("account_mail_failed", purpose=purpose, error=type(error).__name__)

    async def _deliver(self, mail: Mail) -> None:
        for pause in _TRIES:
            try:
                await self._outbox.send(mail)
                return
            except MailDelayed:
                await asyncio.sleep(pause)
        await self._outbox.send(mail)

    def _compose(self, account: Account, link: str, purpose: str) -> Mail:
        name = TEMPLATES[purpose]
        own = name in self._templates.names()
        data: dict[str, Any] = {
            "link": link,
            "email": account.email,
            "name": account.name or account.email,
            "project": self._settings.name,
            "minutes": _MINUTES[purpose],
            "hours": _MINUTES[purpose] // 60,
        }
        try:
            rendered = (self._templates if own else BUILTIN_TEMPLATES).render(name, data)
        except EmailError as error:
            log.warning("account_mail_template", template=name, error=error.message, where=error.where)
            rendered = BUILTIN_TEMPLATES.render(name, data)
        key = f"account:{new_id('mail')}"
        sender = recipients(self._settings.email.sender)[0]
        return Mail(
            id=new_id("mail"),
            key=key,
            template=name,
            message_id=message_id(key, sender),
            sender=sender,
            recipients=recipients(account.email),
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            created_at=self._clock.now(),
        )
