"""The queue is taken from when there is something to take, and nearly never asked otherwise. On both databases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from tests.support.runs_fixture import soon

from payloom.engine import queue_probe, queue_worker
from payloom.engine.durable import DurableEngine
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()


class Runs:
    """What was advanced."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, run_id: str) -> None:
        self.seen.append(run_id)

    async def takeover(self, worker: str) -> None:
        """Nothing is owned."""

    async def have(self, run_id: str) -> None:
        async with asyncio.timeout(20):
            while run_id not in self.seen:  # noqa: ASYNC110 - polled on purpose
                await asyncio.sleep(0.005)


@pytest.fixture
def runs() -> Runs:
    """What was advanced."""
    return Runs()


@pytest.fixture
async def worker(database: Database, runs: Runs, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DurableEngine]:
    """A worker that is never led to the queue by anything but a call or the probe."""
    monkeypatch.setattr(queue_worker, "SAFETY", 3600.0)
    engine = DurableEngine(database, CLOCK)
    await engine.start(runs, runs.takeover)
    yield engine
    await engine.stop(1.0)


async def test_what_another_process_enqueues_is_seen(worker: DurableEngine, database: Database, runs: Runs) -> None:
    """Nobody rings here then. Also the second and the third time."""
    assert worker.worker_id
    other = DurableEngine(database, CLOCK)
    for name in ("run_1", "run_2", "run_3"):
        await database.write(lambda tx, name=name: other.enqueue(tx, name, 0))
        await runs.have(name)
    await other.stop()


async def test_a_delay_set_by_another_process_ends_in_time(
    worker: DurableEngine, database: Database, runs: Runs
) -> None:
    """And those behind it in theirs."""
    assert worker.worker_id
    other = DurableEngine(database, CLOCK)
    late, early = soon(CLOCK, 1.2), soon(CLOCK, 0.6)
    for name, at in (("run_late", late), ("run_soon", early)):
        await database.write(lambda tx, name=name, at=at: other.enqueue(tx, name, 0, at=at))
    await runs.have("run_soon")
    assert CLOCK.now() >= early
    await runs.have("run_late")
    assert CLOCK.now() >= late
    assert runs.seen == ["run_soon", "run_late"]
    await other.stop()


async def test_an_idle_queue_costs_no_transaction(worker: DurableEngine, database: Database) -> None:
    """The probe asks past SQLAlchemy."""
    await asyncio.sleep(1.2)
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        await asyncio.sleep(2.5)
    finally:
        event.remove(sa.Engine, "before_cursor_execute", note)
    beats = [statement for statement in statements if "payloom_workers" in statement]
    assert len(beats) <= (0 if database.dialect == "sqlite" else 2)
    assert [statement for statement in statements if statement not in beats] == []
    assert worker.worker_id


async def test_a_connection_that_breaks_is_replaced(
    worker: DurableEngine, database: Database, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database may be started anew."""
    assert worker.worker_id
    monkeypatch.setattr(queue_probe, "AWAY", 0.1)
    other = DurableEngine(database, CLOCK)
    await database.write(lambda tx: other.enqueue(tx, "run_before", 0))
    await runs.have("run_before")
    if database.dialect == "sqlite":
        assert worker._worker is not None
        worker._worker._probe._connection.close()
    else:
        probes = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        condition = "query LIKE '%%FROM payloom_queue WHERE due_at IS NOT NULL%%' AND pid <> pg_backend_pid()"
        await database.read(lambda tx: tx.exec_driver_sql(f"{probes} AND {condition}").all())
    await database.write(lambda tx: other.enqueue(tx, "run_after", 0))
    await runs.have("run_after")
    await other.stop()
