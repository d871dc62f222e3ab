"""Starts runs: inserts the row and takes the first turn, all in the transaction of whatever triggers the run."""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa

from payloom.db.errors import AWAY
from payloom.db.transactions import after_commit, savepoint
from payloom.inbox.service import InboxEvent
from payloom.kit.ids import new_id
from payloom.runs.advance.endings import ending_of
from payloom.runs.advance.failures import internal_failure
from payloom.runs.advance.run_state import RunState
from payloom.runs.advance.turn import Turns
from payloom.runs.advance.worker import RunWorker
from payloom.runs.coordination.lanes import LaneAdmission, Lanes
from payloom.runs.coordination.other_servers import missing
from payloom.runs.dependencies import RunDependencies
from payloom.runs.registry import StartPlan
from payloom.runs.run_rows import FIRST_EPOCH, Run, copy_run, derived_run_id, insert_failed, insert_run

log = logging.getLogger("payloom.runs")

_STEPS = 40
"""Table steps done inside the transaction of the trigger; a run with more continues after the acknowledgement."""


class RunStarter:
    """Starts runs."""

    def __init__(self, deps: RunDependencies, worker: RunWorker) -> None:
        """worker: continues the runs whose first turn leaves something to do."""
        self._deps = deps
        self._worker = worker
        self._turns = Turns(deps)
        self._lanes = Lanes(deps)

    def event_run(self, event: InboxEvent, start: StartPlan, *, again_of: str | None = None) -> Run:
        """Return the run that `start` begins. again_of: the run that the same event started first, on a replay."""
        run_id = derived_run_id(event.id, event.created, start.workflow_id) if again_of is None else new_id("run")
        now = self._deps.clock.now()
        return Run(
            id=run_id,
            root_id=run_id,
            forked_from=again_of,
            workflow_id=start.workflow_id,
            version=start.version,
            pins=dict(start.pins) or None,
            trigger="event",
            trigger_index=start.trigger_index,
            event_id=event.id,
            object_id=event.object_id,
            request={"fresh": start.fresh} if start.fresh else None,
            lane=start.lane,
            lane_position=position(event.created, now) if start.lane else None,
            created_at=now,
            started_at=now,
            updated_at=now,
        )

    def start_run(
        self,
        tx: sa.Connection,
        run: Run,
        event: InboxEvent | None,
        start: StartPlan,
        admission: LaneAdmission | None = None,
    ) -> str:
        """Insert a run within `tx` and take its first turn, unless another run is before it in its lane.

        admission: the lanes of the runs that start in this transaction, if they were read already.

        An error of the run itself ends up in its row, so that the event it came from is not lost with it.
        """
        if start.failure is not None:
            ending = ending_of(tx, run, start.failure, start.failure.status, (), stored=False)
            insert_failed(tx, run, start.failure, status=ending.status, http_status=ending.http_status)
            return run.id
        try:
            with savepoint(tx):
                ended = self._insert_and_turn(tx, run, event, admission or self._lanes.admission(tx, [run.lane]))
            if admission is not None and not ended:
                admission.admit(run.lane)
        except AWAY:
            raise
        except Exception as error:
            log.exception("run %s: its first turn failed", run.id, extra={"run": run.id, "event_id": run.event_id})
            insert_failed(tx, run, internal_failure(error))
        return run.id

    def _insert_and_turn(
        self,
        tx: sa.Connection,
        run: Run,
        event: InboxEvent | None,
        admission: LaneAdmission,
    ) -> bool:
        """Return whether the run has ended."""
        if run.lane is not None and admission.occupied(run.lane):
            run.blocked = True
            insert_run(tx, run)
            return False
        own = copy_run(run)
        own.status, own.owner, own.epoch = "running", self._deps.engine.worker_id, FIRST_EPOCH
        if run.trigger == "event" and self._worker.crowded(admission.begun):
            insert_run(tx, own)
            admitted = RunState(own, event)
            after_commit(tx, lambda: self._worker.admit(admitted))
            return False
        state, result = self._turns.take(tx, RunState(own, event, stored=False), max_steps=_STEPS)
        admission.begun += not result.done
        if not result.done and self._worker.has_slot() and not missing(self._deps, run):
            after_commit(tx, lambda: self._worker.run_locally(state, result))
            return False
        after_commit(tx, lambda: self._turns.notify_observers(state, result))
        if not result.done:
            self._turns.release_to_queue(tx, state, result)
        return result.ended


def position(created: int, now: dt.datetime) -> str:
    """Return a run's position in its lane: by the time Stripe created the event, then by arrival."""
    return f"{created:012d}.{int(now.timestamp() * 1_000_000):017d}"
