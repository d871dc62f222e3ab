"""Which worker does what one is enough for: the eldest of those that are heard of. On both databases."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest

from payloom.engine.leases import Leases
from payloom.kit.clock import ManualClock

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio
HEARTBEAT = 0.1


async def nobody(worker: str) -> None:
    """Nobody is taken for dead here."""
    raise AssertionError(worker)


async def test_the_eldest_that_is_heard_of_is_one_and_the_next_follows_when_it_is_silent(database: Database) -> None:
    """Also when it has not been taken for dead yet. A heartbeat row that never moved belongs to no living worker."""
    clock = ManualClock()
    silent, first, second = (Leases(database, clock, name, beat=HEARTBEAT) for name in ("gone", "first", "second"))
    for lease in (silent, first, second):
        await lease.register()
        clock.advance(dt.timedelta(seconds=1))
    for _ in range(3):
        await first.check(nobody)
        await second.check(nobody)
    assert (first.is_leader, second.is_leader) == (True, False)
    await asyncio.sleep(3 * HEARTBEAT)
    await second.check(nobody)
    assert second.is_leader
    await first.check(nobody)
    await second.check(nobody)
    assert (first.is_leader, second.is_leader) == (True, False), "it was only slow"
    await first.forget("first")
    await second.check(nobody)
    assert second.is_leader
