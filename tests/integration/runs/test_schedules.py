"""Schedules: each moment starts one run, whoever is up to see it; missed ones as the file says."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from tests.support.runs_fixture import RunsFixture, build

from payloom.kit.clock import ManualClock
from payloom.runs.models import cursors
from payloom.runs.publishing.schedules import occurrences

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

MONDAY = dt.datetime(2026, 1, 5, 2, 0, tzinfo=dt.UTC)


def weekly(when: str = "0 3 * * 1", zone: str = "UTC", catch_up: str = "last") -> str:
    return f"""\
name: Weekly
on: {{schedule: "{when}", timezone: {zone}, catch_up: {catch_up}}}
steps:
  - insert: counters
    values: {{id: "${{{{ run.id }}}}"}}
"""


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)


async def scheduled(fixture: RunsFixture) -> list[str]:
    """The moments that have been run, in order."""
    runs = await fixture.queries.list(limit=200)
    rows = [await fixture.queries.get(run["id"]) for run in runs]
    assert {row.status for row in rows} <= {"succeeded"}
    return sorted(row.request["scheduled"] for row in rows)


async def test_a_moment_starts_one_run_and_only_when_it_has_come(database: Database, tmp_path: Path) -> None:
    clock = ManualClock(MONDAY)
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.service.start()
    await fixture.publish(weekly=weekly())
    assert not await fixture.service.tick()
    clock.advance(dt.timedelta(hours=1))
    (run,) = await fixture.service.tick()
    assert not await fixture.service.tick()
    await fixture.settled()
    assert await fixture.rows("counters") == [{"id": run, "value": 0}]
    assert (await fixture.queries.get(run)).trigger == "schedule"
    clock.advance(dt.timedelta(days=7))
    await fixture.service.tick()
    assert await scheduled(fixture) == ["2026-01-05T03:00:00Z", "2026-01-12T03:00:00Z"]
    await fixture.service.stop(2)


async def test_many_workers_start_it_once(database: Database, tmp_path: Path) -> None:
    clock = ManualClock(MONDAY)
    workers = [await build(database, tmp_path, clock=clock) for _ in range(4)]
    await asyncio.gather(*(worker.publish(weekly=weekly("* * * * *", catch_up="all")) for worker in workers))
    clock.advance(dt.timedelta(minutes=3))
    started = await asyncio.gather(*(worker.service.tick() for worker in workers))
    assert len([run for runs in started for run in runs]) == 3
    assert len(await scheduled(workers[0])) == 3


@pytest.mark.parametrize(("catch_up", "days"), [("none", []), ("last", [8]), ("all", [6, 7, 8])])
async def test_after_a_stop_missed_moments_are_made_up_for_as_the_file_says(
    database: Database, tmp_path: Path, catch_up: str, days: list[int]
) -> None:
    clock = ManualClock(utc(2026, 1, 5, 12))
    before = await build(database, tmp_path, clock=clock)
    await before.publish(weekly=weekly("0 3 * * *", catch_up=catch_up))
    clock.set(utc(2026, 1, 8, 12))
    after = await build(database, tmp_path, clock=clock)
    await after.publish(weekly=weekly("0 3 * * *", catch_up=catch_up))
    await after.service.tick()
    assert await scheduled(after) == [f"2026-01-{day:02}T03:00:00Z" for day in days]
    clock.set(utc(2026, 1, 9, 3, 0, 5))
    assert len(await after.service.tick()) == 1
    assert len(await scheduled(after)) == len(days) + 1


async def test_every_missed_moment_is_made_up_for_however_many(database: Database, tmp_path: Path) -> None:
    clock = ManualClock(MONDAY)
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.publish(weekly=weekly("* * * * *", catch_up="all"))
    clock.advance(dt.timedelta(minutes=120))
    started = await fixture.service.tick()
    assert len(set(started)) == 120
    assert len(await scheduled(fixture)) == 120


async def test_a_changed_schedule_holds_from_its_publish_and_a_removed_one_never_fires(
    database: Database, tmp_path: Path
) -> None:
    clock = ManualClock(MONDAY)
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.publish(weekly=weekly("0 3 * * *"))
    clock.advance(dt.timedelta(hours=3))
    await fixture.publish(weekly=weekly("30 6 * * *"))
    assert not await fixture.service.tick()
    clock.advance(dt.timedelta(hours=2))
    await fixture.service.tick()
    assert await scheduled(fixture) == ["2026-01-05T06:30:00Z"]
    await fixture.publish(weekly="name: Weekly\non: {manual: true}\nsteps:\n  - log: hi\n")
    clock.advance(dt.timedelta(days=2))
    assert not await fixture.service.tick()


async def test_a_worker_with_files_from_before_a_change_leaves_the_timetable_alone(
    database: Database, tmp_path: Path
) -> None:
    clock = ManualClock(MONDAY)
    old = await build(database, tmp_path, clock=clock)
    await old.publish(weekly=weekly("0 3 * * *"))
    new = await build(database, tmp_path, clock=clock)
    await new.publish(weekly=weekly("0 4 * * *"))
    clock.advance(dt.timedelta(hours=3))
    assert not await old.service.tick()
    assert len(await new.service.tick()) == 1


async def test_an_old_version_that_starts_again_beside_a_new_one_takes_no_schedule_away(
    database: Database, tmp_path: Path
) -> None:
    """A rolling deploy: the old worker crashes and comes back while the new one is up already."""
    clock = ManualClock(MONDAY)
    await (await build(database, tmp_path, clock=clock)).publish(weekly=weekly("0 3 * * *"))
    new = await build(database, tmp_path, clock=clock)
    await new.publish(weekly=weekly("0 4 * * *"))
    keeping = asyncio.create_task(new.service.run_scheduler())
    await _asked(database)
    old = await build(database, tmp_path, clock=clock)
    await old.publish(weekly=weekly("0 3 * * *"))
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    clock.set(utc(2026, 1, 5, 4, 0, 5))
    assert len(await new.service.tick()) == 1
    assert len(await old.service.tick()) == 1
    # The new one has left: who starts now has the timetable alone again.
    await (await build(database, tmp_path, clock=clock)).publish(weekly=weekly("0 3 * * *"))
    clock.set(utc(2026, 1, 6, 4, 0, 5))
    assert not await new.service.tick()


async def _asked(database: Database) -> None:
    query = sa.select(sa.func.count()).select_from(cursors).where(cursors.c.name.startswith("asks for"))
    for _ in range(500):
        if await database.read(lambda tx: tx.execute(query).scalar()):
            return
        await asyncio.sleep(0.01)
    pytest.fail("the worker did not ask for its schedules")


async def test_the_timetable_keeps_time_by_itself(database: Database, tmp_path: Path) -> None:
    clock = ManualClock(utc(2026, 1, 5, 2, 59, 59))
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.service.start()
    await fixture.publish(weekly=weekly())
    keeping = asyncio.create_task(fixture.service.run_scheduler())
    clock.advance(dt.timedelta(seconds=1))
    await fixture.settled(seconds=10)
    keeping.cancel()
    assert await scheduled(fixture) == ["2026-01-05T03:00:00Z"]
    await fixture.service.stop(2)


async def test_a_schedule_that_cannot_start_its_run_is_a_failed_run(database: Database, tmp_path: Path) -> None:
    clock = ManualClock(MONDAY)
    fixture = await build(database, tmp_path, clock=clock)
    broken = weekly().replace("steps:", 'once: "${{ string(1 / (size(run.id) - size(run.id))) }}"\nsteps:')
    await fixture.publish(weekly=broken)
    clock.advance(dt.timedelta(hours=2))
    (run,) = await fixture.service.tick()
    assert await fixture.status(run) == "failed"


def days(cron: str, zone: str, after: dt.datetime, count: int) -> list[str]:
    moments = occurrences(cron, zone, after)
    return [next(moments).isoformat()[5:16] for _ in range(count)]


async def test_clock_changes_skip_nothing_and_repeat_nothing() -> None:
    """Berlin: 2026-03-29 02:00 becomes 03:00, 2026-10-25 03:00 becomes 02:00."""
    zone = "Europe/Berlin"
    assert days("30 2 * * *", zone, utc(2026, 3, 27, 12), 3) == ["03-28T01:30", "03-29T01:00", "03-30T00:30"]
    assert days("30 2 * * *", zone, utc(2026, 10, 23, 12), 3) == ["10-24T00:30", "10-25T00:30", "10-26T01:30"]
    # Asked within the second 02:10 of that night: today's 02:30 is over.
    assert days("30 2 * * *", zone, utc(2026, 10, 25, 1, 10), 1) == ["10-26T01:30"]
    assert days("30 * * * *", zone, utc(2026, 10, 24, 23, 45), 3) == ["10-25T00:30", "10-25T01:30", "10-25T02:30"]


@pytest.mark.parametrize("now", [utc(2026, 10, 25, 1, 10), utc(2026, 10, 25, 2)])
async def test_the_last_missed_moment_is_found_in_the_night_the_clock_changes(
    database: Database, tmp_path: Path, now: dt.datetime
) -> None:
    clock = ManualClock(utc(2026, 10, 20))
    fixture = await build(database, tmp_path, clock=clock)
    await fixture.publish(weekly=weekly("30 2 * * *", "Europe/Berlin"))
    clock.set(now)
    await fixture.service.tick()
    assert await scheduled(fixture) == ["2026-10-25T00:30:00Z"]
