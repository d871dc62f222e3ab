"""Second factors as people use them: at a sign-in, as a fresh proof, and where they are added and removed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from payloom.audit.trail import Actor, AuditNote, AuditTrail
from payloom.auth.accounts import Account, find_account, is_enrolled
from payloom.auth.errors import FactorRefused, LinkNotValid, SignInRefused
from payloom.auth.factors.passkeys import PasskeySite
from payloom.auth.factors.recovery_codes import replace_codes
from payloom.auth.factors.sign_in import PURPOSE
from payloom.auth.factors.store import (
    Factors,
    confirm_app,
    drop_unneeded_codes,
    offer_app,
    read_factors,
    remove_app,
    use_factor_code,
)
from payloom.auth.factors.totp import enrolment_address
from payloom.auth.guards.hashing import PasswordHashing
from payloom.auth.links import read_link, use_link
from payloom.auth.models import passkeys
from payloom.auth.sessions import Device, end_sessions, prove_session, require_session, start_session
from payloom.auth.sign_in_throttle import count_attempt, count_factor_attempt, forget_attempts, forget_factor_attempts
from payloom.db.database import Database
from payloom.kit.clock import Clock


@dataclasses.dataclass(frozen=True, slots=True)
class Proof:
    """How somebody proves to be the owner. code: of the app, or a recovery code. passkey: the browser's answer."""

    code: str | None = None
    passkey: Mapping[str, Any] | None = None
    password: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """A change of an account's own second factor: who does it, from which session. What is done is recorded with it."""

    account: Account
    actor: Actor
    session: str


class SecondFactors:
    """The second factors of one project's accounts."""

    def __init__(
        self, database: Database, clock: Clock, hashing: PasswordHashing, site: PasskeySite, audit: AuditTrail
    ) -> None:
        """hashing: shared with whatever else checks passwords. audit: each change is recorded in its transaction."""
        self._database = database
        self._clock = clock
        self._hashing = hashing
        self._audit = audit
        self.site = site

    async def read(self, account_id: str) -> Factors:
        """Return what the account has."""
        return await self._database.read(lambda tx: read_factors(tx, account_id))

    async def waiting(self, challenge: str) -> Account:
        """Return whose sign-in waits for the second factor. Raises `LinkNotValid`."""
        return await self._database.read(lambda tx: self._waiting(tx, challenge))

    def _waiting(self, tx: sa.Connection, challenge: str) -> Account:
        try:
            account_id = read_link(tx, challenge, PURPOSE, self._clock.now())
        except LinkNotValid:
            account_id = None
        account = find_account(tx, account_id=account_id) if account_id else None
        if account is None or account.disabled:
            raise LinkNotValid("no sign-in waits for a second factor", hint="Sign in first; it waits for 10 minutes.")
        return account

    async def finish_sign_in(
        self, challenge: str, proof: Proof, *, caller: str, device: Device | None
    ) -> tuple[Account, str]:
        """Begin the session that waits for a second factor; return it. Raises `FactorRefused`, `TooManyAttempts`."""
        account = await self.waiting(challenge)
        await self._count(account.id, caller)

        def work(tx: sa.Connection) -> tuple[Account, str]:
            now = self._clock.now()
            current = self._waiting(tx, challenge)
            self._require(tx, current.id, proof)
            use_link(tx, challenge, PURPOSE, now)
            forget_factor_attempts(tx, current.id, caller)
            return current, start_session(tx, current.id, now, device)

        return await self._database.write(work)

    async def prove(self, account: Account, proof: Proof, *, session: str, caller: str) -> None:
        """Note a fresh proof on the session: by the second factor, or the password where there is none.

        Raises `FactorRefused`, `SignInRefused`, `TooManyAttempts`.
        """
        enrolled = await self._database.read(lambda tx: is_enrolled(tx, account.id))
        if not enrolled:
            await self._check_password(account, proof.password, caller)
        else:
            await self._count(account.id, caller)

        def work(tx: sa.Connection) -> None:
            if is_enrolled(tx, account.id):
                self._require(tx, account.id, proof)
                forget_factor_attempts(tx, account.id, caller)
            prove_session(tx, session, self._clock.now())

        await self._database.write(work)

    async def _check_password(self, account: Account, password: str | None, caller: str) -> None:
        if account.password_hash is None:
            raise FactorRefused("this account has no password", hint="Sign in again with a new link.")
        await self._database.write(lambda tx: count_attempt(tx, account.email, caller, self._clock.now()))
        if not await self._hashing.verify(password or "", account.password_hash, caller=caller):
            raise SignInRefused("the password is wrong")
        await self._database.write(lambda tx: forget_attempts(tx, account.email, caller))

    async def passkey_options(self, account_id: str) -> dict[str, Any]:
        """Return what the browser needs to use a passkey of the account."""
        return await self._database.write(lambda tx: self.site.options_to_use(tx, account_id, self._clock.now()))

    async def offer_app(self, account: Account) -> tuple[str, str]:
        """Return a new secret for an authenticator app, and the address that the app reads."""
        secret = await self._database.write(lambda tx: offer_app(tx, account.id, self._clock.now()))
        return secret, enrolment_address(secret, account.email, self.site.name)

    async def confirm_app(self, change: Change, code: str, *, caller: str) -> list[str]:
        """Let the app count and end the other sessions; return recovery codes. Raises `FactorRefused`."""
        await self._count(change.account.id, caller)

        def work(tx: sa.Connection) -> list[str]:
            codes = confirm_app(tx, change.account.id, "".join(code.split()), self._clock.now())
            forget_factor_attempts(tx, change.account.id, caller)
            end_sessions(tx, change.account.id, keep=change.session)
            self._record(tx, change, added="authenticator app")
            return codes

        return await self._database.write(work)

    async def new_codes(self, change: Change) -> list[str]:
        """Return new recovery codes; the ones before work no more. Raises `FactorRefused` without a second factor."""

        def work(tx: sa.Connection) -> list[str]:
            if not is_enrolled(tx, change.account.id):
                raise FactorRefused("this account has no second factor", hint="Add one first.")
            self._record(tx, change, added="recovery codes")
            return replace_codes(tx, change.account.id)

        return await self._database.write(work)

    async def remove_app(self, change: Change) -> None:
        """Remove the authenticator app. Raises `FactorRefused` if there is none."""

        def work(tx: sa.Connection) -> None:
            if not remove_app(tx, change.account.id):
                raise FactorRefused("this account has no authenticator app")
            self._record(tx, change, removed="authenticator app")

        await self._database.write(work)

    async def options_to_add(self, account: Account) -> dict[str, Any]:
        """Return what the browser needs to make a passkey."""
        return await self._database.write(lambda tx: self.site.options_to_add(tx, account, self._clock.now()))

    async def add_passkey(self, change: Change, credential: Mapping[str, Any], name: str) -> list[str]:
        """Store a passkey. The first second factor brings recovery codes, and ends the other sessions."""

        def work(tx: sa.Connection) -> list[str]:
            account_id = change.account.id
            is_first = not is_enrolled(tx, account_id)
            self.site.add(tx, account_id, credential, name, self._clock.now())
            self._record(tx, change, added="passkey", name=name[:100])
            if not is_first:
                return []
            end_sessions(tx, account_id, keep=change.session)
            return replace_codes(tx, account_id)

        return await self._database.write(work)

    async def remove_passkey(self, change: Change, passkey_id: str) -> None:
        """Remove a passkey. Raises `FactorRefused` if the account has no such one."""

        def work(tx: sa.Connection) -> None:
            own = sa.delete(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.account_id == change.account.id)
            if not tx.execute(own).rowcount:
                raise FactorRefused("this account has no such passkey", hint="Reload the list.")
            drop_unneeded_codes(tx, change.account.id)
            self._record(tx, change, removed="passkey")

        await self._database.write(work)

    def _record(self, tx: sa.Connection, change: Change, **details: Any) -> None:
        require_session(tx, change.account.id, change.session)
        self._audit.record(tx, change.actor, AuditNote("account.factor", change.account.id, details=details))

    async def _count(self, account_id: str, caller: str) -> None:
        await self._database.write(lambda tx: count_factor_attempt(tx, account_id, caller, self._clock.now()))

    def _require(self, tx: sa.Connection, account_id: str, proof: Proof) -> None:
        now = self._clock.now()
        if proof.passkey is not None:
            proved = self.site.use(tx, account_id, proof.passkey, now)
        else:
            proved = use_factor_code(tx, account_id, proof.code or "", now)
        if not proved:
            raise FactorRefused
