"""Proving an address and choosing a forgotten password: by one-time links that only the address's owner receives."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.auth.accounts import Account, find_account, require_account, set_password, verify_account
from payloom.auth.errors import LinkNotValid
from payloom.auth.guards.hashing import PasswordHashing
from payloom.auth.links import RESET, VERIFY, drop_links, make_link, read_link, use_link
from payloom.auth.sign_in_throttle import count_attempt, forget_account_attempts
from payloom.auth.studio_users import FIRST_ID
from payloom.db.database import Database
from payloom.kit.clock import Clock

RESET_WITHIN = dt.timedelta(minutes=30)
VERIFY_WITHIN = dt.timedelta(hours=24)


class AccountRecovery:
    """The links of one project's accounts. A link is read when a page is shown, and used only by a posted form."""

    def __init__(self, database: Database, clock: Clock, hashing: PasswordHashing) -> None:
        """hashing: shared with whatever else checks passwords, so that all of it has one queue."""
        self._database = database
        self._clock = clock
        self._hashing = hashing

    async def reset_link(self, email: str) -> tuple[Account, str] | None:
        """Return the account with this address and the token of a new link; None if nobody may get one."""

        def work(tx: sa.Connection) -> tuple[Account, str] | None:
            account = find_account(tx, email=email)
            if account is None or account.disabled or account.id == FIRST_ID:
                return None
            token = make_link(tx, RESET, self._clock.now(), account_id=account.id, lifetime=RESET_WITHIN)
            return account, token

        return await self._database.write(work)

    async def verification_link(self, account_id: str) -> tuple[Account, str] | None:
        """Return the account and the token of a new link; None if there is nothing to prove."""

        def work(tx: sa.Connection) -> tuple[Account, str] | None:
            account = find_account(tx, account_id=account_id)
            if account is None or account.disabled or account.verified:
                return None
            token = make_link(tx, VERIFY, self._clock.now(), account_id=account.id, lifetime=VERIFY_WITHIN)
            return account, token

        return await self._database.write(work)

    async def look(self, token: str, purpose: str) -> Account:
        """Return whose link it is, and change nothing: mail scanners open links too. Raises `LinkNotValid`."""
        return await self._database.read(lambda tx: self._account(tx, read_link(tx, token, purpose, self._clock.now())))

    async def verify(self, token: str, *, session_account: str | None, password: str | None, caller: str) -> Account:
        """Prove the address of a link's account; return the account.

        Whoever reads the mail must also be who chose the password: signed in (session_account), or by the password.
        Else somebody could sign up under a foreign address and let its owner confirm it. caller: the network address.
        Raises `LinkNotValid`, `SignInRefused`, `TooManyAttempts`.
        """
        account = await self.look(token, VERIFY)
        if session_account != account.id:
            await self._database.write(lambda tx: count_attempt(tx, account.email, caller, self._clock.now()))
            await self._hashing.require_match(password or "", account.password_hash, caller=caller)

        def work(tx: sa.Connection) -> Account:
            now = self._clock.now()
            current = self._account(tx, use_link(tx, token, VERIFY, now))
            if current.password_hash != account.password_hash and session_account != account.id:
                raise LinkNotValid("the password was changed meanwhile", hint="ask for a new link")
            verify_account(tx, current.id, now, keep_password=True)
            return require_account(tx, current.id)

        return await self._database.write(work)

    async def reset(self, token: str, password: str, *, caller: str) -> Account:
        """Set a new password, prove the address, and end every session and link of the account.

        Nobody is signed in by it. caller: the network address. Raises `LinkNotValid`, and `BadPassword`, after which
        the link still works.
        """
        account = await self.look(token, RESET)
        hashed = await self._hashing.good_hash(account.email, password, caller=caller)

        def work(tx: sa.Connection) -> Account:
            now = self._clock.now()
            current = self._account(tx, use_link(tx, token, RESET, now))
            verify_account(tx, current.id, now, keep_password=True)
            set_password(tx, current.id, hashed, now)
            drop_links(tx, current.id)
            forget_account_attempts(tx, current.email)
            return require_account(tx, current.id)

        return await self._database.write(work)

    @staticmethod
    def _account(tx: sa.Connection, account_id: str | None) -> Account:
        account = find_account(tx, account_id=account_id) if account_id else None
        if account is None or account.disabled:
            raise LinkNotValid(hint="ask for a new one")
        return account
