"""Starts the runs of schedules whose moment has come, once across all workers."""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa

from payloom.kit.clock import rfc3339
from payloom.kit.errors import PayloomError
from payloom.runs.advance.worker import RunWorker
from payloom.runs.coordination import dedupe
from payloom.runs.dependencies import RunDependencies
from payloom.runs.intake.intake import start_run
from payloom.runs.registry import TriggerContext
from payloom.runs.run_rows import Run, event_run_id, insert_failed, load_run
from payloom.runs.scheduling.schedules import Schedule, take
from payloom.workflows.program.commands import StepFailure

log = logging.getLogger("payloom.runs")


def scheduled_run_id(workflow_id: str, moment: dt.datetime) -> str:
    """Return the id of the one run a moment may start of a workflow."""
    return event_run_id(f"schedule:{rfc3339(moment)}", workflow_id)


def fire_due(deps: RunDependencies, worker: RunWorker, tx: sa.Connection, one: Schedule) -> list[str]:
    """Within `tx`: start what is due of one schedule, and move it on; returns the ids of the new runs."""
    started = []
    for moment in take(tx, one, deps.clock.now()):
        run_id = _start(deps, worker, tx, one, moment)
        if run_id is not None:
            started.append(run_id)
    return started


def _start(
    deps: RunDependencies, worker: RunWorker, tx: sa.Connection, one: Schedule, moment: dt.datetime
) -> str | None:
    run_id, now = scheduled_run_id(one.workflow_id, moment), deps.clock.now()
    if load_run(tx, run_id) is not None:
        # A schedule that was changed and changed back, or two that share a moment.
        return None
    run = Run(
        id=run_id,
        root_id=run_id,
        workflow_id=one.workflow_id,
        version="",
        trigger="schedule",
        trigger_index=one.index,
        request={"scheduled": rfc3339(moment)},
        created_at=now,
        started_at=now,
        updated_at=now,
    )
    context = TriggerContext(trigger="schedule", run_id=run_id, root_id=run_id, started_at=now)
    try:
        start = deps.workflows.start(one.workflow_id, "schedule", one.index, context)
    except PayloomError as error:
        log.warning("run %s: its schedule could not start it: %s", run_id, error.message)
        insert_failed(tx, run, StepFailure(error.code, error.message, hint=error.hint, where=error.where))
        return run_id
    run.version, run.pins = start.version, dict(start.pins) or None
    if dedupe.claim_once(deps, tx, run, start) is not None:
        return None
    return start_run(deps, worker, tx, run, None, start)
