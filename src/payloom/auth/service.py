"""Signing up, in and out: hashing in a thread outside of transactions, rows inside them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from payloom.auth.accounts import (
    Account,
    Profile,
    create_account,
    find_account,
    refresh_hash,
    require_account,
    require_public_email,
    set_password,
    verify_account,
)
from payloom.auth.errors import BadPassword, EmailTaken, SignInBusy, SignInRefused
from payloom.auth.factors.sign_in import SignIn, begin
from payloom.auth.guards.hashing import PasswordHashing
from payloom.auth.guards.known_devices import known_device, make_device
from payloom.auth.links import NOTHING, make_link, sweep_links
from payloom.auth.passwords import Passwords
from payloom.auth.rate_store import sweep_rates
from payloom.auth.sessions import (
    STAFF_LIFETIME,
    CurrentSession,
    Device,
    current_session,
    end_session,
    require_session,
    start_session,
    sweep_sessions,
    token_hash,
    touch_session,
)
from payloom.auth.sign_in_throttle import count_attempt, forget_attempts, sweep_attempts, take_attempt_back
from payloom.auth.studio_users import FIRST_ID
from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.settings.studio_roles import StudioRole

_CONFIRM = "If you have just signed up, open the link in our email first."


class AccountService:
    """The accounts of one project."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        profile: Profile | None = None,
        passwords: Passwords | None = None,
        example_domains: bool = True,
        staff_lifetime: dt.timedelta = STAFF_LIFETIME,
        confirm_first: bool = False,
    ) -> None:
        """Serve the accounts in `database`.

        profile: inserts the new account's row into the project's `users`, in the same transaction.
        example_domains: people can sign up at `.test` and `.example`, as they do in development.
        confirm_first: who signs up cannot sign in before the address is proved. Else a sign-in with the password of
        one's own sign-up would tell whether the address had an account before.
        """
        self._confirm_first = confirm_first
        self._example_domains = example_domains
        self._staff_lifetime = staff_lifetime
        self._database = database
        self._clock = clock
        self._profile = profile
        self.hashing = PasswordHashing(passwords or Passwords())

    async def sign_up(
        self, email: str, password: str, name: str | None = None, *, caller: str = "", device: Device | None = None
    ) -> tuple[Account, str]:
        """Make an account and begin a session; return both. The account is not verified and has no roles.

        Raises `BadEmail`, also for an address at a domain that cannot receive mail, `BadPassword`, `EmailTaken`,
        `SignInBusy`.
        """
        require_public_email(email, examples=self._example_domains)
        hashed = await self.hashing.good_hash(email, password, caller=caller)

        def work(tx: sa.Connection) -> tuple[Account, str]:
            now = self._clock.now()
            account = create_account(tx, email=email, password_hash=hashed, now=now, name=name, profile=self._profile)
            return account, start_session(tx, account.id, now, device)

        return await self._database.write(work)

    async def sign_up_by_mail(
        self, email: str, password: str, name: str | None = None, *, caller: str = ""
    ) -> Account | None:
        """Make an account and begin no session; return it, or None if the address has one.

        Both take as long. Raises as `sign_up` does, but for `EmailTaken`.
        """
        require_public_email(email, examples=self._example_domains)
        hashed = await self.hashing.good_hash(email, password, caller=caller)

        def work(tx: sa.Connection) -> Account | None:
            now = self._clock.now()
            if find_account(tx, email=email) is not None:
                # A transaction that writes nothing would be faster.
                make_link(tx, NOTHING, now)
                return None
            return create_account(tx, email=email, password_hash=hashed, now=now, name=name, profile=self._profile)

        try:
            return await self._database.write(work)
        except EmailTaken:
            return None

    async def sign_in(
        self,
        email: str,
        password: str,
        caller: str,
        *,
        device: Device | None = None,
        known: str | None = None,
    ) -> tuple[Account, str]:
        """Check the password and begin a session; return both.

        caller: the network address asking. known: the cookie of a device on which somebody signed in before.
        Raises `SignInRefused`, the same and after the same time whether the account is unknown, disabled or the
        password wrong; `TooManyAttempts` after five failures in a quarter of an hour from one caller; `SignInBusy`;
        `SecondFactorNeeded` with the `challenge` that `SecondFactors.finish_sign_in` takes.
        """
        account, device_name = await self._database.write(lambda tx: self._attempt(tx, email, caller, known))
        stored = account.password_hash if account and not account.disabled else None
        try:
            matches = await self.hashing.verify(password, stored, caller=caller)
        except SignInBusy:
            await self._database.write(lambda tx: take_attempt_back(tx, email, caller))
            raise
        if not matches or account is None or stored is None or (self._confirm_first and not account.verified):
            raise SignInRefused(hint=_CONFIRM if self._confirm_first else None)
        fresh = await self.hashing.hash(password, caller=caller) if self.hashing.outdated(stored) else None

        def work(tx: sa.Connection) -> SignIn:
            self._accept(tx, account, stored, fresh)
            forget_attempts(tx, account.email, caller, device=device_name)
            return begin(tx, account, self._clock.now(), device)

        return (await self._database.write(work)).session()

    def _attempt(
        self, tx: sa.Connection, email: str, caller: str, known: str | None
    ) -> tuple[Account | None, str | None]:
        now = self._clock.now()
        device = known_device(tx, known, email, now)
        count_attempt(tx, email, caller, now, device=device)
        return find_account(tx, email=email), device

    async def device_cookie(self, account: Account) -> str:
        """Return what a device keeps on which the account's owner has just signed in."""
        return await self._database.write(lambda tx: make_device(tx, account.email, self._clock.now()))

    @staticmethod
    def _accept(tx: sa.Connection, account: Account, stored: str, fresh: str | None) -> None:
        current = find_account(tx, account_id=account.id)
        if current is None or current.disabled or current.password_hash != stored:
            # Changed while the password was being checked.
            raise SignInRefused
        if fresh:
            refresh_hash(tx, account.id, fresh)

    async def sign_out(self, token: str) -> None:
        """End the session; an unknown token changes nothing."""
        await self._database.write(lambda tx: end_session(tx, token))

    async def current_session(self, token: str | None) -> CurrentSession | None:
        """Return whose session it is, or None. Does not write, but once in a quarter of an hour per session."""
        if not token:
            return None
        now = self._clock.now()
        session = await self._database.read(
            lambda tx: current_session(tx, token, now, staff_lifetime=self._staff_lifetime)
        )
        if session is not None and session.touch:
            await self._database.write(lambda tx: touch_session(tx, token, now))
        return session

    async def current_account(self, token: str | None) -> Account | None:
        """Return whose session it is, or None."""
        session = await self.current_session(token)
        return session.account if session is not None else None

    async def choose_password(
        self, account: Account, password: str, *, current: str | None, caller: str, session: str
    ) -> None:
        """Set the password of the signed-in account and end its other sessions.

        current: the password so far; an account that signs in by links has none. caller: the network address asking.
        session: the token of the session. Raises `BadPassword`, `SignInRefused`, and `TooManyAttempts`.
        """
        if account.id == FIRST_ID:
            hint = "give the role to an account with an address of its own, and sign in with that"
            raise BadPassword("the first admin signs in by links only", hint=hint)
        if account.password_hash is not None:
            await self._database.write(lambda tx: count_attempt(tx, account.email, caller, self._clock.now()))
            if not await self.hashing.verify(current or "", account.password_hash, caller=caller):
                raise SignInRefused("the current password is wrong", hint="if you forgot it, reset it by email")
            await self._database.write(lambda tx: forget_attempts(tx, account.email, caller))
        hashed = await self.hashing.good_hash(account.email, password, caller=caller)

        def work(tx: sa.Connection) -> None:
            # While the passwords were hashed the owner may have reset the password or ended this session.
            require_session(tx, account.id, session)
            if require_account(tx, account.id).password_hash != account.password_hash:
                raise SignInRefused("the password was changed meanwhile", hint="sign in again")
            set_password(tx, account.id, hashed, self._clock.now(), keep_session=token_hash(session))

        await self._database.write(work)

    async def ensure(
        self,
        email: str,
        password: str,
        *,
        name: str | None = None,
        roles: Sequence[str] = (),
        studio_role: StudioRole | None = None,
    ) -> Account:
        """Return the account with this address, made now and verified if it is not there.

        An existing one is left as it is. It is taken for the declared one, and verified, only if it has the password.
        """
        account = await self._database.read(lambda tx: find_account(tx, email=email))
        if account:
            return await self._recognized(account, password)
        hashed = await self.hashing.good_hash(email, password, caller="")

        def make(tx: sa.Connection) -> Account:
            return find_account(tx, email=email) or create_account(
                tx,
                email=email,
                password_hash=hashed,
                now=self._clock.now(),
                name=name,
                roles=roles,
                studio_role=studio_role,
                profile=self._profile,
                verified=True,
            )

        return await self._database.write(make)

    async def _recognized(self, account: Account, password: str) -> Account:
        if account.verified:
            return account
        if not await self.hashing.verify(password, account.password_hash, caller=""):
            return account

        def work(tx: sa.Connection) -> Account:
            verify_account(tx, account.id, self._clock.now(), keep_password=True)
            return find_account(tx, account_id=account.id) or account

        return await self._database.write(work)

    async def find(self, *, account_id: str | None = None, email: str | None = None) -> Account | None:
        """Return the account with this id or address, or None."""
        return await self._database.read(lambda tx: find_account(tx, account_id=account_id, email=email))

    async def sweep(self) -> None:
        """Delete sessions, links and counters that are over. For a timer."""
        now = self._clock.now()

        def work(tx: sa.Connection) -> None:
            sweep_sessions(tx, now)
            sweep_links(tx, now)
            sweep_attempts(tx, now)
            sweep_rates(tx, now.timestamp())

        await self._database.write(work)
