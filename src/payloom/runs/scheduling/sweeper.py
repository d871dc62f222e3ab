"""Finds runs whose wake-up got lost. No run should need it; it is a safety net, and makes moved test clocks work."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from payloom.runs.advance.worker import RunWorker
from payloom.runs.coordination.lanes import Lanes
from payloom.runs.coordination.shared_calls import SharedCalls
from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import runs

_LATE = dt.timedelta(seconds=20)
_STUCK = dt.timedelta(minutes=5)
_MANY = 500


class Sweeper:
    """Finds runs whose wake-up got lost."""

    def __init__(self, deps: RunDependencies, worker: RunWorker) -> None:
        """Wire the service."""
        self._deps = deps
        self._worker = worker
        self._lanes = Lanes(deps)
        self._shared_calls = SharedCalls(deps)

    def sweep(self, tx: sa.Connection) -> int:
        """Requeue the runs that no worker advances, and free stuck lanes; returns how many.

        These are late sleepers, queued runs that no worker took, and runs of this worker that it does not advance.
        """
        now = self._deps.clock.now()
        late = (runs.c.status == "waiting") & (runs.c.wake_at < now - _LATE)
        untaken = (runs.c.status == "queued") & runs.c.blocked.is_(sa.false()) & (runs.c.updated_at < now - _STUCK)
        query = sa.select(runs.c.id, runs.c.segment).where(late | untaken).limit(_MANY)
        stuck = [(row.id, row.segment) for row in tx.execute(query)]
        own = sa.select(runs.c.id, runs.c.segment).where(
            runs.c.status == "running", runs.c.owner == self._deps.engine.worker_id, runs.c.updated_at < now - _LATE
        )
        stuck += [(row.id, row.segment) for row in tx.execute(own) if not self._worker.is_local(row.id)]
        for run_id, segment in stuck:
            self._lanes.requeue(tx, run_id, segment)
        return len(stuck) + self._shared_calls.answer_late(tx) + self._free_lanes(tx, now)

    def _free_lanes(self, tx: sa.Connection, now: dt.datetime) -> int:
        active = runs.alias("active")
        query = (
            sa.select(runs.c.lane)
            .where(
                runs.c.finished_at.is_(None),
                runs.c.lane.is_not(None),
                runs.c.blocked.is_(sa.true()),
                runs.c.updated_at < now - _LATE,
                ~sa.exists().where(
                    active.c.lane == runs.c.lane, active.c.finished_at.is_(None), active.c.blocked.is_(sa.false())
                ),
            )
            .distinct()
            .limit(_MANY)
        )
        lanes = list(tx.execute(query).scalars())
        for lane in lanes:
            self._lanes.release(tx, lane, "")
        return len(lanes)
