"""A limit is one for all who count in the same database, and outlives them."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from payloom.api.http.errors import TooManyRequests
from payloom.api.limits.rate_limit import SharedLimiter
from payloom.auth.models import rates
from payloom.auth.rate_store import RateLimitStore, sweep_rates
from payloom.db.database import Database, open_database
from payloom.db.migrate import migrate
from payloom.kit.clock import ManualClock, SystemClock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.anyio
async def test_two_processes_have_one_limit_together_however_close_their_calls(
    database: Database, database_url: str
) -> None:
    other = open_database(database_url)
    waits: list[int] = []
    limits = [SharedLimiter("buy", 10, 600, RateLimitStore(handle, SystemClock())) for handle in (database, other)]

    async def call(limit: SharedLimiter) -> bool:
        try:
            await limit.check("ada")
        except TooManyRequests as refused:
            waits.append(refused.data["retry_after"])
            return False
        return True

    try:
        passed = await asyncio.gather(*(call(limits[at % 2]) for at in range(40)))
        assert sum(passed) == 10
        assert all(50 <= wait <= 60 for wait in waits)
        assert await call(SharedLimiter("buy", 10, 600, RateLimitStore(other, SystemClock()))) is False, (
            "after a restart"
        )
        assert await call(SharedLimiter("sell", 10, 600, RateLimitStore(other, SystemClock()))) is True
    finally:
        await other.close()


@pytest.mark.anyio
async def test_what_is_used_up_comes_back_evenly(database: Database) -> None:
    counters = RateLimitStore(database, SystemClock())
    assert [await counters.take("ada", 4, 2.0) for _ in range(5)] == [0, 0, 0, 0, 1]
    threading.Event().wait(0.55)
    assert [await counters.take("ada", 4, 2.0), await counters.take("ada", 4, 2.0)] == [0, 1]
    assert await counters.take("grace", 4, 2.0) == 0


@pytest.mark.anyio
async def test_waiting_long_gives_no_more_than_the_burst_and_a_clock_set_back_locks_nobody_out(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/rates.db")
    await migrate(database)
    counters = RateLimitStore(database, clock := ManualClock())
    try:
        assert [await counters.take("ada", 2, 60) for _ in range(3)] == [0, 0, 30]
        clock.advance(dt.timedelta(hours=1))
        assert [await counters.take("ada", 2, 60) for _ in range(3)] == [0, 0, 30]
        clock.advance(dt.timedelta(hours=-1))
        assert [await counters.take("ada", 2, 60) for _ in range(3)] == [0, 0, 30]
    finally:
        await database.close()


@pytest.mark.anyio
async def test_counters_of_which_nothing_is_used_are_swept(database: Database) -> None:
    clock = SystemClock()
    counters = RateLimitStore(database, clock)
    await counters.take("soon", 10, 1.0)
    await counters.take("late", 1, 3600)
    threading.Event().wait(0.2)
    now = clock.now().timestamp()
    assert await database.write(lambda tx: sweep_rates(tx, now)) == 1
    assert await database.read(lambda tx: tx.execute(sa.select(sa.func.count()).select_from(rates)).scalar()) == 1


@pytest.mark.anyio
async def test_a_flood_is_refused_without_asking_the_database() -> None:
    keys = []

    class Counting:
        async def take(self, key: str, count: int, seconds: float) -> int:
            keys.append(key)
            return 30 if len(keys) > 2 else 0

        async def give_back(self, key: str) -> None:
            raise AssertionError(key)

    limit = SharedLimiter("buy", 5, 600, Counting())
    refused = 0
    for _ in range(100):
        try:
            await limit.check("ada")
        except TooManyRequests:
            refused += 1
    assert (len(keys), refused) == (3, 98), "what another process has used up is remembered here"
