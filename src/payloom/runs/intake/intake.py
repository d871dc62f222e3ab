"""Takes a verified event in: stores it, starts at most one run per workflow, and drives what only needs the database,
all in
one transaction. Whatever happens later, a committed event is done, on its way, or visible as failed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.db.transactions import after_commit, savepoint
from payloom.inbox.service import InboxEvent, store_all
from payloom.kit.ids import new_id
from payloom.runs.advance.replay import internal_failure
from payloom.runs.advance.run_session import RunSession
from payloom.runs.advance.worker import RunWorker
from payloom.runs.coordination import dedupe, lanes, waits
from payloom.runs.dependencies import RunDependencies
from payloom.runs.registry import StartPlan
from payloom.runs.run_rows import Journal, Run, copy_run, event_run_id, insert_failed, insert_run

log = logging.getLogger("payloom.runs")

_STEPS = 40
"""Table steps driven inside the intake transaction; a run with more goes on after the acknowledgement."""


@dataclasses.dataclass(frozen=True, slots=True)
class IntakeResult:
    """What became of an event. runs: ids of the runs it started (none for a second delivery). woken: runs that waited
    for it.
    """

    new: bool
    runs: Sequence[str] = ()
    woken: int = 0


def intake(deps: RunDependencies, worker: RunWorker, tx: sa.Connection, event: InboxEvent) -> IntakeResult:
    """Store `event` within `tx` and start what it starts."""
    return intake_all(deps, worker, tx, [event])[0]


def intake_all(
    deps: RunDependencies, worker: RunWorker, tx: sa.Connection, events: Sequence[InboxEvent]
) -> list[IntakeResult]:
    """Store `events` within `tx` and start what they start, as if one had come after the other."""
    stored = store_all(tx, events)
    new = [event for event, is_new in zip(events, stored, strict=True) if is_new]
    for event in new if deps.observe else ():
        _observed(deps, tx, event)
    wanted = [deps.workflows.starts(event) for event in new]
    admission = lanes.LaneAdmission(deps, tx, [start.lane for starts in wanted for start in starts])
    begun: dict[str, int] = {}
    started: list[list[str]] = []
    for place, (event, starts) in enumerate(zip(new, wanted, strict=True)):
        started.append([])
        for start in starts:
            run = event_run(deps, event, start)
            if dedupe.claim_once(deps, tx, run, start) is None:
                begun[start_run(deps, worker, tx, run, event, start, admission)] = place
                started[-1].append(run.id)
    woken = waits.deliver_events(deps, tx, new, begun)
    results = iter([IntakeResult(new=True, runs=ids, woken=count) for ids, count in zip(started, woken, strict=True)])
    return [next(results) if is_new else IntakeResult(new=False) for is_new in stored]


def _observed(deps: RunDependencies, tx: sa.Connection, event: InboxEvent) -> None:
    """Tell whoever looks on; its mistakes must not lose the event."""
    assert deps.observe is not None
    try:
        with savepoint(tx):
            deps.observe(tx, event)
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError):
        raise
    except Exception:
        log.exception("event %s: the observer failed", event.id)


def event_run(deps: RunDependencies, event: InboxEvent, start: StartPlan, *, again_of: str | None = None) -> Run:
    """Return the run that `start` begins. again_of: the run of the same event that is played again."""
    run_id = event_run_id(event.id, start.workflow_id) if again_of is None else new_id("run")
    now = deps.clock.now()
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


def position(created: int, now: dt.datetime) -> str:
    """Return where in its lane a run stands: by the moment Stripe made the event, then by arrival."""
    return f"{created:012d}.{int(now.timestamp() * 1_000_000):017d}"


def start_run(  # noqa: PLR0917 - collaborators first, then the run
    deps: RunDependencies,
    worker: RunWorker,
    tx: sa.Connection,
    run: Run,
    event: InboxEvent | None,
    start: StartPlan,
    admission: lanes.LaneAdmission | None = None,
) -> str:
    """Insert a run within `tx` and drive its first turn, unless another run is before it in its lane.

    entrance: what is known of the lanes.

    Whatever goes wrong with the run itself ends up in its row: the event it came from must not be lost with it.
    """
    if start.failure is not None:
        insert_failed(tx, run, start.failure)
        return run.id
    try:
        with savepoint(tx):
            over = _insert_and_turn(
                deps, worker, tx, run, event, admission or lanes.LaneAdmission(deps, tx, [run.lane])
            )
        if admission is not None and not over:
            admission.admit(run.lane)
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError):
        raise
    except Exception as error:
        log.exception("run %s: its first turn failed", run.id, extra={"run": run.id, "event_id": run.event_id})
        insert_failed(tx, run, internal_failure(error))
    return run.id


def _insert_and_turn(  # noqa: PLR0917 - as above
    deps: RunDependencies,
    worker: RunWorker,
    tx: sa.Connection,
    run: Run,
    event: InboxEvent | None,
    admission: lanes.LaneAdmission,
) -> bool:
    """Return whether the run is over."""
    if run.lane is not None and admission.occupied(run.lane):
        run.blocked = True
        insert_run(tx, run)
        return False
    own = copy_run(run)
    own.status, own.owner, own.epoch = "running", deps.engine.worker_id, 1
    session = RunSession(deps, own, Journal([], {}, 0), event, new=True)
    turn = session.turn(tx, steps_allowed=_STEPS)
    if turn.done or not worker.has_slot():
        after_commit(tx, session.notify_observers)
    if turn.done:
        return session.ended
    if worker.has_slot():
        after_commit(tx, lambda: worker.run_locally(session, turn))
    else:
        session.release_to_queue(tx, turn)
    return False
