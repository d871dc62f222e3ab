"""The people who manage: signed in by a one-time link from the terminal; the first of them is made by it."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.auth.accounts import Account, Profile, account_of, create_account, find_account, set_roles
from payloom.auth.errors import LinkNotValid
from payloom.auth.links import LIFETIME, make_link, use_link
from payloom.auth.models import accounts
from payloom.auth.sessions import start_session
from payloom.db.database import Database
from payloom.kit.clock import Clock

PURPOSE = "admin"
ROLE = "admin"
FIRST_EMAIL = "admin@localhost"
"""Who the first admin is until an account with an address of its own has the role."""


class StudioUsers:
    """Signs managers in without a password."""

    def __init__(self, database: Database, clock: Clock, *, profile: Profile | None = None) -> None:
        """`profile`: as for every other new account."""
        self._database = database
        self._clock = clock
        self._profile = profile

    async def link(self, *, account_id: str | None = None, lifetime: dt.timedelta = LIFETIME) -> str:
        """Return a token that signs in once: as the account, or as the first admin, who is made if there is none."""
        return await self._database.write(
            lambda tx: make_link(tx, PURPOSE, self._clock.now(), account_id=account_id, lifetime=lifetime)
        )

    async def open(self, token: str) -> tuple[Account, str]:
        """Use a link up: its account and a session's token. Raises `LinkNotValid`."""

        def work(tx: sa.Connection) -> tuple[Account, str]:
            account_id = use_link(tx, token, PURPOSE, self._clock.now())
            account = self._first(tx) if account_id is None else find_account(tx, account_id=account_id)
            if account is None or account.disabled:
                raise LinkNotValid("the account of this link is disabled", hint="ask an admin")
            return account, start_session(tx, account.id, self._clock.now())

        return await self._database.write(work)

    async def sign_in_locally(self) -> tuple[Account, str]:
        """Sign in as the first admin; for whoever sits at the machine. The caller has made sure of that."""

        def work(tx: sa.Connection) -> tuple[Account, str]:
            account = self._first(tx)
            return account, start_session(tx, account.id, self._clock.now())

        return await self._database.write(work)

    def _first(self, tx: sa.Connection) -> Account:
        admin = first_admin(tx)
        if admin is not None:
            return admin
        # Whoever has the terminal may give the role back.
        known = find_account(tx, email=FIRST_EMAIL)
        if known is None:
            now = self._clock.now()
            return create_account(
                tx, email=FIRST_EMAIL, password_hash=None, now=now, name="Admin", roles=[ROLE], profile=self._profile
            )
        set_roles(tx, known.id, [*known.roles, ROLE])
        tx.execute(sa.update(accounts).where(accounts.c.id == known.id).values(disabled=False))
        admin = first_admin(tx)
        assert admin is not None
        return admin


def first_admin(tx: sa.Connection) -> Account | None:
    """Return the admin who has been one for longest, or None."""
    query = (
        sa.select(accounts)
        .where(sa.type_coerce(accounts.c.roles, sa.Text).contains(f'"{ROLE}"', autoescape=True))
        .where(accounts.c.disabled.is_(sa.false()))
        .order_by(accounts.c.created_at, accounts.c.id)
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return account_of(row) if row is not None else None
