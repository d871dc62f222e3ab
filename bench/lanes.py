"""The two lanes against their floors: the bare driver, and DBOS alone."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import itertools
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import sqlalchemy as sa
from sqlalchemy import event as engine_event

from payloom.connectors.port import Attempt
from payloom.db.database import Database, open_database
from payloom.db.migrate import migrate
from payloom.db.sqlite import SqliteDatabase
from payloom.engine.durable import DurableEngine
from payloom.inbox.service import InboxEvent
from payloom.kit.clock import SystemClock
from payloom.kit.strict_json import dumps
from payloom.runs.dependencies import RunLimits
from payloom.workflows.program.commands import Do

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from rounds import Compared, Measure, compare, processor_seconds
from tests.support.runs_fixture import RunsFixture, build

FAST = """\
name: Pay
on: {stripe: thing, actions: [paid]}
steps:
  - filter: object.amount > 0
  - update: orders
    where: {id: "${{ object.order }}"}
    set: {status: paid, paid: "${{ object.amount }}"}
"""
DURABLE = """\
name: Four outside steps
on: {stripe: thing, actions: [created]}
steps:
  - {stripe: things.create, with: {n: 1}}
  - {stripe: things.create, with: {n: 2}}
  - {stripe: things.create, with: {n: 3}}
  - {stripe: things.create, with: {n: 4}}
"""
ORDERS = 500
NOTE = "x" * 1200
CALLERS = 50


class Nothing:
    """An outside where everything succeeds at once."""

    async def perform(self, do: Do, attempt: Attempt) -> Mapping[str, Any]:  # noqa: ARG002 - the seam
        """Do nothing."""
        return {"id": do.key}


def event(fixture: RunsFixture, kind: str, number: int) -> InboxEvent:
    """An event of about 1.4 KB, as Stripe's small ones are."""
    return fixture.event(
        f"thing.{kind}",
        f"evt_{kind}_{number}_{fixture.engine.worker_id}",
        id=f"t{number}",
        order=f"o{number % ORDERS}",
        amount=5,
        note=NOTE,
    )


@contextlib.asynccontextmanager
async def started(database: Database, folder: Path, direct: int = 48) -> AsyncGenerator[RunsFixture]:
    """A working world whose outside costs nothing."""
    clock = SystemClock()
    engine = DurableEngine(database, clock)
    limits = RunLimits(local_slots=direct)
    fixture = await build(database, folder, engine=engine, clock=clock, limits=limits, outside=Nothing())
    await fixture.publish(pay=FAST, four=DURABLE)
    if not await fixture.rows("orders"):
        for number in range(ORDERS):
            await fixture.put("orders", id=f"o{number}")
    await fixture.service.start()
    yield fixture
    await fixture.service.stop(5)


async def spread(count: int, work: Callable[[int], Awaitable[Any]]) -> float:
    """Do `one(number)` for all numbers with CALLERS at a time; returns how many per second."""
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            await work(number)

    began = time.perf_counter()
    await asyncio.gather(*[caller() for _ in range(CALLERS)])
    return count / (time.perf_counter() - began)


class Floor:
    """The bare driver: insert an event, update a row, commit to disk; eight writers on Postgres, one on SQLite."""

    def __init__(self, url: str, payload: str) -> None:
        """Make the table of events; `orders` is the world's."""
        self._url, self._payload, self._numbers = url, payload, itertools.count()
        self._threads = concurrent.futures.ThreadPoolExecutor(8)
        self._table = "CREATE TABLE IF NOT EXISTS floor_events(id TEXT PRIMARY KEY, payload TEXT)"
        if url.startswith("sqlite"):
            self._sqlite = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000"):
                self._sqlite.execute(f"PRAGMA {pragma}").fetchall()
            self._sqlite.execute(self._table)
        else:
            with psycopg.connect(url) as conn:
                conn.execute(self._table)
            self._pool = [psycopg.connect(url) for _ in range(8)]

    def __call__(self, seconds: float) -> float:
        """Return transactions per second."""
        if self._url.startswith("sqlite"):
            return self._on_sqlite(seconds)
        return sum(self._threads.map(self._on_postgres, self._pool, itertools.repeat(seconds))) / seconds

    def prepare(self, *statements: LiteralString) -> None:
        """Execute statements, each in a transaction of its own, before anything is measured."""
        for statement in statements:
            if self._url.startswith("sqlite"):
                self._sqlite.execute(statement)
            else:
                with psycopg.connect(self._url) as conn:
                    conn.execute(statement)

    def _on_sqlite(self, seconds: float) -> float:
        began, count, conn = time.perf_counter(), 0, self._sqlite
        while time.perf_counter() - began < seconds:
            number = next(self._numbers)
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO floor_events VALUES (?, ?)", (f"e{number}", self._payload))
            conn.execute("UPDATE orders SET paid = ? WHERE id = ?", (number, f"o{number % ORDERS}"))
            conn.execute("COMMIT")
            count += 1
        return count / (time.perf_counter() - began)

    def _on_postgres(self, conn: psycopg.Connection, seconds: float) -> int:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            number = next(self._numbers)
            conn.execute("INSERT INTO floor_events VALUES (%s, %s)", (f"e{number}", self._payload))
            conn.execute("UPDATE orders SET paid = %s WHERE id = %s", (number, f"o{number % ORDERS}"))
            conn.commit()
            count += 1
        return count

    def close(self) -> None:
        """Close the connections."""
        for conn in [self._sqlite] if self._url.startswith("sqlite") else self._pool:
            conn.close()
        self._threads.shutdown()


async def fast_lane(fixture: RunsFixture, count: int) -> float:
    """Events per second whose whole run is done when they are acknowledged."""
    return await spread(count, lambda number: fixture.service.ingest(event(fixture, "paid", number)))


async def durable_lane(fixture: RunsFixture, count: int) -> float:
    """Runs of four outside steps per second, from the first event to the last run's end."""
    began = time.perf_counter()
    await spread(count, lambda number: fixture.service.ingest(event(fixture, "created", number)))
    while True:
        counts = await fixture.queries.counts()
        if not any(counts.get(status) for status in ("queued", "running", "waiting")):
            break
        await asyncio.sleep(0.02)
    return count / (time.perf_counter() - began)


async def bare_dbos(database: Database, count: int) -> float:
    """Workflows of four steps per second on DBOS alone, by its public interface, enqueued in the caller's own."""
    from dbos import DBOS, DBOSClient  # noqa: PLC0415 - only here

    engine = sa.create_engine(database.engine.url, pool_size=5, max_overflow=10)
    if isinstance(database, SqliteDatabase):
        engine_event.listen(engine, "connect", _tune_sqlite)
    DBOS(
        config={
            "name": "bare",
            "system_database_engine": engine,
            "application_version": "1",
            "log_level": "ERROR",
            "use_listen_notify": False,
        }
    )
    done, finished = 0, threading.Event()

    @DBOS.step()
    async def step(number: int) -> dict[str, int]:
        return {"id": number}

    @DBOS.workflow(name="bare")
    async def bare(number: int) -> None:
        nonlocal done
        for _ in range(4):
            await step(number)
        done += 1
        if done == count:
            finished.set()

    DBOS.launch()
    client = DBOSClient(system_database_engine=engine, lazy=True, application_name="bare")
    await DBOS.register_queue_async("bare", worker_concurrency=64, polling_interval_sec=0.02)
    await asyncio.sleep(1.2)

    def enqueue(tx: sa.Connection, number: int) -> None:
        client.enqueue_in_transaction(
            tx, {"workflow_name": "bare", "queue_name": "bare", "app_version": "1", "workflow_id": f"b{number}"}, number
        )

    began = time.perf_counter()
    await spread(count, lambda number: database.write(lambda tx: enqueue(tx, number)))
    await asyncio.to_thread(finished.wait)
    rate = count / (time.perf_counter() - began)
    await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
    asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor())
    client.destroy()
    engine.dispose()
    return rate


def _tune_sqlite(dbapi: Any, _record: object) -> None:
    dbapi.isolation_level = "IMMEDIATE"
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
        dbapi.execute(f"PRAGMA {pragma}").fetchall()


async def fast(url: str, folder: Path, server: Path | None, *, rounds: int) -> Compared:
    """Compare the fast lane with the bare driver. server: the folder of the Postgres."""
    database = open_database(url)
    await migrate(database)
    async with started(database, folder) as fixture:
        numbers = itertools.count(1)
        floor = Floor(url, dumps(event(fixture, "paid", 10**9).payload))

        async def subject() -> float:
            first = next(numbers) * 10**6
            return await spread(500, lambda number: fixture.service.ingest(event(fixture, "paid", first + number)))

        figures = await compare(lambda: floor(0.3), subject, rounds, spent=lambda: processor_seconds(server))
        floor.close()
    await database.close()
    return figures


KINDS = ("lane", "queued", "dbos")


async def child(kind: str, url: str, folder: Path, count: int) -> float:
    """One round of the durable lane, or of DBOS alone, in a process of its own: DBOS is one per process."""
    database = open_database(url)
    await migrate(database)
    try:
        if kind == "dbos":
            return await bare_dbos(database, count)
        async with started(database, folder, direct=0 if kind == "queued" else 48) as fixture:
            return await durable_lane(fixture, count)
    finally:
        await database.close()


def durable(kind: str, fresh: Callable[[], contextlib.AbstractContextManager[str]], count: int) -> Measure:
    """Return what measures `kind` in a fresh database and a fresh process."""

    def measure() -> float:
        with tempfile.TemporaryDirectory(prefix="payloom-bench-") as folder, fresh() as url:
            command = [sys.executable, "-W", "ignore", __file__, kind, url, folder, str(count)]
            return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    return measure


if __name__ == "__main__":
    which, where, own, many = sys.argv[1:]
    print(asyncio.run(child(which, where, Path(own), int(many))))
