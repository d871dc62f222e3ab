"""Parking: an event may arrive before the row it is about. Its run waits for the table to change instead of failing."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.db.deferred_writes import flush_key, on_before_commit
from payloom.runs.coordination.lanes import requeue
from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import runs
from payloom.runs.run_rows import Run
from payloom.workflows.program.commands import Do, StepFailure

_PARKED = (
    sa.select(runs.c.id, runs.c.segment)
    .where(runs.c.parked_on == sa.bindparam("parked_table"), runs.c.status == "waiting")
    .limit(500)
)
_WAKING_VERBS = frozenset({"insert", "upsert", "update"})


def may_park(deps: RunDependencies, run: Run, do: Do, failure: StepFailure) -> bool:
    """Whether this failure means "not yet" rather than "no"."""
    if run.trigger != "event" or do.verb != "update" or failure.kind != "row_not_found":
        return False
    since = run.parked_since or deps.clock.now()
    return (deps.clock.now() - since).total_seconds() < deps.limits.park_for


def park(deps: RunDependencies, tx: sa.Connection, run: Run, table: str) -> dt.datetime:
    """Set the run's parking columns; returns when it looks by itself (a change may slip through between two
    transactions).
    """
    flush_key(tx, _key(table))  # what was written before wakes others, not this run, which has just looked
    now = deps.clock.now()
    limits = deps.limits
    run.parked_on = table
    run.parked_since = run.parked_since or now
    pause = min(limits.park_first * 2**run.parked_times, limits.park_max)
    run.parked_times += 1
    end = run.parked_since + dt.timedelta(seconds=limits.park_for)
    return min(now + dt.timedelta(seconds=pause), max(end, now))


def wake_parked(deps: RunDependencies, tx: sa.Connection, verb: str, table: str) -> None:
    """`verb` has just changed `table` in `tx`: let the runs that wait for it look again once it is committed."""
    if verb in _WAKING_VERBS:
        on_before_commit(tx, _key(table), lambda tx: _wake(deps, tx, table))


def _key(table: str) -> tuple[str, str]:
    return "parked", table


def _wake(deps: RunDependencies, tx: sa.Connection, table: str) -> None:
    for run_id, segment in compiled_statements.rows(tx, _PARKED, {"parked_table": table}):
        requeue(deps, tx, run_id, segment)
