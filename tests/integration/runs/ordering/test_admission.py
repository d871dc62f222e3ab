"""More events than can be worked on: each is stored with its run and answered, and first turns come in order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.runs_fixture import RunsFixture, build

from payloom.runs.advance import backlog
from payloom.runs.dependencies import RunLimits

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio
CROWDED = RunLimits(busy_slots=0)
"""There is never room for a first turn in the transaction of the event; one run at a time takes turns."""
MAKE = """\
name: Make
on: {stripe: thing, actions: [created]}
steps:
  - stripe: things.create
"""
LINE = """\
name: Line
on: {stripe: thing, actions: [updated], queue: "${{ object.id }}"}
steps:
  - stripe: things.create
    with: {n: "${{ object.n }}"}
  - stripe: things.charge
"""
HOPE = """\
name: Hope
on: {stripe: thing, actions: [paid]}
steps:
  - id: gone
    wait_for: {stripe: thing, actions: [deleted], match: "event.id != ''", timeout: 60s}
  - insert: counters
    values: {id: "${{ gone?.id ?? 'missed' }}"}
"""


async def crowded(database: Database, folder: Path) -> RunsFixture:
    """A world that admits events and begins their runs later."""
    fixture = await build(database, folder, limits=CROWDED)
    await fixture.publish(make=MAKE, line=LINE, hope=HOPE)
    return fixture


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of most of the runs that wait only the id is kept."""
    monkeypatch.setattr(backlog, "WHOLE", 3)


async def test_a_burst_is_worked_off_in_its_order_and_without_the_queue(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixture = await crowded(database, tmp_path)
    queued: list[Any] = []
    monkeypatch.setattr(fixture.engine, "enqueue", lambda _tx, *entry, **_when: queued.append(entry))
    await fixture.service.start()
    events = [fixture.event("thing.created", f"evt_{n:03}", id=f"t{n}") for n in range(60)]
    intakes = await asyncio.gather(*[fixture.service.ingest(event) for event in events])
    runs = [run for result in intakes for run in result.runs]
    assert len(runs) == 60
    assert set((await fixture.settled()).values()) == {"succeeded"}
    assert queued == []
    keys = fixture.ledger.attempts()
    assert [key.split(":")[0] for key in keys] == runs, "the oldest first, each once"
    await fixture.service.stop(1)


async def test_an_event_is_answered_while_the_runs_before_it_are_still_to_begin(
    database: Database, tmp_path: Path
) -> None:
    fixture = await crowded(database, tmp_path)
    await fixture.service.start()
    fixture.service._worker._busy += 1  # somebody takes a turn that does not end
    intakes = [await fixture.service.ingest(fixture.event("thing.created", f"evt_{n}", id=f"t{n}")) for n in range(9)]
    rows = await fixture.queries.list()
    assert {row["id"] for row in rows} == {result.runs[0] for result in intakes}
    assert {row["status"] for row in rows} == {"running"}
    assert fixture.ledger.attempts() == []
    assert await fixture.service.sweep() == 0, "nobody takes them for lost"
    await fixture.service.cancel(intakes[4].runs[0])
    fixture.service._worker._busy -= 1
    fixture.service._worker._pump()
    statuses = await fixture.settled()
    assert sorted(statuses.values()) == ["canceled"] + ["succeeded"] * 8
    assert statuses[intakes[4].runs[0]] == "canceled"
    await fixture.service.stop(1)


async def test_runs_about_one_object_keep_their_order(database: Database, tmp_path: Path) -> None:
    fixture = await crowded(database, tmp_path)
    await fixture.service.start()
    events = [fixture.event("thing.updated", id=f"t{n % 3}", n=n) for n in range(18)]
    await asyncio.gather(*[fixture.service.ingest(event) for event in events])
    assert set((await fixture.settled()).values()) == {"succeeded"}
    created = [
        line["args"]["with"]["n"]
        for line in fixture.ledger.lines()
        if line.get("action") == "things.create" and "effect" in line
    ]
    for remainder in range(3):
        own = [number for number in created if number % 3 == remainder]
        assert own == sorted(own)
        assert len(own) == 6
    await fixture.service.stop(1)


@pytest.mark.parametrize("leaves", ["stops", "dies"])
async def test_a_process_that_ends_leaves_its_backlog_to_the_next(
    database: Database, tmp_path: Path, leaves: str
) -> None:
    first = await crowded(database, tmp_path)
    await first.service.start()
    first.service._worker._busy += 1
    events = [first.event("thing.created", f"evt_{n}", id=f"t{n}") for n in range(25)]
    await asyncio.gather(*[first.service.ingest(event) for event in events])
    assert first.ledger.attempts() == []
    if leaves == "stops":
        await first.service.stop(0)
    second = await crowded(database, tmp_path)
    await second.service.start()
    if leaves == "dies":
        await second.service._worker.takeover(first.engine.worker_id)
    else:
        for run in await second.queries.list(limit=50):  # the engine of these tests forgets its queue
            assert run["status"] == "queued"
            await second.service._worker.advance(run["id"])
    statuses = await second.settled()
    assert list(statuses.values()) == ["succeeded"] * 25
    assert len(second.ledger.attempts()) == len(set(second.ledger.attempts())) == 25
    await second.service.stop(1)
    if leaves == "dies":
        first.service._worker._busy -= 1
        first.service._worker._pump()
        await asyncio.sleep(0.1)
        assert len(second.ledger.attempts()) == 25, "its late first turns are refused"
        await first.service.stop(0)


async def test_an_event_that_comes_with_the_one_that_began_the_run_is_not_missed(
    database: Database, tmp_path: Path
) -> None:
    """Both are stored in one transaction, and the run looks for what it waits for only afterwards."""
    fixture = await crowded(database, tmp_path)
    await fixture.service.start()
    events = [fixture.event("thing.paid", id="t"), fixture.event("thing.deleted", id="t")]
    await fixture.database.write(lambda tx: fixture.service._intake.intake_all(tx, events))
    await fixture.settled(seconds=10)
    assert [row["id"] for row in await fixture.rows("counters")] == [events[1].id]
    await fixture.service.stop(1)
