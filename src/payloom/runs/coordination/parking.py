"""Parking: an event may arrive before the row it is about. Its run waits for the table to change instead of failing."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.db.deferred_writes import flush_key, on_before_commit
from payloom.runs.coordination.lanes import Lanes
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


class Parking:
    """Parks runs until a table changes, and wakes them."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps
        self._lanes = Lanes(deps)

    def may_park(self, run: Run, do: Do, failure: StepFailure) -> bool:
        """Tell whether a failure can end by itself, because the missing row might still arrive."""
        if run.trigger != "event" or do.verb != "update" or failure.kind != "row_not_found":
            return False
        since = run.parked_since or self._deps.clock.now()
        return (self._deps.clock.now() - since).total_seconds() < self._deps.limits.park_for

    def park(self, tx: sa.Connection, run: Run, table: str) -> dt.datetime:
        """Set the run's parking columns; returns when the run looks again by itself.

        It has to, as a change may slip through between two transactions.
        """
        flush_key(tx, _key(table))  # what was written before wakes others, not this run, which has just looked
        now = self._deps.clock.now()
        limits = self._deps.limits
        run.parked_on = table
        run.parked_since = run.parked_since or now
        pause = min(limits.park_first * 2**run.parked_times, limits.park_max)
        run.parked_times += 1
        end = run.parked_since + dt.timedelta(seconds=limits.park_for)
        return min(now + dt.timedelta(seconds=pause), max(end, now))

    def wake_parked(self, tx: sa.Connection, verb: str, table: str) -> None:
        """Let the runs that wait for a row of `table` look again, once `tx`, in which `verb` changed it, commits."""
        if verb in _WAKING_VERBS:
            on_before_commit(tx, _key(table), lambda tx: self._wake(tx, table))

    def _wake(self, tx: sa.Connection, table: str) -> None:
        for run_id, segment in compiled_statements.rows(tx, _PARKED, {"parked_table": table}):
            self._lanes.requeue(tx, run_id, segment)


def _key(table: str) -> tuple[str, str]:
    return "parked", table
