"""After a restore: which steps may have gone out in the lost time, and since when; the others are first attempts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.runs_fixture import RunsFixture, build

from payloom.kit.clock import ManualClock, to_epoch
from payloom.runs.lost_time import LostTime, note_restored, read_lost_time
from payloom.runs.start_rights import SYSTEM

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.connectors.port import Attempt
    from payloom.db.database import Database
    from payloom.workflows.program.commands import Do

pytestmark = pytest.mark.anyio
BACKUP = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
RESTORE = BACKUP + dt.timedelta(hours=40)
PUSH = """\
name: Push
on: {stripe: thing, actions: [created]}
steps:
  - stripe: things.create
    with: {order: "${{ object.id }}"}
"""
CALLS = """\
name: Calls
on: {stripe: thing, actions: [updated]}
steps:
  - call: helper
    with: {order: "${{ object.id }}"}
"""
HELPER = """\
name: Helper
on: [{called: true}, {manual: true}]
input: {order: string}
steps:
  - stripe: things.create
    with: {order: "${{ inputs.order }}"}
"""
ONCE = """\
name: Once
on: {stripe: thing, actions: [paid]}
steps:
  - http: POST https://api.test/orders
    body: {id: "${{ object.id }}"}
    retry: false
"""
LOST = [
    # event, hours from the backup to the event, hours from then to the first attempt that is assumed (None: none is)
    ("thing.created", -2.0, 2.0),
    ("thing.created", 3.0, 0.0),
    ("thing.created", 39.9, 0.0),
    ("thing.created", 40.5, None),
    ("thing.updated", 3.0, 0.0),
    ("thing.updated", 40.5, None),
]


class Outside:
    """Notes each attempt."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do nothing."""
        self.attempts.append(attempt)
        return {"id": "obj_1"}


async def restored(database: Database, folder: Path) -> tuple[RunsFixture, Outside]:
    """Return the runs of a database that was restored just now."""
    outside = Outside()
    clock = ManualClock(RESTORE)
    fixture = await build(database, folder, clock=clock, outside=outside)
    await fixture.publish(push=PUSH, calls=CALLS, helper=HELPER, once=ONCE)
    await database.write(lambda tx: note_restored(tx, LostTime(BACKUP, RESTORE)))
    await fixture.service.start()
    clock.advance(dt.timedelta(hours=1))
    return fixture, outside


@pytest.mark.parametrize(("kind", "hours", "assumed"), LOST)
async def test_a_step_may_have_gone_out_if_its_event_is_older_than_the_restore(
    database: Database, tmp_path: Path, kind: str, hours: float, assumed: float | None
) -> None:
    fixture, outside = await restored(database, tmp_path)
    happened = BACKUP + dt.timedelta(hours=hours)
    await fixture.service.ingest(fixture.event(kind, "evt_1", to_epoch(happened), id="t1"))
    await fixture.settled()
    (attempt,) = outside.attempts
    if assumed is None:
        assert (attempt.in_doubt, attempt.first_at) == (False, RESTORE + dt.timedelta(hours=1))
    else:
        assert (attempt.in_doubt, attempt.first_at) == (True, happened + dt.timedelta(hours=assumed))
    await fixture.service.stop(1)


async def test_a_step_that_goes_out_once_is_left_to_a_person_who_can_let_it_go_out(
    database: Database, tmp_path: Path
) -> None:
    fixture, outside = await restored(database, tmp_path)
    event = fixture.event("thing.paid", "evt_1", to_epoch(BACKUP + dt.timedelta(hours=1)), id="t1")
    intake = await fixture.service.ingest(event)
    assert set((await fixture.settled()).values()) == {"failed"}
    timeline = await fixture.queries.timeline(intake.runs[0])
    assert timeline["steps"][0]["failure"]["kind"] == "outcome_unknown"
    assert outside.attempts == []
    await fixture.service.retry(intake.runs[0], person=SYSTEM)
    assert set((await fixture.settled()).values()) == {"succeeded"}
    assert [attempt.in_doubt for attempt in outside.attempts] == [False]
    await fixture.service.stop(1)


async def test_a_second_restore_remembers_the_first_lost_time_and_none_matters_after_a_month(
    database: Database,
) -> None:
    hour = dt.timedelta(hours=1)
    await database.write(lambda tx: note_restored(tx, LostTime(BACKUP, RESTORE)))
    again = LostTime(RESTORE + hour, RESTORE + 2 * hour)
    await database.write(lambda tx: note_restored(tx, again))
    lost = await database.read(lambda tx: read_lost_time(tx, RESTORE + 3 * hour))
    assert lost == LostTime(BACKUP, RESTORE + 2 * hour)
    assert await database.read(lambda tx: read_lost_time(tx, RESTORE + dt.timedelta(days=40))) is None
