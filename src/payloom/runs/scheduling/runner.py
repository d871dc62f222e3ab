"""Starts the runs of schedules whose moment has come, once across all workers."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from payloom.db.errors import DatabaseError
from payloom.kit.clock import monotonic, rfc3339
from payloom.kit.errors import PayloomError
from payloom.runs.advance.run_starter import RunStarter
from payloom.runs.coordination.dedupe import DedupeKeys
from payloom.runs.dependencies import RunDependencies
from payloom.runs.publishing.schedules import claim_due, heartbeat_schedules, next_occurrences, upsert_schedules
from payloom.runs.registry import Schedule, TriggerContext
from payloom.runs.run_rows import Run, insert_failed, load_run, scheduled_run_id
from payloom.workflows.program.commands import StepFailure

log = logging.getLogger("payloom.runs")

_HEARTBEAT = 50.0
"""Seconds after which a worker says again which schedules it has."""
_CHECK = 15.0
"""Seconds between two checks at most: another process may have published, and clocks jump."""


class ScheduleRunner:
    """Starts the runs of schedules."""

    def __init__(self, deps: RunDependencies, starter: RunStarter) -> None:
        """Wire the services."""
        self._deps = deps
        self._starter = starter
        self._dedupe = DedupeKeys(deps)
        self._heartbeat_at = -_HEARTBEAT
        self._missing: Sequence[Schedule] = []

    async def tick(self) -> Sequence[str]:
        """Start the runs of schedules that are due (once, whichever worker comes first); returns their ids."""
        started: list[str] = []
        for schedule in self._deps.workflows.schedules():
            while new := await self._deps.database.write(lambda tx, schedule=schedule: self.fire_due(tx, schedule)):
                started += new
        return started

    async def run(self) -> None:
        """Tick whenever a schedule is due, until canceled; failures are logged and tried again."""
        self._heartbeat_at, self._missing = -_HEARTBEAT, []
        try:
            while True:
                pause: float | None = _CHECK
                try:
                    pause = await self._tick_and_plan()
                except Exception:
                    log.exception("the scheduler failed; trying again in %s s", _CHECK)
                if pause is not None:
                    await asyncio.sleep(max(pause, 0.05))
        finally:
            with contextlib.suppress(DatabaseError):
                await self._deps.database.write(lambda tx: self._heartbeat(tx, []))

    async def _tick_and_plan(self) -> float | None:
        """Start what is due; return the seconds until the next check, or None for a check at once."""
        schedules = self._deps.workflows.schedules()
        if not schedules:
            return _CHECK
        if monotonic() - self._heartbeat_at >= _HEARTBEAT:
            self._heartbeat_at = monotonic()
            self._missing = await self._deps.database.write(lambda tx: self._heartbeat(tx, schedules))
        coming = await self._deps.database.read(lambda tx: next_occurrences(tx, schedules))
        now = self._deps.clock.now()
        if any(at <= now for at in coming.values()):
            await self.tick()
            return None
        return min([_CHECK, *((at - now).total_seconds() for at in coming.values())])

    def _heartbeat(self, tx: sa.Connection, schedules: Sequence[Schedule]) -> Sequence[Schedule]:
        """Within `tx`, say which schedules this worker has; returns those without a row."""
        now, rows = self._deps.clock.now(), next_occurrences(tx, schedules) if schedules else {}
        missing = [schedule for schedule in schedules if schedule.row_name not in rows]
        heartbeat_schedules(tx, self._deps.engine.worker_id, schedules, now)
        if missing and missing == self._missing:
            # Twice in a row, so it is no change that this worker has yet to hear of: an older one has started since.
            self._deps.database.write_lock(tx, "schedules")
            upsert_schedules(tx, schedules, now, alone=False, since=now - dt.timedelta(seconds=3 * _HEARTBEAT))
        return missing

    def fire_due(self, tx: sa.Connection, schedule: Schedule) -> list[str]:
        """Within `tx`: start what is due of one schedule, and move it on; returns the ids of the new runs."""
        started: list[str] = []
        for moment in claim_due(tx, schedule, self._deps.clock.now()):
            run_id = self._start(tx, schedule, moment)
            if run_id is not None:
                started.append(run_id)
        return started

    def _start(self, tx: sa.Connection, schedule: Schedule, moment: dt.datetime) -> str | None:
        run_id, now = scheduled_run_id(schedule.workflow_id, moment), self._deps.clock.now()
        if load_run(tx, run_id) is not None:
            # A schedule that was changed and changed back, or two that share a moment.
            return None
        run = Run(
            id=run_id,
            root_id=run_id,
            workflow_id=schedule.workflow_id,
            version="",
            trigger="schedule",
            trigger_index=schedule.index,
            request={"scheduled": rfc3339(moment)},
            created_at=now,
            started_at=now,
            updated_at=now,
        )
        context = TriggerContext(trigger="schedule", run_id=run_id, root_id=run_id, started_at=now)
        try:
            start = self._deps.workflows.start(schedule.workflow_id, "schedule", schedule.index, context)
        except PayloomError as error:
            log.warning("run %s: its schedule could not start it: %s", run_id, error.message)
            insert_failed(tx, run, StepFailure(error.code, error.message, hint=error.hint, where=error.where))
            return run_id
        run.version, run.pins = start.version, dict(start.pins) or None
        if self._dedupe.claim_once(tx, run, start) is not None:
            return None
        return self._starter.start_run(tx, run, None, start)
