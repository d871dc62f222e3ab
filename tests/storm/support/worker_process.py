"""A process that takes events in and runs them, and is killed. Forked from a zygote that has imported everything, so
that hundreds of deaths take seconds.

    zygote: reads one JSON command per line, forks a child for each, answers with one JSON line when it is over.
    child: takes in the command's events, waits until all runs are over, writes what it acknowledged to `acks`.

A child dies with SIGKILL at its `crash_at`-th point: before a transaction, inside it before the commit, after the
commit, before an outside call, after its effect.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[3]))

import psycopg
import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy import exc as sa_exc
from tests.storm.support import shop
from tests.storm.support.disk_faults import Faults, FaultyDisk
from tests.storm.support.seeded_bugs import EARLY, PLANTS, TEXTS
from tests.support.runs_fixture import RunsFixture, build

from payloom.db.database import Database, open_database
from payloom.db.errors import CommitUnknown, DatabaseUnavailable
from payloom.db.migrate import migrate
from payloom.engine.durable import DurableEngine
from payloom.kit.clock import SystemClock
from payloom.kit.errors import PayloomError
from payloom.runs.dependencies import RunLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from payloom.inbox.service import InboxEvent


class Points:
    """Counts the places where this process could die, and dies at one of them."""

    def __init__(self, crash_at: int) -> None:
        self.crash_at = crash_at
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Pass a point."""
        with self._lock:
            self.count += 1
            if self.count == self.crash_at:
                os.kill(os.getpid(), signal.SIGKILL)


class Mortal:
    """A Database with three points around each transaction."""

    def __init__(self, database: Database, points: Points) -> None:
        self._database = database
        self._points = points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def write(self, work: Callable[[sa.Connection], Any], **options: Any) -> Any:
        """Run it, perhaps for the last time."""

        def mortal(tx: sa.Connection) -> Any:
            result = work(tx)
            self._points()
            return result

        self._points()
        result = await self._database.write(mortal, **options)
        self._points()
        return result


class Commits:
    """Lets the n-th commit on Postgres fail: a lost race, a deadlock, a connection cut just before or just after it."""

    def __init__(self, engine: sa.Engine, mode: str, at: int) -> None:
        self.mode, self.at, self.count = mode, at, 0
        self._lock = threading.Lock()
        sa_event.listen(engine, "commit", self._commit)

    def _commit(self, conn: sa.Connection) -> None:
        with self._lock:
            self.count += 1
            if self.count != self.at:
                return
        if self.mode.startswith("40"):
            conn.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{self.mode}'; END $$")
        driver = conn.connection.dbapi_connection
        assert driver is not None
        if self.mode == "cut_after":
            driver.commit()
        pid = driver.info.backend_pid
        with psycopg.connect(driver.info.dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 2000)", (pid,))


class WorkerTask:
    """What one life of the process gets: its command, its folder, and what goes wrong with its disk."""

    def __init__(self, command: dict[str, Any], points: Points) -> None:
        self.command = command
        self.points = points
        self.folder = Path(command["folder"])
        self.plant = command.get("plant", "")
        self.disk = FaultyDisk(Faults(**command["disk"])) if "disk" in command else None
        self.acks = 0

    def note(self, name: str) -> None:
        """Write the acknowledgement down. The power may go right after it."""
        with (self.folder / "acks").open("a") as file:
            file.write(f"evt_{name}\n")
            file.flush()
        self.acks += 1
        if self.disk is not None and self.acks == self.command.get("cut_at_ack"):
            self.disk.cut_now()

    def answered(self, status: int, *, up: bool) -> None:
        """Write down what Stripe was answered, and whether the database was there."""
        with (self.folder / "answers").open("a") as file:
            file.write(f"{status} {int(up)}\n")


async def live(task: WorkerTask) -> None:
    """One life."""
    command, folder = task.command, task.folder
    if task.disk is not None:
        task.disk.install()
    if task.plant in EARLY:
        EARLY[task.plant]()
    database = open_database(command["url"])
    await migrate(database)
    direct = command.get("direct", 48)
    limits = RunLimits(local_slots=abs(direct), busy_slots=16 if direct >= 0 else 0, step_timeout=5)
    clock = SystemClock()
    engine = DurableEngine(database, clock, poll=0.05, beat=0.2, dead=command.get("dead", 1.0))
    fixture = await build(
        database, folder, engine=engine, clock=clock, limits=limits, tables=shop.TABLES, env=shop.env()
    )
    await shop.open_shop(fixture, **TEXTS.get(task.plant, {}))
    mortal = Mortal(database, task.points)
    object.__setattr__(fixture.service._deps, "database", mortal)

    async def point(_when: str, _do: Any) -> None:
        task.points()

    fixture.ledger.hooks.append(point)
    if task.plant in PLANTS:
        PLANTS[task.plant](fixture)
    if command.get("only_intake"):
        await asyncio.gather(*[deliver(fixture, name, task) for name in command["events"]])
        await database.close()
        return
    await fixture.service.start()
    if task.disk is not None:
        task.disk.armed = True
    if "commits" in command:
        Commits(database.engine, **command["commits"])
    try:
        await asyncio.wait_for(work(fixture, task), command.get("seconds", 20) + command.get("linger", 0))
    finally:
        if task.disk is not None:
            task.disk.armed = False
            (folder / "disk").write_text(f"{task.disk.count} {task.disk.hit}")
        await fixture.service.stop(2)
        await database.close()


async def work(fixture: RunsFixture, task: WorkerTask) -> None:
    """Take the events in and wait until everything is over."""
    names, batch = task.command["events"], task.command.get("batch", 10_000)
    if "race" in task.command:
        await race(fixture, **task.command["race"])
    for at in range(0, len(names), batch):
        await asyncio.gather(*[deliver(fixture, name, task) for name in names[at : at + batch]])
    await asyncio.sleep(task.command.get("linger", 0))
    if task.disk is not None:
        task.disk.armed = False
    await over(fixture)


async def deliver(fixture: RunsFixture, name: str, task: WorkerTask) -> None:
    """Take an event in and note the acknowledgement, as a 200 would. Refused for now, it comes again."""
    while True:
        if fixture.answers_first:
            task.note(name)
        try:
            await fixture.service.ingest(event_of(fixture, name))
        except PayloomError as error:
            task.answered(error.status, up=not isinstance(error, DatabaseUnavailable | CommitUnknown))
            await asyncio.sleep(0.05)
        except sa_exc.DBAPIError:
            task.answered(500, up=task.disk is None)
            await asyncio.sleep(0.05)
        else:
            task.answered(200, up=True)
            if not fixture.answers_first:
                task.note(name)
            return


def event_of(fixture: RunsFixture, name: str) -> InboxEvent:
    """The event that a name stands for: c… begins an order, d… asks for a delivery, u… counts."""
    if name.startswith("d"):
        return shop.asked(fixture, name)
    if name.startswith("c"):
        return shop.created(fixture, name)
    return fixture.event("thing.updated", f"evt_{name}", id=f"thing_{name}")


async def race(fixture: RunsFixture, orders: list[str], callers: int, amount: int, worker: int) -> None:
    """Ask for a part of each order's money back, several times at once."""
    for order in orders:
        clicks = [{"order": order, "amount": amount, "click": f"{order}-{worker}-{n}"} for n in range(callers)]
        await asyncio.gather(*[fixture.service.call("refund", click, trigger="manual", wait=30) for click in clicks])


async def over(fixture: RunsFixture) -> None:
    """Wait until nothing is left to do. The database may be away meanwhile."""
    while True:
        try:
            counts = await fixture.queries.counts()
        except (DatabaseUnavailable, sa_exc.DBAPIError):
            await asyncio.sleep(0.2)
            continue
        if not any(counts.get(status) for status in ("queued", "running", "waiting")):
            return
        await asyncio.sleep(0.01)


def child(command: dict[str, Any]) -> None:
    """Live, then write how many points there were; die before that if the command says so."""
    points = Points(command.get("crash_at", 0))
    if command.get("kill_after"):
        delay = random.Random(command["seed"]).uniform(0, command["kill_after"])
        threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    try:
        asyncio.run(live(WorkerTask(command, points)))
    except BaseException:  # noqa: BLE001 - the parent shows it
        (Path(command["folder"]) / "error").write_text(traceback.format_exc())
        os._exit(1)
    (Path(command["folder"]) / "points").write_text(str(points.count))
    os._exit(0)


def zygote() -> None:
    """Fork the children that the commands ask for; several at once if the command is a list."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        commands = json.loads(line)
        pids = []
        for command in commands:
            pid = os.fork()
            if pid == 0:
                if command.get("pids"):
                    (Path(command["folder"]) / "pids" / str(os.getpid())).touch()
                child(command)
            pids.append(pid)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        sys.stdout.write(json.dumps(codes) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    zygote()
