"""Runs that this server leaves to another: it lacks a mail template or a Python function of the run's version.

During a deployment servers of an older version take runs of a newer one from the queue, too.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import runs
from payloom.runs.run_rows import Run

log = logging.getLogger("payloom.runs")

WITHIN = dt.timedelta(hours=1)
"""How long a run waits for a server that has everything. Then it fails at the step that needs what is missing."""
_PAUSE = dt.timedelta(seconds=3)


def missing(deps: RunDependencies, run: Run) -> list[str]:
    """Return what the run's version needs and this server lacks, such as `python fraud:score`."""
    needed = deps.workflows.needs(run.start())
    return sorted(f"{verb} {name}" for verb, name in needed if not deps.offers(verb, name))


def leave_to_another(deps: RunDependencies, tx: sa.Connection, run: Run) -> bool:
    """Put a run back that this server cannot do, within `tx`; False if it is to be advanced here all the same."""
    lacking = missing(deps, run)
    if not lacking:
        return False
    now = deps.clock.now()
    waited: Mapping[str, Any] = run.waiting_for or {}
    until = dt.datetime.fromisoformat(waited["until"]) if "server" in waited else now + WITHIN
    if now >= until:
        return False
    if "server" not in waited:
        log.info("run %s is left to a server that has %s", run.id, ", ".join(lacking))
    tx.execute(
        sa.update(runs)
        .where(runs.c.id == run.id)
        .values(
            status="waiting",
            owner=None,
            segment=run.segment + 1,
            epoch=run.epoch + 1,
            wake_at=now + _PAUSE,
            waiting_for={"server": lacking, "until": until.isoformat()},
            parked_on=None,
            updated_at=now,
        )
    )
    deps.engine.enqueue(tx, run.id, run.segment + 1, at=now + _PAUSE)
    return True
