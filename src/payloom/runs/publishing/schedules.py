"""The timetable: a durable row per schedule with its next moment, arranged when publishing, moved on by who fires it.

A row is one (workflow, cron, time zone). Publishing the same schedule again keeps its row, so that moments missed
while nothing ran are known; a changed schedule is a new row, and rows that neither a published workflow nor a living
worker asks for are deleted.
While an old and a new version run side by side, each fires its own schedules, whichever of them started last.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from cronsim import CronSim

from payloom.kit.clock import rfc3339
from payloom.runs.models import cursors
from payloom.runs.registry import SCHEDULE_PREFIX as _PREFIX
from payloom.runs.registry import Schedule
from payloom.workflows.program.program import ScheduleTrigger, Workflow

_ASKING = "asks for schedules:"
ASKING = dt.timedelta(minutes=3)
"""A worker that has not asked for its schedules for so long is gone."""
_AT_ONCE = 50
"""Missed moments made up for in one transaction; the next ones follow in the next."""
ON_TIME = dt.timedelta(seconds=60)
"""A moment noticed later than this was missed; `catch_up: none` drops it."""


def schedules_of(workflows: Iterable[Workflow]) -> list[Schedule]:
    """Return every schedule; one written twice in a workflow counts once."""
    schedules: dict[str, Schedule] = {}
    for workflow in workflows:
        for index, trigger in enumerate(workflow.triggers):
            if isinstance(trigger, ScheduleTrigger):
                schedule = Schedule(workflow.id, index, trigger.cron, trigger.timezone, trigger.catch_up)
                schedules.setdefault(schedule.row_name, schedule)
    return list(schedules.values())


def occurrences(cron: str, timezone: str, after: dt.datetime) -> Iterator[dt.datetime]:
    """Yield the moments (UTC) after `after`, each once and in order.

    As Debian's cron: a fixed time that the change to summer time skips comes right after it, one that the change back
    repeats comes once; `*` hours follow the real time.
    """
    last = after
    for local in CronSim(cron, after.astimezone(ZoneInfo(timezone))):
        moment = local.astimezone(dt.UTC)
        # In the repeated hour the wall clock alone would name a moment that is over.
        if moment > last:
            last = moment
            yield moment


def _last_due(schedule: Schedule, first: dt.datetime, now: dt.datetime) -> dt.datetime:
    """Return the last moment from `first` (a moment, due) to `now`, without going through all between."""
    back = CronSim(schedule.cron, now.astimezone(ZoneInfo(schedule.timezone)), reverse=True)
    near = next((local.astimezone(dt.UTC) for local in back), first)
    last = max(first, min(near, now))
    for moment in occurrences(schedule.cron, schedule.timezone, last):
        if moment > now:
            break
        last = moment
    return last


def _plan(schedule: Schedule, first: dt.datetime, now: dt.datetime) -> tuple[list[dt.datetime], dt.datetime | None]:
    """Return the moments to run, of those due from `first` to `now`, and the next one to wait for."""
    if schedule.catch_up == "all":
        ahead = itertools.islice(occurrences(schedule.cron, schedule.timezone, first), _AT_ONCE)
        line = [first, *ahead]
        due = [moment for moment in line[:_AT_ONCE] if moment <= now]
        return due, line[len(due)] if len(due) < len(line) else None
    last = _last_due(schedule, first, now)
    following = next(occurrences(schedule.cron, schedule.timezone, now), None)
    return ([last] if schedule.catch_up == "last" or now - last <= ON_TIME else []), following


def upsert_schedules(
    tx: sa.Connection,
    schedules: Sequence[Schedule],
    now: dt.datetime,
    *,
    alone: bool = True,
    since: dt.datetime | None = None,
) -> None:
    """Within the transaction that publishes: add the rows of new schedules, delete those that no workflow has.

    alone: otherwise those that a living worker asks for stay, too: it may be newer than this one, or about to leave.
    since: added rows begin with the first moment after this, not after now.
    """
    names = {schedule.row_name: schedule for schedule in schedules}
    here = _rows(tx)
    if obsolete := here - set(names) - (set() if alone else _asked_for(tx, now)):
        tx.execute(sa.delete(cursors).where(cursors.c.name.in_(obsolete)))
    for name in sorted(set(names) - here):
        schedule = names[name]
        following = next(occurrences(schedule.cron, schedule.timezone, since or now), None)
        if following is not None:
            value = {
                "workflow": schedule.workflow_id,
                "schedule": schedule.cron,
                "timezone": schedule.timezone,
                "last": None,
            }
            tx.execute(sa.insert(cursors).values(name=name, value=value, at=following))


def needs_upsert(tx: sa.Connection, schedules: Sequence[Schedule]) -> bool:
    """Tell whether the stored rows differ from the schedules. One query, so that most publishes take no lock."""
    return _rows(tx) != {schedule.row_name for schedule in schedules}


def _rows(tx: sa.Connection) -> set[str]:
    return set(tx.execute(sa.select(cursors.c.name).where(cursors.c.name.startswith(_PREFIX))).scalars())


def _asked_for(tx: sa.Connection, now: dt.datetime) -> set[str]:
    query = sa.select(cursors.c.value).where(cursors.c.name.startswith(_ASKING), cursors.c.at > now - ASKING)
    return {name for names in tx.execute(query).scalars() for name in names}


def heartbeat_schedules(tx: sa.Connection, worker: str, schedules: Sequence[Schedule], now: dt.datetime) -> None:
    """Store within `tx`, for ASKING seconds, which schedules a living worker has. None: the worker is about to stop."""
    tx.execute(
        sa.delete(cursors).where(
            cursors.c.name.startswith(_ASKING), (cursors.c.name == _ASKING + worker) | (cursors.c.at <= now - ASKING)
        )
    )
    if schedules:
        names = [schedule.row_name for schedule in schedules]
        tx.execute(sa.insert(cursors).values(name=_ASKING + worker, value=names, at=now))


def next_occurrences(tx: sa.Connection, schedules: Sequence[Schedule]) -> dict[str, dt.datetime]:
    """Return the next moment of each schedule that has a row, by row name."""
    query = sa.select(cursors.c.name, cursors.c.at).where(
        cursors.c.name.in_([schedule.row_name for schedule in schedules])
    )
    return {row.name: row.at for row in tx.execute(query)}


def claim_due(tx: sa.Connection, schedule: Schedule, now: dt.datetime) -> list[dt.datetime]:
    """Advance the row within `tx`, and return the timestamps that the caller runs. None if another worker was first."""
    row = tx.execute(sa.select(cursors.c.at, cursors.c.value).where(cursors.c.name == schedule.row_name)).one_or_none()
    if row is None or row.at > now:
        return []
    due, following = _plan(schedule, row.at, now)
    own_row = (cursors.c.name == schedule.row_name) & (cursors.c.at == row.at)
    if following is None:
        changed = tx.execute(sa.delete(cursors).where(own_row))
    else:
        value = {**row.value, "last": rfc3339(due[-1]) if due else row.value.get("last")}
        changed = tx.execute(sa.update(cursors).where(own_row).values(at=following, value=value))
    return due if changed.rowcount == 1 else []
