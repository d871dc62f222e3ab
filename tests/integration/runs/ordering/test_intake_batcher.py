"""Events that arrive together share a transaction, and nothing else: order, failures and answers are each one's own."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.support.runs_fixture import RunsFixture, build

from payloom.runs.dependencies import RunLimits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

PAY = """\
name: Pay an order
on: {stripe: thing, actions: [paid]}
steps:
  - update: orders
    where: {id: "${{ object.order }}"}
    set: {status: paid, paid: "${{ object.amount }}"}
"""

ENTER = """\
name: Enter
on: {stripe: thing, actions: [created]}
steps:
  - insert: orders
    values: {id: "${{ object.order }}"}
"""

COUNT = """\
name: Count, one after the other
on: {stripe: thing, actions: [updated], queue: "${{ object.id }}"}
steps:
  - id: counter
    upsert: counters
    key: id
    values: {id: "${{ object.id }}"}
  - update: counters
    where: {id: "${{ object.id }}"}
    set: {value: "${{ counter.value * 10 + object.digit }}"}
"""

WAIT = """\
name: Wait
on: {stripe: thing, actions: [created]}
steps:
  - id: news
    wait_for: {stripe: thing, match: "object.id == 'w1'", timeout: 1h}
  - return: {amount: "${{ news?.data.object.amount }}"}
"""

OUTSIDE = """\
name: In a lane, and outside
on: {stripe: thing, actions: [updated], queue: "${{ object.id }}"}
steps:
  - stripe: things.create
    with: {n: "${{ object.digit }}"}
"""


@pytest.fixture
async def fixture(database: Database, tmp_path: Path) -> AsyncIterator[RunsFixture]:
    """A started world."""
    fixture = await build(database, tmp_path, limits=RunLimits(park_first=0.2))
    await fixture.service.start()
    yield fixture
    await fixture.service.stop(2.0)


async def transactions(database: Database) -> int:
    """How many there have been; Postgres only."""
    query = sa.text("SELECT txid_current()")
    return await database.write(lambda tx: tx.execute(query).scalar_one())


async def test_events_that_arrive_together_are_stored_together(fixture: RunsFixture) -> None:
    """A hundred callers, a handful of commits; everybody gets the answer to their own event."""
    await fixture.publish(pay=PAY)
    for number in range(100):
        await fixture.put("orders", id=f"o{number:02}")
    postgres = fixture.database.dialect == "postgresql"
    before = await transactions(fixture.database) if postgres else 0
    events = [
        fixture.event("thing.paid", id=f"t{number}", order=f"o{number:02}", amount=number) for number in range(100)
    ]
    intakes = await asyncio.gather(*[fixture.service.ingest(event) for event in events])
    if postgres:
        assert await transactions(fixture.database) - before < 12
    assert all(intake.new and len(intake.runs) == 1 for intake in intakes)
    assert len({intake.runs[0] for intake in intakes}) == 100
    assert [row["paid"] for row in await fixture.rows("orders")] == list(range(100))


async def test_one_that_fails_fails_alone(fixture: RunsFixture) -> None:
    """A refused row, an event delivered twice at once, and one whose row is not there yet: each has its own end."""
    await fixture.publish(pay=PAY, enter=ENTER)
    await fixture.put("orders", id="o1")
    events = [fixture.event("thing.created", id=f"t{number}", order=f"o{number}") for number in range(12)]
    early = fixture.event("thing.paid", id="x", order="not yet", amount=3)
    intakes = await asyncio.gather(*[fixture.service.ingest(event) for event in [*events, early, *events[:4]]])
    assert [intake.new for intake in intakes] == [True] * 13 + [False] * 4
    statuses = [(await fixture.queries.get(intake.runs[0])).status for intake in intakes[:12]]
    assert statuses == ["succeeded", "failed", *["succeeded"] * 10]
    assert await fixture.status(intakes[12].runs[0]) == "waiting"
    assert [row["id"] for row in await fixture.rows("orders")] == sorted(f"o{number}" for number in range(12))
    await fixture.service.ingest(fixture.event("thing.created", id="t99", order="not yet"))
    assert await fixture.settled(intakes[12].runs[0]) == {intakes[12].runs[0]: "succeeded"}


async def test_a_lane_keeps_its_order_within_one_transaction(fixture: RunsFixture) -> None:
    """Runs of one object, taken in together, are done one after the other."""
    await fixture.publish(count=COUNT)
    events = [fixture.event("thing.updated", id=f"c{number % 3}", digit=number // 3 + 1) for number in range(15)]
    await asyncio.gather(*[fixture.service.ingest(event) for event in events])
    assert [row["value"] for row in await fixture.rows("counters")] == [12345] * 3


async def test_in_a_lane_the_next_waits_for_the_outside_step_of_the_one_before(fixture: RunsFixture) -> None:
    """Also when both came in the same moment."""
    await fixture.publish(outside=OUTSIDE)
    events = [fixture.event("thing.updated", id="c", digit=number) for number in range(6)]
    await asyncio.gather(*[fixture.service.ingest(event) for event in events])
    await fixture.settled()
    sent = [line["args"]["with"]["n"] for line in fixture.ledger.lines() if "effect" in line]
    assert sent == list(range(6))


async def test_a_run_waits_for_what_comes_after_its_own_event(fixture: RunsFixture) -> None:
    """Of the events taken in together, the later one ends the wait and the earlier one does not."""
    await fixture.publish(wait=WAIT)
    await asyncio.gather(
        *[
            fixture.service.ingest(event)
            for event in (
                fixture.event("thing.updated", id="nothing"),
                fixture.event("thing.paid", id="w1", amount=1),
                fixture.event("thing.created", id="t"),
                fixture.event("thing.paid", id="w1", amount=2),
                fixture.event("thing.paid", id="w1", amount=3),
            )
        ]
    )
    await fixture.settled()
    [run] = await fixture.queries.list()
    assert (await fixture.queries.get(run["id"])).output == {"amount": 2}


async def test_a_wait_and_its_event_in_two_transactions_at_once_find_each_other(fixture: RunsFixture) -> None:
    """Neither sees what the other has not committed: one of them looks again after the other."""
    if fixture.database.dialect != "postgresql":
        pytest.skip("SQLite has one writer: two transactions are never under way at once")
    await fixture.publish(wait=WAIT)
    begin, bring = fixture.event("thing.created", id="t"), fixture.event("thing.paid", id="w1", amount=7)
    barrier = threading.Barrier(2, timeout=5)

    def beginning(tx: sa.Connection) -> None:
        fixture.service.intake(tx, begin)
        barrier.wait()
        time.sleep(0.2)

    def bringing(tx: sa.Connection) -> None:
        barrier.wait()
        fixture.service.intake(tx, bring)

    await asyncio.gather(fixture.database.write(beginning), fixture.database.write(bringing))
    assert set((await fixture.settled(seconds=5)).values()) == {"succeeded"}
