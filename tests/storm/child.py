"""A process that takes events in and runs them, and is killed. Forked from a zygote that has imported everything, so
that
hundreds of deaths take seconds.

    zygote: reads one JSON command per line, forks a child for each, answers with one JSON line when it is over.
    child: takes in the command's events, waits until all runs are over, writes what it acknowledged to `acks`.

A child dies with SIGKILL at its `crash_at`-th point: before a transaction, inside it before the commit, after the
commit,
before an outside call, after its effect.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import os
import random
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import sqlalchemy as sa

from payloom.connectors.port import Attempt, StepFailed
from payloom.db import Database, open_database
from payloom.db.migrate import migrate
from payloom.engine.dbos import DbosEngine
from payloom.kit.clock import SystemClock
from payloom.runs.parts import Figures
from payloom.workflows.commands import Do
from runs_world import World, build

FLOW = """\
name: Fulfil
on: {stripe: thing, actions: [created]}
steps:
  - id: row
    insert: counters
    values: {id: "${{ object.id }}"}
  - id: made
    stripe: things.create
    with: {n: 1}
  - id: seen
    select: counters
    where: {id: "${{ object.id }}"}
    one: required
  - update: counters
    where: {id: "${{ object.id }}"}
    set: {value: "${{ seen.value + 1 }}"}
  - email: receipt
    to: a@example.com
    data: {thing: "${{ made.id }}"}
  - wait: 30ms
  - stripe: things.charge
    with: {n: 2}
  - id: again
    select: counters
    where: {id: "${{ object.id }}"}
    one: required
  - update: counters
    where: {id: "${{ object.id }}"}
    set: {value: "${{ again.value + 1 }}"}
"""
QUICK = """\
name: Count
on: {stripe: thing, actions: [updated], queue: "${{ object.id }}"}
steps:
  - id: seen
    select: counters
    where: {id: all}
    one: required
  - update: counters
    where: {id: all}
    set: {value: "${{ seen.value + 1 }}"}
"""
EFFECTS = ("things.create", "receipt", "things.charge")


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

    async def write(self, work: Callable[[sa.Connection], Any]) -> Any:
        """Run it, perhaps for the last time."""

        def mortal(tx: sa.Connection) -> Any:
            result = work(tx)
            self._points()
            return result

        self._points()
        result = await self._database.write(mortal)
        self._points()
        return result


async def live(command: dict[str, Any], points: Points) -> None:
    """One life."""
    folder = Path(command["folder"])
    database = open_database(command["url"])
    await migrate(database)
    figures = Figures(direct=command.get("direct", 48), step_timeout=5)
    clock = SystemClock()
    engine = DbosEngine(database, clock, poll=0.05, beat=0.2, dead=command.get("dead", 1.0))
    await engine.prepare()
    world = await build(database, folder, engine=engine, clock=clock, figures=figures)
    await world.publish(fulfil=FLOW, count=QUICK)
    with contextlib.suppress(StepFailed):  # another life, or another worker, has made it
        await world.put("counters", id="all")
    mortal = Mortal(database, points)
    object.__setattr__(world.service._parts, "database", mortal)

    async def point(_when: str, _do: Any) -> None:
        points()

    world.ledger.hooks.append(point)
    if command.get("plant"):
        PLANTS[command["plant"]](world)
    await world.service.start()
    try:
        await asyncio.gather(*[deliver(world, name, folder) for name in command["events"]])
        await asyncio.sleep(command.get("linger", 0))
        await over(world, command.get("seconds", 20))
    finally:
        await world.service.stop(2)
        await database.close()


async def deliver(world: World, name: str, folder: Path) -> None:
    """Take an event in and note the acknowledgement, as a 200 would."""
    kind = "thing.created" if name.startswith("c") else "thing.updated"
    event = world.event(kind, f"evt_{name}", id=f"thing_{name}")
    if world.answers_first:
        note(folder, name)
    await world.service.take_in(event)
    if not world.answers_first:
        note(folder, name)


def note(folder: Path, name: str) -> None:
    """Write the acknowledgement down."""
    with (folder / "acks").open("a") as file:
        file.write(f"evt_{name}\n")
        file.flush()


def plant_random_key(world: World) -> None:
    """A new idempotency key with every attempt."""
    perform = world.ledger.perform

    async def wrong(do: Do, attempt: Attempt) -> Any:
        return await perform(dataclasses.replace(do, key=f"{do.key}:{random.random()}"), attempt)

    world.ledger.perform = wrong


def plant_answer_first(world: World) -> None:
    """200 before the event is stored."""
    world.answers_first = True


def plant_no_takeover(world: World) -> None:
    """Nobody looks after what a dead process was doing."""

    async def wrong(_worker: str) -> None:
        return None

    world.service._driver.takeover = wrong


def plant_effect_later(world: World) -> None:
    """The journal says done, the effect follows."""
    perform = world.ledger.perform
    late: list[Any] = []

    async def after(do: Do, attempt: Attempt) -> None:
        await asyncio.sleep(0.02)
        await perform(do, attempt)

    async def wrong(do: Do, attempt: Attempt) -> Any:
        late.append(asyncio.create_task(after(do, attempt)))
        return {"id": "obj"}

    world.ledger.perform = wrong


PLANTS = {
    "random_key": plant_random_key,
    "answer_first": plant_answer_first,
    "no_takeover": plant_no_takeover,
    "effect_later": plant_effect_later,
}


async def over(world: World, seconds: float) -> None:
    """Wait until nothing is left to do."""
    async with asyncio.timeout(seconds):
        while True:
            counts = await world.service.queries.counts()
            if not any(counts.get(status) for status in ("queued", "running", "waiting")):
                return
            await asyncio.sleep(0.01)


def child(command: dict[str, Any]) -> None:
    """Live, then write how many points there were; die before that if told so."""
    points = Points(command.get("crash_at", 0))
    if command.get("kill_after"):
        delay = random.Random(command["seed"]).uniform(0, command["kill_after"])
        threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    try:
        asyncio.run(live(command, points))
    except BaseException:  # noqa: BLE001 - the parent shows it
        (Path(command["folder"]) / "error").write_text(traceback.format_exc())
        os._exit(1)
    (Path(command["folder"]) / "points").write_text(str(points.count))
    os._exit(0)


def zygote() -> None:
    """Fork children as told; several at once if the command is a list."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        commands = json.loads(line)
        pids = []
        for command in commands:
            pid = os.fork()
            if pid == 0:
                child(command)
            pids.append(pid)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        sys.stdout.write(json.dumps(codes) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    zygote()
