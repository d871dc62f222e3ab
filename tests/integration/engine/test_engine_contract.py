"""Both engines keep the same promises: what is committed is advanced, at least once, not too early, never what was
undone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.support.runs_fixture import soon

from payloom.engine.durable import DurableEngine
from payloom.engine.errors import AnotherWorkerRuns
from payloom.engine.memory import MemoryEngine
from payloom.kit.clock import SystemClock, monotonic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import sqlalchemy as sa

    from payloom.db.database import Database
    from payloom.engine.port import Engine

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()


class Advanced:
    """Remembers what it was asked to advance."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.taken: list[str] = []
        self.failing = 0
        self.slow = 0.0
        self.most = self._now = 0

    async def __call__(self, run_id: str) -> None:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await asyncio.sleep(self.slow)
            if self.failing:
                self.failing -= 1
                raise ConnectionError("the database is away")
            self.runs.append(run_id)
        finally:
            self._now -= 1

    async def takeover(self, worker: str) -> None:
        self.taken.append(worker)

    async def begun(self) -> None:
        async with asyncio.timeout(10):
            while not self.most:  # noqa: ASYNC110 - polled on purpose
                await asyncio.sleep(0.005)

    async def have(self, *runs: str, seconds: float = 10) -> None:
        async with asyncio.timeout(seconds):
            while not set(runs) <= set(self.runs):  # noqa: ASYNC110 - polled on purpose
                await asyncio.sleep(0.005)


@pytest.fixture
def advanced() -> Advanced:
    """What was advanced."""
    return Advanced()


@pytest.fixture(params=["memory", "durable"])
async def engine(request: pytest.FixtureRequest, database: Database, advanced: Advanced) -> AsyncIterator[Engine]:
    """A started engine of each kind."""
    engine = (
        MemoryEngine(CLOCK, concurrency=8)
        if request.param == "memory"
        else DurableEngine(database, CLOCK, concurrency=8)
    )
    await engine.start(advanced, advanced.takeover)
    yield engine
    await engine.stop(1.0)


async def test_what_is_committed_is_advanced_soon(engine: Engine, database: Database, advanced: Advanced) -> None:
    """Within a fraction of a second."""
    began = monotonic()
    await database.write(lambda tx: engine.enqueue(tx, "run_1", 0))
    await advanced.have("run_1")
    assert monotonic() - began < 5.0  # milliseconds on a quiet machine


async def test_what_is_undone_is_not_advanced(engine: Engine, database: Database, advanced: Advanced) -> None:
    """The queue is part of the transaction."""

    def fail(tx: sa.Connection) -> None:
        engine.enqueue(tx, "run_undone", 0)
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(fail)
    await database.write(lambda tx: engine.enqueue(tx, "run_2", 0))
    await advanced.have("run_2")
    await asyncio.sleep(0.1)
    assert advanced.runs == ["run_2"]


async def test_one_segment_is_one_entry(engine: Engine, database: Database, advanced: Advanced) -> None:
    """While one is on the queue, a second enqueue of the same pair changes nothing; the next segment is another."""
    advanced.slow = 0.3
    for segment in (0, 0, 1, 1):
        await database.write(lambda tx, segment=segment: engine.enqueue(tx, "run_1", segment))
    await database.write(lambda tx: engine.enqueue(tx, "run_last", 0))
    await advanced.have("run_last")
    await asyncio.sleep(0.2)
    assert sorted(advanced.runs) == ["run_1", "run_1", "run_last"]


async def test_a_delayed_segment_is_not_advanced_early(engine: Engine, database: Database, advanced: Advanced) -> None:
    """Nor much too late."""
    at = soon(CLOCK, 1.2)
    await database.write(lambda tx: engine.enqueue(tx, "run_later", 0, at=at))
    await advanced.have("run_later")
    assert 0 <= (CLOCK.now() - at).total_seconds() < 8.0


async def test_a_failing_advance_is_tried_again(engine: Engine, database: Database, advanced: Advanced) -> None:
    """The database may be away for a while."""
    advanced.failing = 2
    await database.write(lambda tx: engine.enqueue(tx, "run_1", 0))
    await advanced.have("run_1")


async def test_many_are_advanced_but_few_at_once(engine: Engine, database: Database, advanced: Advanced) -> None:
    """Concurrency is bounded."""
    advanced.slow = 0.02
    names = [f"run_{number}" for number in range(60)]
    await asyncio.gather(*[database.write(lambda tx, name=name: engine.enqueue(tx, name, 0)) for name in names])
    await advanced.have(*names)
    assert advanced.most <= 8
    assert len(advanced.runs) == 60


async def test_stopping_lets_running_segments_finish(engine: Engine, database: Database, advanced: Advanced) -> None:
    """It calls the takeover with this worker's id, so that the worker owns nothing any more."""
    advanced.slow = 0.3
    await database.write(lambda tx: engine.enqueue(tx, "run_1", 0))
    await advanced.begun()
    worker = engine.worker_id
    await engine.stop(5.0)
    assert advanced.runs == ["run_1"]
    assert worker in advanced.taken


@pytest.mark.parametrize("passes", range(6))
async def test_stopping_ends_also_when_work_comes_in_the_same_moment(engine: Engine, passes: int) -> None:
    """passes: of the loop, between the entry that wakes the worker and the end."""
    await asyncio.sleep(0.05)
    engine.wake()
    for _ in range(passes):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await engine.stop()


async def test_what_was_left_is_advanced_by_the_next_process(database: Database, advanced: Advanced) -> None:
    """Enqueued without a worker, taken but not finished: neither is lost."""
    first = DurableEngine(database, CLOCK)
    await database.write(lambda tx: first.enqueue(tx, "run_before", 0))
    advanced.slow = 30
    await first.start(advanced, advanced.takeover)
    await advanced.begun()
    await first.stop(0.05)
    assert advanced.runs == []
    advanced.slow = 0
    second = DurableEngine(database, CLOCK)
    await second.start(advanced, advanced.takeover)
    await advanced.have("run_before")
    await second.stop(1.0)


async def test_a_second_worker_on_one_file_is_refused(database: Database, advanced: Advanced) -> None:
    """SQLite takes one; the message says what to do."""
    if database.dialect != "sqlite":
        pytest.skip("Postgres takes any number")
    first, second = DurableEngine(database, CLOCK), DurableEngine(database, CLOCK)
    await first.start(advanced, advanced.takeover)
    with pytest.raises(AnotherWorkerRuns, match="Postgres"):
        await second.start(advanced, advanced.takeover)
    await second.stop(0)
    await first.stop(0)
