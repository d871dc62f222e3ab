"""The people who manage: signed in by a one-time link from the terminal; the first of them is made by it."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.auth.accounts import (
    Account,
    Profile,
    account_of,
    create_account,
    find_account,
    set_disabled,
    set_studio_role,
    verify_account,
)
from payloom.auth.errors import LinkNotValid
from payloom.auth.factors.sign_in import SignIn, begin
from payloom.auth.links import LIFETIME, make_link, use_link
from payloom.auth.models import accounts
from payloom.auth.sessions import Device, current_session
from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.kit.ids import new_token
from payloom.settings.studio_roles import StudioRole

PURPOSE = "admin"
ROLE: StudioRole = "admin"
FIRST_ID = "00000000-0000-4000-8000-00000000ad31"
"""The account that the operator's link makes. Other accounts have random IDs: nobody can sign up as this one."""
FIRST_EMAIL = "admin@localhost"
"""How the first admin is shown; it is never looked for by this."""


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

    async def open(self, token: str, session: str | None = None, device: Device | None = None) -> tuple[Account, str]:
        """Use a link up: its account and a session's token. Raises `LinkNotValid`, `SecondFactorNeeded`.

        Opening the link proves the address. A password that the account had before ends, unless `session`, the token of
        a session in the same browser, shows that the owner of the address chose it.
        """

        def work(tx: sa.Connection) -> SignIn:
            now = self._clock.now()
            account_id = use_link(tx, token, PURPOSE, now)
            account = self._first(tx) if account_id is None else self._proved(tx, account_id, session, now)
            return begin(tx, account, now, device)

        return (await self._database.write(work)).session()

    def _proved(self, tx: sa.Connection, account_id: str, session: str | None, now: dt.datetime) -> Account:
        account = find_account(tx, account_id=account_id)
        if account is None or account.disabled:
            raise LinkNotValid("the account of this link is disabled", hint="ask an admin")
        signed_in = current_session(tx, session, now)
        own = signed_in is not None and signed_in.account.id == account_id
        verify_account(tx, account_id, now, keep_password=own)
        return find_account(tx, account_id=account_id) or account

    def _first(self, tx: sa.Connection) -> Account:
        admin = first_admin(tx)
        if admin is not None:
            return admin
        # Whoever has the terminal may give the role back: to this account, and to no other.
        own = find_account(tx, account_id=FIRST_ID)
        if own is None:
            return self._make_first(tx)
        set_studio_role(tx, own.id, ROLE)
        set_disabled(tx, own.id, disabled=False)
        return find_account(tx, account_id=FIRST_ID) or own

    def _make_first(self, tx: sa.Connection) -> Account:
        # An older version let anybody sign up under this address.
        exists = find_account(tx, email=FIRST_EMAIL) is not None
        return create_account(
            tx,
            email=f"admin-{new_token()[:8]}@localhost" if exists else FIRST_EMAIL,
            password_hash=None,
            now=self._clock.now(),
            name="Admin",
            studio_role=ROLE,
            profile=self._profile,
            verified=True,
            account_id=FIRST_ID,
        )


def first_admin(tx: sa.Connection) -> Account | None:
    """Return the oldest account that is an admin of the studio, or None. Neither unverified nor disabled ones count."""
    query = (
        sa.select(accounts)
        .where(accounts.c.studio_role == ROLE, accounts.c.disabled.is_(sa.false()), accounts.c.verified_at.is_not(None))
        .order_by(accounts.c.created_at, accounts.c.id)
        .limit(1)
    )
    row = tx.execute(query).one_or_none()
    return account_of(row) if row is not None else None
