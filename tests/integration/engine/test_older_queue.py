"""What Payloom 0.1 left on its queue is advanced by today's; what one of its workers is at is left to it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from payloom.engine.durable import DurableEngine
from payloom.engine.models import queue, workers
from payloom.engine.older_queue import is_there, move_older_queue
from payloom.kit.clock import SystemClock

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio
CLOCK = SystemClock()
LATER = CLOCK.now().replace(microsecond=0) + dt.timedelta(days=3)
ENTRIES = [
    # id, status, worker that has taken it, due in milliseconds, name
    ("run_waits:0", "ENQUEUED", None, None, "payloom_advance"),
    ("run_sleeps:2", "DELAYED", None, int(LATER.timestamp() * 1000), "payloom_advance"),
    ("run_of_the_dead:1", "PENDING", "worker_dead", None, "payloom_advance"),
    ("run_of_the_living:1", "PENDING", "worker_living", None, "payloom_advance"),
    ("run_done:4", "SUCCESS", "worker_living", None, "payloom_advance"),
    ("not_ours", "ENQUEUED", None, None, "something_else"),
]


@pytest.fixture
async def older(database: Database) -> Database:
    """A database with a queue of 0.1 and one living worker."""
    schema = "dbos." if database.dialect == "postgresql" else ""

    def make(tx: sa.Connection) -> None:
        if schema:
            tx.exec_driver_sql("CREATE SCHEMA dbos")
        tx.exec_driver_sql(f"CREATE TABLE {schema}dbos_migrations (version BIGINT)")
        columns = "status TEXT, name TEXT, executor_id TEXT, delay_until_epoch_ms BIGINT, created_at BIGINT"
        tx.exec_driver_sql(f"CREATE TABLE {schema}workflow_status (workflow_uuid TEXT PRIMARY KEY, {columns})")
        for number, (name, status, worker, due, workflow) in enumerate(ENTRIES):
            values = {"id": name, "status": status, "worker": worker, "due": due, "name": workflow, "at": number}
            insert = f"INSERT INTO {schema}workflow_status VALUES (:id, :status, :name, :worker, :due, :at)"
            tx.execute(sa.text(insert), values)
        living = {"id": "worker_living", "host": "h", "pid": 1, "version": "0.1.0", "started_at": CLOCK.now()}
        tx.execute(sa.insert(workers).values(**living, beat=1, draining=False))

    await database.write(make)
    return database


async def entries(database: Database) -> dict[str, dt.datetime | None]:
    """When each entry of today's queue is due, by run and segment."""
    query = sa.select(queue.c.run_id, queue.c.segment, queue.c.due_at)
    rows = await database.read(lambda tx: tx.execute(query).all())
    return {f"{row.run_id}:{row.segment}": row.due_at for row in rows}


async def test_what_no_worker_is_at_is_moved_once_with_its_time(older: Database) -> None:
    """On SQLite there is no older worker beside this one, so nothing stays."""
    moved = {"run_waits:0": None, "run_sleeps:2": LATER, "run_of_the_dead:1": None}
    if older.dialect == "sqlite":
        moved["run_of_the_living:1"] = None
    assert await move_older_queue(older) == len(moved)
    assert await entries(older) == moved
    assert await move_older_queue(older) == 0
    assert await entries(older) == moved


async def test_sqlite_gives_the_names_of_the_older_tables_back_and_postgres_leaves_its_schema(older: Database) -> None:
    await move_older_queue(older)
    assert await older.read(is_there) == (older.dialect == "postgresql")


async def test_an_engine_that_starts_advances_what_was_left(older: Database) -> None:
    advanced: list[str] = []

    async def advance(run_id: str) -> None:
        advanced.append(run_id)

    async def takeover(worker: str) -> None:
        assert worker

    engine = DurableEngine(older, CLOCK)
    await engine.start(advance, takeover)
    async with asyncio.timeout(10):
        while not {"run_waits", "run_of_the_dead"} <= set(advanced):  # noqa: ASYNC110 - polled on purpose
            await asyncio.sleep(0.005)
    await engine.stop(5.0)
    assert await entries(older) == {"run_sleeps:2": LATER}


async def test_a_migration_leaves_the_queue_of_a_file_on_which_an_older_process_works(older: Database) -> None:
    if older.dialect != "sqlite":
        pytest.skip("on Postgres a migration moves nothing: see the start")
    working, migrating = DurableEngine(older, CLOCK), DurableEngine(older, CLOCK)
    working._take_file_lock()
    await migrating.adopt_older_queue()
    assert await older.read(is_there)
    assert await entries(older) == {}
    working._release_file_lock()
    await migrating.adopt_older_queue()
    assert not await older.read(is_there)
    assert len(await entries(older)) == 4
