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
from payloom.runs.advance.replay import broken
from payloom.runs.advance.run_session import Drive
from payloom.runs.advance.worker import Driver
from payloom.runs.coordination import dedupe, lanes, waits
from payloom.runs.dependencies import Parts
from payloom.runs.registry import Start
from payloom.runs.run_rows import Journal, Run, copy_run, event_run_id, insert_failed, insert_run

log = logging.getLogger("payloom.runs")

_STEPS = 40
"""Table steps driven inside the intake transaction; a run with more goes on after the acknowledgement."""


@dataclasses.dataclass(frozen=True, slots=True)
class Intake:
    """What became of an event. runs: ids of the runs it started (none for a second delivery). woken: runs that waited
    for it.
    """

    new: bool
    runs: Sequence[str] = ()
    woken: int = 0


def intake(parts: Parts, driver: Driver, tx: sa.Connection, event: InboxEvent) -> Intake:
    """Store `event` within `tx` and start what it starts."""
    return intake_all(parts, driver, tx, [event])[0]


def intake_all(parts: Parts, driver: Driver, tx: sa.Connection, events: Sequence[InboxEvent]) -> list[Intake]:
    """Store `events` within `tx` and start what they start, as if one had come after the other."""
    stored = store_all(tx, events)
    new = [event for event, is_new in zip(events, stored, strict=True) if is_new]
    for event in new if parts.observe else ():
        _observed(parts, tx, event)
    wanted = [parts.scripts.starts(event) for event in new]
    entrance = lanes.Entrance(parts, tx, [start.lane for starts in wanted for start in starts])
    begun: dict[str, int] = {}
    started: list[list[str]] = []
    for place, (event, starts) in enumerate(zip(new, wanted, strict=True)):
        started.append([])
        for start in starts:
            run = event_run(parts, event, start)
            if dedupe.claim_once(parts, tx, run, start) is None:
                begun[begin(parts, driver, tx, run, event, start, entrance)] = place
                started[-1].append(run.id)
    woken = waits.deliver_events(parts, tx, new, begun)
    results = iter([Intake(new=True, runs=ids, woken=count) for ids, count in zip(started, woken, strict=True)])
    return [next(results) if is_new else Intake(new=False) for is_new in stored]


def _observed(parts: Parts, tx: sa.Connection, event: InboxEvent) -> None:
    """Tell whoever looks on; its mistakes must not lose the event."""
    assert parts.observe is not None
    try:
        with savepoint(tx):
            parts.observe(tx, event)
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError):
        raise
    except Exception:
        log.exception("event %s: the observer failed", event.id)


def event_run(parts: Parts, event: InboxEvent, start: Start, *, again_of: str | None = None) -> Run:
    """Return the run that `start` begins. again_of: the run of the same event that is played again."""
    run_id = event_run_id(event.id, start.workflow_id) if again_of is None else new_id("run")
    now = parts.clock.now()
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


def begin(  # noqa: PLR0917 - collaborators first, then the run
    parts: Parts,
    driver: Driver,
    tx: sa.Connection,
    run: Run,
    event: InboxEvent | None,
    start: Start,
    entrance: lanes.Entrance | None = None,
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
            over = _begin(parts, driver, tx, run, event, entrance or lanes.Entrance(parts, tx, [run.lane]))
        if entrance is not None and not over:
            entrance.entered(run.lane)
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError):
        raise
    except Exception as error:
        log.exception("run %s: its first turn failed", run.id, extra={"run": run.id, "event_id": run.event_id})
        insert_failed(tx, run, broken(error))
    return run.id


def _begin(  # noqa: PLR0917 - as above
    parts: Parts, driver: Driver, tx: sa.Connection, run: Run, event: InboxEvent | None, entrance: lanes.Entrance
) -> bool:
    """Return whether the run is over."""
    if run.lane is not None and entrance.occupied(run.lane):
        run.blocked = True
        insert_run(tx, run)
        return False
    own = copy_run(run)
    own.status, own.owner, own.epoch = "running", parts.engine.worker_id, 1
    drive = Drive(parts, own, Journal([], {}, 0), event, new=True)
    turn = drive.turn(tx, steps_allowed=_STEPS)
    if turn.done or not driver.has_slot():
        after_commit(tx, drive.told)
    if turn.done:
        return drive.over
    if driver.has_slot():
        after_commit(tx, lambda: driver.adopt(drive, turn))
    else:
        drive.hand_over(tx, turn)
    return False
