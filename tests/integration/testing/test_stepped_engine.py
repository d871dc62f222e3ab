"""The sandbox's engine passes the contract of the durable one, with a task that takes its entries."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
from tests.integration.engine.test_engine_contract import (
    Advanced,
    advanced,
    test_a_delayed_segment_is_not_advanced_early,
    test_a_failing_advance_is_tried_again,
    test_one_segment_is_one_entry,
    test_what_is_committed_is_advanced_soon,
    test_what_is_undone_is_not_advanced,
)

from payloom.kit.clock import SystemClock
from payloom.sandbox.database import MemoryDatabase
from payloom.sandbox.engine import QueueTable, SteppedEngine, process_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import sqlalchemy as sa

__all__ = [
    "advanced",
    "test_a_delayed_segment_is_not_advanced_early",
    "test_a_failing_advance_is_tried_again",
    "test_one_segment_is_one_entry",
    "test_what_is_committed_is_advanced_soon",
    "test_what_is_undone_is_not_advanced",
]
pytestmark = pytest.mark.anyio
CLOCK = SystemClock()


@pytest.fixture
async def database() -> AsyncIterator[MemoryDatabase]:
    """A scenario's database with its queue."""
    database = MemoryDatabase()
    database.run(QueueTable.create)
    yield database
    await database.close()


@pytest.fixture
async def engine(database: MemoryDatabase, advanced: Advanced) -> AsyncIterator[SteppedEngine]:
    """The sandbox's engine, and a task that takes the due entries, as scenarios do."""
    engine = process_engine(1)
    await engine.start(advanced, advanced.takeover)
    taker = asyncio.create_task(_take(database, engine))
    yield engine
    taker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await taker
    await engine.stop()


async def _take(database: MemoryDatabase, engine: SteppedEngine) -> None:
    while True:
        for entry in database.inspect(QueueTable.waiting):
            if entry.at is None or entry.at <= CLOCK.now():
                with contextlib.suppress(ConnectionError):
                    await engine.advance(entry.run_id)
                    database.run(lambda tx, number=entry.number: QueueTable.finish(tx, number))
        await asyncio.sleep(0.005)


async def test_a_later_process_is_told_of_all_before_it_and_finds_what_they_left(
    database: MemoryDatabase,
    advanced: Advanced,
) -> None:
    first = process_engine(1)
    await first.start(advanced, advanced.takeover)

    def put(tx: sa.Connection) -> None:
        first.enqueue(tx, "run_before", 0)

    await database.write(put)
    third = process_engine(3)
    await third.start(advanced, advanced.takeover)
    assert advanced.taken == ["life_1", "life_2"]
    assert [entry.run_id for entry in database.inspect(QueueTable.waiting)] == ["run_before"]
