"""What a session began is not done once it has ended, however long a password was checked in between."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import argon2
import pytest
from pyotp.totp import TOTP

from payloom.audit.trail import Actor, AuditTrail
from payloom.auth.errors import LinkNotValid, SecondFactorNeeded, SignInRefused
from payloom.auth.factors.passkeys import PasskeySite
from payloom.auth.factors.service import Change, Proof, SecondFactors
from payloom.auth.guards.hashing import PasswordHashing
from payloom.auth.lifecycle.recovery import AccountRecovery
from payloom.auth.passwords import Passwords
from payloom.auth.service import AccountService
from payloom.auth.sessions import end_sessions
from payloom.kit.clock import ManualClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from payloom.auth.accounts import Account
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

ADA, GRACE = "ada@people.example.com", "grace@people.example.com"
OLD, OWNERS, FOREIGN = "violet-ladder-917", "tiller-and-sail-4", "battery-staple-8"


class SlowHashing(PasswordHashing):
    """Lets something happen while a new password is hashed."""

    meanwhile: Callable[[], Awaitable[Any]] | None = None

    async def good_hash(self, email: str, password: str, *, caller: str) -> str:
        """Return the hash, after what happens meanwhile."""
        if (meanwhile := self.meanwhile) is not None:
            self.meanwhile = None
            await meanwhile()
        return await super().good_hash(email, password, caller=caller)


class Accounts:
    """The accounts of one database: who knows the old password, and the owner who takes the account back."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock = database, ManualClock()
        self.service = AccountService(database, self.clock)
        self.hashing = SlowHashing(Passwords(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)))
        self.service.hashing = self.hashing
        self.recovery = AccountRecovery(database, self.clock, self.hashing)
        site = PasskeySite("Shop", "https://shop.example.com")
        self.factors = SecondFactors(database, self.clock, self.hashing, site, AuditTrail(database, self.clock))

    async def reset(self) -> None:
        """The owner chooses a new password by a mailed link."""
        link = await self.recovery.reset_link(ADA)
        assert link is not None
        await self.recovery.reset(link[1], OWNERS, caller="owner")

    async def change_own(self, account: Account, session: str) -> None:
        """The owner changes the password in another window."""
        await self.service.choose_password(account, OWNERS, current=OLD, caller="owner", session=session)

    async def sign_out_everywhere(self, account: Account) -> None:
        """Every session ends; the password stays."""
        await self.database.write(lambda tx: end_sessions(tx, account.id))


@pytest.fixture
def people(database: Database) -> Accounts:
    return Accounts(database)


@pytest.mark.parametrize("meanwhile", ["reset", "changed", "signed out"])
async def test_a_password_chosen_in_a_session_that_ends_meanwhile_is_not_set(people: Accounts, meanwhile: str) -> None:
    account, owners = await people.service.sign_up(ADA, OLD)
    grace, graces = await people.service.sign_up(GRACE, OLD)
    _, foreign = await people.service.sign_in(ADA, OLD, "stranger")
    events: dict[str, Callable[[], Awaitable[Any]]] = {
        "reset": people.reset,
        "changed": lambda: people.change_own(account, owners),
        "signed out": lambda: people.sign_out_everywhere(account),
    }
    people.hashing.meanwhile = events[meanwhile]
    with pytest.raises(SignInRefused, match="meanwhile"):
        await people.service.choose_password(account, FOREIGN, current=OLD, caller="stranger", session=foreign)
    with pytest.raises(SignInRefused):
        await people.service.sign_in(ADA, FOREIGN, "elsewhere")
    await people.service.sign_in(ADA, OLD if meanwhile == "signed out" else OWNERS, "owner")
    await people.service.choose_password(grace, FOREIGN, current=OLD, caller="grace", session=graces)


async def test_a_second_factor_is_not_changed_by_a_session_that_has_ended(people: Accounts) -> None:
    account, session = await people.service.sign_up(ADA, OLD)
    change = Change(account, Actor("person", ADA, account.id, None, None), session)
    secret, _ = await people.factors.offer_app(account)
    code = TOTP(secret).at(people.clock.now())
    await people.sign_out_everywhere(account)
    with pytest.raises(SignInRefused, match="ended"):
        await people.factors.confirm_app(change, code, caller="x")
    assert not (await people.factors.read(account.id)).app
    _, again = await people.service.sign_in(ADA, OLD, "x")
    await people.factors.confirm_app(Change(account, change.actor, again), code, caller="x")
    for call in (people.factors.new_codes, people.factors.remove_app):
        with pytest.raises(SignInRefused, match="ended"):
            await call(change)
    assert (await people.factors.read(account.id)).app


def test_every_change_of_a_factor_looks_at_its_session() -> None:
    changes = {
        name: inspect.getsource(method)
        for name, method in inspect.getmembers(SecondFactors, inspect.isfunction)
        if "change" in inspect.signature(method).parameters and name != "_record"
    }
    assert set(changes) == {"confirm_app", "new_codes", "remove_app", "add_passkey", "remove_passkey"}
    assert [name for name, source in changes.items() if "self._record(tx, change" not in source] == []


async def test_a_sign_in_that_waits_for_its_second_factor_ends_with_the_password(people: Accounts) -> None:
    account, session = await people.service.sign_up(ADA, OLD)
    change = Change(account, Actor("person", ADA, account.id, None, None), session)
    secret, _ = await people.factors.offer_app(account)
    codes = await people.factors.confirm_app(change, TOTP(secret).at(people.clock.now()), caller="x")
    with pytest.raises(SecondFactorNeeded) as waiting:
        await people.service.sign_in(ADA, OLD, "stranger")
    await people.change_own(account, session)
    with pytest.raises(LinkNotValid):
        await people.factors.finish_sign_in(
            waiting.value.data["challenge"], Proof(code=codes[0]), caller="stranger", device=None
        )
