"""Accounts, sessions, brakes and links, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from typing import TYPE_CHECKING, Any

import argon2
import pytest
import sqlalchemy as sa
from tests.support.present import present

from payloom.auth import accounts as accounts_module
from payloom.auth import models
from payloom.auth.accounts import list_accounts, set_disabled, set_roles, verify_account
from payloom.auth.errors import (
    BadEmail,
    BadPassword,
    EmailTaken,
    LinkNotValid,
    SignInRefused,
    TooManyAttempts,
    UnknownAccount,
)
from payloom.auth.links import make_link, use_link
from payloom.auth.passwords import Passwords
from payloom.auth.service import AccountService
from payloom.auth.sessions import IDLE, LIFETIME, end_sessions
from payloom.auth.sign_in_throttle import PER_ACCOUNT, PER_CALLER, WINDOW
from payloom.connectors.tables.user_profiles import profile
from payloom.kit.clock import ManualClock
from payloom.tables.definition.loader import load_tables
from payloom.tables.errors import TableError
from payloom.tables.migration.migrate import migrate
from payloom.tables.query.sql import Tables

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ADA, GOOD = "Ada@example.test", "correct-horse"
USERS = """tables:
  users:
    columns: {id: uuid primary, email: string unique, name?: string, plan: free | premium = free}
"""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(database: Database, clock: ManualClock) -> AccountService:
    return AccountService(database, clock, passwords=Passwords(CHEAP))


async def everything(database: Database) -> str:
    """All rows of the auth room as one text, to look for secrets in."""

    def read(tx: sa.Connection) -> str:
        tables = (models.accounts, models.sessions, models.links, models.failures)
        return repr([tuple(row) for table in tables for row in tx.execute(sa.select(table))])

    return await database.read(read)


async def test_sign_up_opens_a_session_and_stores_neither_password_nor_token(
    service: AccountService, database: Database
) -> None:
    account, token = await service.sign_up(f" {ADA} ", GOOD, "Ada")
    assert account.email == ADA
    assert await service.current_account(token) == account
    stored = await everything(database)
    assert GOOD not in stored
    assert token not in stored


async def test_sign_in_takes_the_address_in_any_case(service: AccountService) -> None:
    account, first = await service.sign_up(ADA, GOOD)
    signed_in, second = await service.sign_in("aDA@EXAMPLE.test", GOOD, "127.0.0.1")
    assert signed_in.id == account.id
    assert first != second


async def test_one_address_has_one_account_also_when_two_sign_up_at_once(
    service: AccountService, database: Database
) -> None:
    results = await asyncio.gather(
        *(service.sign_up(email, GOOD) for email in (ADA, ADA.lower(), ADA.upper())), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["EmailTaken", "EmailTaken", "tuple"]
    assert len(await database.read(list_accounts)) == 1


async def test_a_bad_address_or_password_makes_no_account(service: AccountService, database: Database) -> None:
    with pytest.raises(BadEmail):
        await service.sign_up("ada", GOOD)
    with pytest.raises(BadPassword):
        await service.sign_up(ADA, "password")
    assert await database.read(list_accounts) == []


async def test_wrong_password_unknown_account_and_disabled_account_look_the_same(
    service: AccountService, database: Database
) -> None:
    account, _ = await service.sign_up(ADA, GOOD)
    errors = []
    for email, password in ((ADA, "wrong-password"), ("nobody@example.test", GOOD)):
        with pytest.raises(SignInRefused) as caught:
            await service.sign_in(email, password, "1.2.3.4")
        errors.append(caught.value.to_dict())
    await database.write(lambda tx: set_disabled(tx, account.id, disabled=True))
    with pytest.raises(SignInRefused) as caught:
        await service.sign_in(ADA, GOOD, "1.2.3.4")
    assert errors == [caught.value.to_dict()] * 2


async def test_an_unknown_account_takes_as_long_as_a_known_one(database: Database, clock: ManualClock) -> None:
    service = AccountService(database, clock)
    await service.sign_up(ADA, GOOD)

    best = {ADA: 9.0, "nobody@example.test": 9.0}
    for caller in range(6):  # in turns, so that other work on the machine hits both
        for email, fastest in list(best.items()):
            started = time.perf_counter()
            with pytest.raises(SignInRefused):
                await service.sign_in(email, "wrong-password", str(caller))
            best[email] = min(fastest, time.perf_counter() - started)
    known, unknown = best.values()
    assert 0.4 < unknown / known < 2.5


async def test_sign_out_ends_that_session_alone(service: AccountService) -> None:
    _, first = await service.sign_up(ADA, GOOD)
    _, second = await service.sign_in(ADA, GOOD, "x")
    await service.sign_out(first)
    await service.sign_out("unknown")
    assert await service.current_account(first) is None
    assert await service.current_account(second) is not None
    assert await service.current_account(None) is None
    assert await service.current_account("\ud800") is None


async def test_a_session_ends_after_thirty_days_or_two_weeks_of_silence(
    service: AccountService, clock: ManualClock
) -> None:
    _, token = await service.sign_up(ADA, GOOD)
    clock.advance(IDLE)
    assert await service.current_account(token) is None
    _, token = await service.sign_in(ADA, GOOD, "x")
    used_until = clock.now() + LIFETIME
    while clock.now() < used_until:
        assert await service.current_account(token) is not None
        clock.advance(dt.timedelta(days=10))
    assert await service.current_account(token) is None


async def test_the_sweep_takes_sessions_that_are_over_and_no_other(
    service: AccountService, clock: ManualClock, database: Database
) -> None:
    """Thirty days after the sign-in, or fourteen days after the last use; to the second, and nobody else's."""

    async def stored() -> int:
        return await database.read(
            lambda tx: tx.execute(sa.select(sa.func.count()).select_from(models.sessions)).scalar_one()
        )

    async def swept_after(seconds: int) -> int:
        clock.advance(dt.timedelta(seconds=seconds))
        await service.sweep()
        return await stored()

    day = 86_400
    _, used = await service.sign_up(ADA, GOOD)
    await service.sign_up("bob@example.test", GOOD)
    for _ in range(2):
        clock.advance(dt.timedelta(days=7) - dt.timedelta(seconds=1))
        assert await service.current_account(used) is not None
    assert await swept_after(1) == 2
    assert await swept_after(1) == 1
    assert await service.current_account(used) is not None
    clock.advance(dt.timedelta(days=13))
    assert await service.current_account(used) is not None
    _, fresh = await service.sign_in(ADA, GOOD, "x")
    assert await swept_after(3 * day - 1) == 2
    assert await service.current_account(used) is not None
    assert await swept_after(1) == 1
    assert await service.current_account(used) is None
    assert await service.current_account(fresh) is not None


async def test_a_page_view_writes_at_most_each_quarter_of_an_hour(
    service: AccountService, clock: ManualClock, database: Database
) -> None:
    _, token = await service.sign_up(ADA, GOOD)

    async def seen() -> Any:
        return await database.read(lambda tx: tx.execute(sa.select(models.sessions.c.last_seen_at)).scalar_one())

    first = await seen()
    clock.advance(dt.timedelta(minutes=14))
    await service.current_account(token)
    assert await seen() == first
    clock.advance(dt.timedelta(minutes=1))
    await service.current_account(token)
    assert await seen() == clock.now()


async def test_five_failures_from_one_caller_close_the_door_for_a_quarter_of_an_hour(
    service: AccountService, clock: ManualClock
) -> None:
    await service.sign_up(ADA, GOOD)
    for _ in range(PER_CALLER):
        with pytest.raises(SignInRefused):
            await service.sign_in(ADA, "wrong-password", "6.6.6.6")
    for password in (GOOD, "wrong-password"):
        with pytest.raises(TooManyAttempts) as caught:
            await service.sign_in(ADA.lower(), password, "6.6.6.6")
        assert 0 < caught.value.data["retry_after"] <= 900
    await service.sign_in(ADA, GOOD, "7.7.7.7")
    clock.advance(WINDOW)
    await service.sign_in(ADA, GOOD, "6.6.6.6")


async def test_a_success_forgets_the_failures_before_it(service: AccountService) -> None:
    await service.sign_up(ADA, GOOD)
    for _ in range(3):
        for _ in range(PER_CALLER - 1):
            with pytest.raises(SignInRefused):
                await service.sign_in(ADA, "wrong-password", "x")
        await service.sign_in(ADA, GOOD, "x")


async def test_guessing_from_many_addresses_is_stopped_per_account(service: AccountService) -> None:
    await service.sign_up(ADA, GOOD)
    refused = 0
    for number in range(PER_ACCOUNT + 5):
        try:
            await service.sign_in(ADA, "wrong-password", f"10.0.0.{number}")
        except TooManyAttempts:
            refused += 1
        except SignInRefused:
            pass
    assert refused == 5


async def test_attempts_at_once_cannot_slip_past_the_brake(service: AccountService) -> None:
    await service.sign_up(ADA, GOOD)
    results = await asyncio.gather(
        *(service.sign_in(ADA, "wrong-password", "x") for _ in range(20)), return_exceptions=True
    )
    kinds = [type(result) for result in results]
    assert kinds.count(SignInRefused) == PER_CALLER
    assert kinds.count(TooManyAttempts) == 20 - PER_CALLER


async def test_roles_and_disabling_take_effect_on_open_sessions(service: AccountService, database: Database) -> None:
    account, token = await service.sign_up(ADA, GOOD)
    await database.write(lambda tx: verify_account(tx, account.id, account.created_at, keep_password=True))
    await database.write(lambda tx: set_roles(tx, account.id, ["support", "admin"]))
    current = await service.current_account(token)
    assert present(current).roles == ("admin", "support")
    assert present(current).has_role("admin")
    assert not present(current).has_role("owner")
    await database.write(lambda tx: set_disabled(tx, account.id, disabled=True))
    assert await service.current_account(token) is None
    with pytest.raises(UnknownAccount):
        await database.write(lambda tx: set_roles(tx, "nobody", []))


async def test_a_new_password_ends_the_other_sessions(service: AccountService) -> None:
    account, own_token = await service.sign_up(ADA, GOOD)
    _, other = await service.sign_in(ADA, GOOD, "x")
    await service.choose_password(account, "tiller-and-sail", current=GOOD, caller="x", session=own_token)
    assert await service.current_account(own_token) is not None
    assert await service.current_account(other) is None
    with pytest.raises(SignInRefused):
        await service.sign_in(ADA, GOOD, "x")
    await service.sign_in(ADA, "tiller-and-sail", "x")


async def test_an_old_hash_is_renewed_at_sign_in(
    service: AccountService, database: Database, clock: ManualClock
) -> None:
    await service.sign_up(ADA, GOOD)
    stronger = AccountService(
        database, clock, passwords=Passwords(argon2.PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    )
    await stronger.sign_in(ADA, GOOD, "x")
    account = await stronger.find(email=ADA)
    assert "m=16,t=2" in present(present(account).password_hash)
    assert "m=16" not in repr(account)


async def test_an_account_that_should_be_there_is_made_once_and_left_alone(service: AccountService) -> None:
    account = await service.ensure(ADA, GOOD, name="Ada", roles=["admin"])
    again = await service.ensure(ADA, "another-password", roles=[])
    assert again == account
    await service.sign_in(ADA, GOOD, "x")


async def test_a_new_account_has_its_row_in_users_under_the_same_id(database: Database, clock: ManualClock) -> None:
    tables = Tables(load_tables(USERS), clock)
    await migrate(database, tables, clock)
    service = AccountService(database, clock, profile=profile(tables), passwords=Passwords(CHEAP))
    account, _ = await service.sign_up(ADA, GOOD, "Ada")
    row = await database.read(lambda tx: tables.select(tx, "users", one="required"))
    assert row == {"id": account.id, "email": ADA, "name": "Ada", "plan": "free"}


async def test_no_account_without_its_row_in_users(database: Database, clock: ManualClock) -> None:
    tables = Tables(load_tables(USERS), clock)
    await migrate(database, tables, clock)
    service = AccountService(database, clock, profile=profile(tables), passwords=Passwords(CHEAP))
    await database.write(lambda tx: tables.insert(tx, "users", values={"email": ADA}))
    with pytest.raises(TableError):
        await service.sign_up(ADA, GOOD)
    assert await service.find(email=ADA) is None


def test_a_users_table_that_accounts_cannot_fill_is_reported() -> None:
    assert profile(Tables({}, ManualClock())) is None
    for text in (
        "{key: string primary, email: string}",
        "{id: uuid primary}",
        "{id: uuid primary, email: string, age: int}",
    ):
        with pytest.raises(TableError):
            profile(Tables(load_tables(f"tables: {{users: {{columns: {text}}}}}"), ManualClock()))


async def test_a_link_works_once_for_its_purpose_until_it_expires(
    service: AccountService, database: Database, clock: ManualClock
) -> None:
    account, _ = await service.sign_up(ADA, GOOD)
    now = clock.now()
    token = await database.write(lambda tx: make_link(tx, "admin", now, account_id=account.id))
    assert token not in await everything(database)
    with pytest.raises(LinkNotValid):
        await database.write(lambda tx: use_link(tx, token, "password", now))
    assert await database.write(lambda tx: use_link(tx, token, "admin", now)) == account.id
    with pytest.raises(LinkNotValid):
        await database.write(lambda tx: use_link(tx, token, "admin", now))
    late = await database.write(lambda tx: make_link(tx, "admin", now))
    with pytest.raises(LinkNotValid):
        await database.write(lambda tx: use_link(tx, late, "admin", now + dt.timedelta(minutes=15)))


async def test_accounts_are_listed_by_address_and_sessions_ended_by_account(
    service: AccountService, database: Database
) -> None:
    account, token = await service.sign_up(ADA, GOOD)
    await service.sign_up("bob@example.test", GOOD)
    assert [account.email for account in await database.read(list_accounts)] == [ADA, "bob@example.test"]
    after = await database.read(lambda tx: list_accounts(tx, after=ADA, limit=1))
    assert [account.email for account in after] == ["bob@example.test"]
    assert await database.write(lambda tx: end_sessions(tx, account.id)) == 1
    assert await service.current_account(token) is None
    with pytest.raises(EmailTaken):
        await database.write(
            lambda tx: accounts_module.create_account(tx, email=ADA, password_hash=None, now=account.created_at)
        )


async def test_an_account_without_a_password_cannot_sign_in(
    service: AccountService, database: Database, clock: ManualClock
) -> None:
    now = clock.now()
    await database.write(
        lambda tx: accounts_module.create_account(tx, email="c@example.test", password_hash=None, now=now)
    )
    with pytest.raises(SignInRefused):
        await service.sign_in("c@example.test", "nobody has this password", "x")
