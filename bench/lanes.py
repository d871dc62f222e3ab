"""The figures of one database: floors and what Payloom reaches, measured one after the other in the same process."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from payloom.connectors.port import Attempt
from payloom.db import Database, open_database
from payloom.db.migrate import migrate
from payloom.engine.dbos import DbosEngine
from payloom.inbox.service import InboxEvent
from payloom.kit.clock import SystemClock
from payloom.kit.strict_json import dumps
from payloom.runs.parts import Figures
from payloom.workflows.commands import Do

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from runs_world import World, build

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
PADDING = {"note": "x" * 1200}
CALLERS = 50


class Nothing:
    """An outside where everything succeeds at once."""

    async def perform(self, do: Do, attempt: Attempt) -> Mapping[str, Any]:  # noqa: ARG002 - the seam
        """Do nothing."""
        return {"id": do.key}


def event(world: World, kind: str, number: int) -> InboxEvent:
    """An event of about 1.4 KB, as Stripe's small ones are."""
    return world.event(
        f"thing.{kind}",
        f"evt_{kind}_{number}_{world.engine.worker_id}",
        id=f"t{number}",
        order=f"o{number % ORDERS}",
        amount=5,
        **PADDING,
    )


@contextlib.asynccontextmanager
async def started(database: Database, folder: Path, direct: int = 48) -> AsyncIterator[World]:
    """A working world whose outside costs nothing."""
    clock = SystemClock()
    engine = DbosEngine(database, clock)
    world = await build(database, folder, engine=engine, clock=clock, figures=Figures(direct=direct))
    object.__setattr__(world.service._parts, "outside", Nothing())
    await world.publish(pay=FAST, four=DURABLE)
    if not await world.rows("orders"):
        for number in range(ORDERS):
            await world.put("orders", id=f"o{number}")
    await world.service.start()
    yield world
    await world.service.stop(5)


async def spread(count: int, one: Callable[[int], Awaitable[Any]]) -> float:
    """Do `one(number)` for all numbers with CALLERS at a time; returns how many per second."""
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            await one(number)

    began = time.perf_counter()
    await asyncio.gather(*[caller() for _ in range(CALLERS)])
    return count / (time.perf_counter() - began)


def floor(url: str, payload: str, seconds: float) -> float:
    """Raw transactions per second with the bare driver: insert an event, update a row, commit to disk."""
    if url.startswith("sqlite"):
        conn = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            conn.execute(f"PRAGMA {pragma}").fetchall()
        conn.execute("CREATE TABLE IF NOT EXISTS floor_events(id TEXT PRIMARY KEY, payload TEXT)")
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            conn.execute("BEGIN IMMEDIATE")
            conn.execute("INSERT INTO floor_events VALUES (?, ?)", (f"e{count}_{began}", payload))
            conn.execute("UPDATE orders SET paid = ? WHERE id = ?", (count, f"o{count % ORDERS}"))
            conn.execute("COMMIT")
            count += 1
        conn.close()
        return count / seconds
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS floor_events(id TEXT PRIMARY KEY, payload TEXT)")

    def worker(which: int) -> int:
        with psycopg.connect(url) as conn:
            began, count = time.perf_counter(), 0
            while time.perf_counter() - began < seconds:
                conn.execute("INSERT INTO floor_events VALUES (%s, %s)", (f"e{which}_{count}_{began}", payload))
                conn.execute("UPDATE orders SET paid = %s WHERE id = %s", (count, f"o{(count * 8 + which) % ORDERS}"))
                conn.commit()
                count += 1
            return count

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        return sum(threads.map(worker, range(8))) / seconds


async def fast_lane(world: World, count: int) -> float:
    """Events per second whose whole run is done when they are acknowledged."""
    return await spread(count, lambda number: world.service.take_in(event(world, "paid", number)))


async def durable_lane(world: World, count: int) -> float:
    """Runs of four outside steps per second, from the first event to the last run's end."""
    began = time.perf_counter()
    await spread(count, lambda number: world.service.take_in(event(world, "created", number)))
    while True:
        counts = await world.service.queries.counts()
        if not any(counts.get(status) for status in ("queued", "running", "waiting")):
            break
        await asyncio.sleep(0.02)
    return count / (time.perf_counter() - began)


async def bare_dbos(database: Database, count: int) -> float:
    """Workflows of four steps per second on DBOS alone, tuned as ours is, enqueued in the caller's transaction."""
    from dbos import DBOS, DBOSClient  # noqa: PLC0415 - only here

    from payloom.engine import dbos as ours  # noqa: PLC0415

    engine = ours._own_engine(database)
    client = DBOSClient(system_database_engine=engine, serializer=ours._Json(), lazy=True, application_name="bare")
    client._sys_db.run_migrations()
    DBOS(
        config={
            "name": "bare",
            "system_database_engine": engine,
            "serializer": ours._Json(),
            "application_version": "1",
            "log_level": "ERROR",
            "use_listen_notify": False,
            "run_migrations": False,
        }
    )
    done = 0

    @DBOS.step()
    async def step(number: int) -> dict[str, int]:
        return {"id": number}

    @DBOS.workflow(name="bare")
    async def bare(number: int) -> None:
        nonlocal done
        for _ in range(4):
            await step(number)
        done += 1

    DBOS.launch()
    await DBOS.register_queue_async("bare", worker_concurrency=64, polling_interval_sec=0.02)
    await asyncio.sleep(1.2)

    def enqueue(tx: sa.Connection, number: int) -> None:
        client.enqueue_in_transaction(
            tx, {"workflow_name": "bare", "queue_name": "bare", "app_version": "1", "workflow_id": f"b{number}"}, number
        )

    began = time.perf_counter()
    await spread(count, lambda number: database.write(lambda tx: enqueue(tx, number)))
    while done < count:
        await asyncio.sleep(0.01)
    rate = count / (time.perf_counter() - began)
    await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
    asyncio.get_running_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor())
    client.destroy()
    engine.dispose()
    return rate


async def measure(url: str, folder: Path, *, scale: float = 1.0) -> dict[str, float]:
    """Return all figures of one database, per second."""
    database = open_database(url)
    await migrate(database)
    found: dict[str, float] = {}
    async with started(database, folder) as world:
        sample = event(world, "paid", 10**9)
        found["floor event+row"] = floor(url, dumps(sample.payload), 3 * scale)
        await spread(200, lambda number: world.service.take_in(event(world, "paid", -number - 1)))  # warm
        found["fast lane"] = await fast_lane(world, int(6000 * scale))
        found["durable lane"] = await durable_lane(world, int(1000 * scale))
    async with started(database, folder, direct=0) as world:
        found["durable lane, queued"] = await durable_lane(world, int(600 * scale))
    found["bare DBOS, 4 steps"] = await bare_dbos(database, int(600 * scale))
    await database.close()
    return found
