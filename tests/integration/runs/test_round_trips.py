"""How often an event makes the database do something: statements per event, pinned, so that they do not grow unseen.

On Postgres each of them is a round trip. Who lowers a figure writes the lower one here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.load.paid_orders import StatementCount
from tests.support.runs_fixture import RunsFixture, build

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

PAY = """\
name: Pay an order
on: {stripe: thing, actions: [paid]}
steps:
  - filter: object.amount > 0
  - update: orders
    where: {id: "${{ object.order }}"}
    set: {status: paid, paid: "${{ object.amount }}"}
"""
LANE = """\
name: Two outside steps in a lane
on: {stripe: thing, actions: [created], queue: "${{ object.id }}"}
steps:
  - stripe: things.create
  - stripe: things.charge
"""

CHARGE = """\
name: Charge for a caller
on: {manual: true}
steps:
  - stripe: things.charge
  - return: 1
"""


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    """A started world whose statements are counted in `seen`."""
    fixture = await build(database, tmp_path)
    await fixture.publish(pay=PAY, lane=LANE, charge=CHARGE)
    for number in range(50):
        await fixture.put("orders", id=f"o{number}")
    await fixture.service.start()
    yield fixture
    await fixture.service.stop(2.0)


async def test_an_event_in_the_fast_lane(fixture: RunsFixture) -> None:
    """Store it, do its step, look who waits, insert run and step: and no savepoint."""
    count = StatementCount(fixture.database)
    await fixture.service.ingest(fixture.event("thing.paid", id="t", order="o1", amount=5))
    seen = count.stop()
    assert len(seen) <= (9 if fixture.database.dialect == "postgresql" else 6), seen


async def test_fifty_events_that_arrive_together(fixture: RunsFixture) -> None:
    """Their own steps, and what one event needs besides: twice, as the first one did not wait for the others."""
    events = [fixture.event("thing.paid", id=f"t{n}", order=f"o{n}", amount=5) for n in range(50)]
    count = StatementCount(fixture.database)
    await asyncio.gather(*[fixture.service.ingest(event) for event in events])
    seen = count.stop()
    assert len(seen) <= 50 + 18, seen


async def test_a_run_with_two_outside_steps_in_a_lane(fixture: RunsFixture) -> None:
    """Four transactions: taken in, after each step, at the end: five statements each, seven for the first."""
    count = StatementCount(fixture.database)
    intake = await fixture.service.ingest(fixture.event("thing.created", id="t"))
    assert intake.new
    answer = await fixture.service.answer(intake.runs[0], wait=10)
    assert answer.state == "answered"
    seen = [
        statement for statement in count.stop() if not statement.startswith("SELECT payloom_runs.id, payloom_runs.root")
    ]
    writes = [statement for statement in seen if statement not in ("BEGIN", "COMMIT")]
    assert len(writes) <= 18, writes


async def test_a_caller_does_not_ask_the_database_while_its_own_process_advances_the_run(fixture: RunsFixture) -> None:
    """It hears of the answer. Only a run that another process may advance is looked at again and again."""
    asleep = asyncio.Event()

    async def wait(_when: str, do: Any) -> None:
        if do.action == "things.charge":
            asleep.set()
            await asyncio.sleep(1.2)

    fixture.ledger.hooks.append(wait)
    calling = asyncio.create_task(fixture.service.call("charge", {}, trigger="manual", wait=10))
    await asleep.wait()
    count = StatementCount(fixture.database)
    answer = await calling
    seen = [line for line in count.stop() if line.startswith("SELECT payloom_runs.id, payloom_runs.root_id")]
    assert answer.state == "answered"
    assert len(seen) <= 1, seen
