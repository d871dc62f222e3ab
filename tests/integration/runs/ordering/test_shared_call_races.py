"""Who begins to wait for a shared run, and that run ending, at the same moment: one of the two sees the other."""

from __future__ import annotations

import asyncio
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event
from tests.support.runs_fixture import RunsFixture, build

from payloom.db.database import Database, open_database
from payloom.db.migrate import migrate
from payloom.runs.dependencies import RunLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [pytest.mark.anyio, pytest.mark.postgres]

FULFILL = """\
name: Fulfil
on: {called: true}
input: {session: string}
once: ${{ inputs.session }}
steps:
  - id: thing
    stripe: things.create
    with: {n: 1}
  - return: ${{ thing.id }}
"""
PAGE = """\
name: Page
on: {manual: true, auth: none}
input: {session: string}
steps:
  - id: done
    call: fulfill
    with: {session: "${{ inputs.session }}"}
  - return: ${{ done }}
"""


@pytest.fixture
async def databases(postgres_url: str) -> AsyncIterator[list[Database]]:
    """Two workers' ways to one database."""
    opened = [open_database(postgres_url) for _ in range(2)]
    await migrate(opened[0])
    yield opened
    for database in opened:
        await database.close()


@pytest.fixture
async def worlds(databases: list[Database], tmp_path: Path) -> AsyncIterator[list[RunsFixture]]:
    """Two workers."""
    fixtures = [await build(database, tmp_path, limits=RunLimits(answer_within=10)) for database in databases]
    for fixture in fixtures:
        await fixture.publish(fulfill=FULFILL, page=PAGE)
        await fixture.service.start()
    yield fixtures
    for fixture in fixtures:
        await fixture.service.stop(1.0)


class Gate:
    """Stops the first transaction of a database that has done a statement with these words, until it is opened."""

    def __init__(self, database: Database, words: str) -> None:
        self._words = words
        self._open = threading.Event()
        self.reached = threading.Event()
        event.listen(database.engine, "after_cursor_execute", self._after)

    def _after(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self._words in " ".join(statement.split()) and not self.reached.is_set():
            self.reached.set()
            assert self._open.wait(10)

    def open(self) -> None:
        """Let it go on."""
        self._open.set()


def held(fixture: RunsFixture) -> tuple[asyncio.Event, asyncio.Event]:
    """Let the fulfilment's step wait; returns an event that is set when it has begun, and one to let it go on."""
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def hook(when: str, _do: Any) -> None:
        if when == "before":
            began.set()
            await goes_on.wait()

    fixture.ledger.hooks.append(hook)
    return began, goes_on


async def until(condition: Any) -> None:
    """Until it holds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - set by a thread
            await asyncio.sleep(0.005)


async def page(fixture: RunsFixture) -> Any:
    """Call and wait for the answer."""
    return await fixture.service.call("page", {"session": "s"}, trigger="manual", wait=8)


async def status(fixture: RunsFixture) -> str:
    """Of the shared run."""
    [run] = await fixture.queries.list(workflow_id="fulfill")
    return run["status"]


async def test_a_run_that_ends_while_somebody_begins_to_wait_for_it_waits_for_him(worlds: list[RunsFixture]) -> None:
    """His wait is written and not committed: the end comes after it, and wakes him."""
    owner, two = worlds
    began, step = held(owner)
    first = asyncio.create_task(page(owner))
    await began.wait()
    gate = Gate(two.database, "INSERT INTO payloom_waits")
    second = asyncio.create_task(page(two))
    await until(gate.reached.is_set)
    step.set()
    await asyncio.sleep(0.4)
    assert await status(owner) == "running", "its end waits for the lock"
    gate.open()
    answers = await asyncio.gather(first, second)
    assert [answer.body for answer in answers] == ["obj_things.create"] * 2


async def test_who_begins_to_wait_while_the_run_ends_finds_it_over(worlds: list[RunsFixture]) -> None:
    """The end has looked who waits and is not committed: the caller comes after it, and takes the output."""
    owner, two = worlds
    began, step = held(owner)
    first = asyncio.create_task(page(owner))
    await began.wait()
    gate = Gate(owner.database, "payloom_waits.family = %(called)s")
    step.set()
    await until(gate.reached.is_set)
    second = asyncio.create_task(page(two))
    await asyncio.sleep(0.4)
    assert not second.done(), "it waits for the lock"
    gate.open()
    answers = await asyncio.gather(first, second)
    assert [answer.body for answer in answers] == ["obj_things.create"] * 2
    timeline = await two.queries.timeline(answers[1].run_id)
    assert timeline["run"]["segment"] == 0, "it never slept"


async def test_nobody_is_forgotten_however_calls_and_ends_fall(worlds: list[RunsFixture]) -> None:
    """Thirty keys, eight callers each, on two workers, at random moments around the end of the run."""
    rng = random.Random(11)

    async def call(fixture: RunsFixture, session: str, pause: float) -> Any:
        await asyncio.sleep(pause)
        return await fixture.service.call("page", {"session": session}, trigger="manual", wait=12)

    for batch in range(3):
        sessions = [f"s{batch}-{number}" for number in range(10)]
        calls = [call(worlds[n % 2], session, rng.uniform(0, 0.25)) for session in sessions for n in range(8)]
        answers = await asyncio.gather(*calls)
        assert {answer.state for answer in answers} == {"answered"}
    runs = await worlds[0].queries.list(workflow_id="fulfill", limit=200)
    assert len(runs) == 30
    assert len(worlds[0].ledger.effects()) == 30
