"""Takes a verified event in: stores it, starts at most one run per workflow, and does what only needs the database.

All of it is one transaction. Whatever happens later, a committed event is done, on its way, or visible as failed.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from payloom.db.errors import AWAY
from payloom.db.transactions import savepoint
from payloom.inbox.service import InboxEvent, set_aside, store_all, waiting_aside
from payloom.inbox.set_aside import SetAside
from payloom.runs.advance.run_starter import RunStarter
from payloom.runs.coordination.dedupe import DedupeKeys
from payloom.runs.coordination.lanes import Lanes
from payloom.runs.coordination.waits import Waits
from payloom.runs.dependencies import RunDependencies

log = logging.getLogger("payloom.runs")


@dataclasses.dataclass(frozen=True, slots=True)
class IntakeResult:
    """The result of taking an event in.

    runs: ids of the runs it started (none for a second delivery). woken: how many runs waited for it. set_aside: why
    nobody asked for it.
    """

    new: bool
    runs: Sequence[str] = ()
    woken: int = 0
    set_aside: SetAside | None = None


class Intake:
    """Stores events and starts their runs."""

    def __init__(self, deps: RunDependencies, starter: RunStarter) -> None:
        """Wire the services."""
        self._deps = deps
        self._starter = starter
        self._lanes = Lanes(deps)
        self._waits = Waits(deps)
        self._dedupe = DedupeKeys(deps)

    def intake(self, tx: sa.Connection, event: InboxEvent) -> IntakeResult:
        """Store `event` within `tx` and start what it starts."""
        return self.intake_all(tx, [event])[0]

    def intake_all(self, tx: sa.Connection, events: Sequence[InboxEvent]) -> list[IntakeResult]:
        """Store `events` within `tx` and start what they start, as if one had come after the other."""
        stored = store_all(tx, events)
        taken_up = self._take_up(tx, [event for event, is_new in zip(events, stored, strict=True) if not is_new])
        fresh = [is_new or event.id in taken_up for event, is_new in zip(events, stored, strict=True)]
        new = [event for event, is_new in zip(events, fresh, strict=True) if is_new and event.set_aside is None]
        observe = self._deps.on_event_stored
        if observe is not None:
            for event in new:
                _observe(tx, event, observe)
        plans = [self._deps.workflows.starts(event) for event in new]
        admission = self._lanes.admission(tx, [start.lane for starts in plans for start in starts])
        started_by: dict[str, int] = {}
        started: list[list[str]] = []
        for place, (event, starts) in enumerate(zip(new, plans, strict=True)):
            started.append([])
            for start in starts:
                run = self._starter.event_run(event, start)
                if self._dedupe.claim_once(tx, run, start) is None:
                    started_by[self._starter.start_run(tx, run, event, start, admission)] = place
                    started[-1].append(run.id)
        woken = self._waits.deliver_events(tx, new, started_by)
        results = iter(
            [
                IntakeResult(
                    new=True, runs=ids, woken=count, set_aside=None if ids or count else self._put_aside(tx, event)
                )
                for event, ids, count in zip(new, started, woken, strict=True)
            ]
        )
        return [
            IntakeResult(new=is_new, set_aside=event.set_aside)
            if event.set_aside is not None
            else next(results)
            if is_new
            else IntakeResult(new=False)
            for event, is_new in zip(events, fresh, strict=True)
        ]

    def _put_aside(self, tx: sa.Connection, event: InboxEvent) -> SetAside | None:
        """Set an event aside that started nothing, if it is one that nobody asked for; returns why."""
        reason: SetAside | None = None
        if event.account is not None:
            reason = "foreign_account"
        elif not self._deps.workflows.knows(event):
            reason = "unknown_type"
        if reason is not None:
            set_aside(tx, event.id, reason)
        return reason

    def _take_up(self, tx: sa.Connection, again: Sequence[InboxEvent]) -> set[str]:
        """Return the events that came again, were set aside, and are asked for by now: they count as new."""
        if not again:
            return set()
        aside = waiting_aside(tx, [event.id for event in again])
        candidates = {event.id: event for event in again if event.id in aside and event.set_aside is None}
        return {
            event_id
            for event_id, event in sorted(candidates.items())
            if self._deps.workflows.starts(event) and set_aside(tx, event_id, None)
        }


def _observe(tx: sa.Connection, event: InboxEvent, observe: Callable[[sa.Connection, InboxEvent], None]) -> None:
    """Notify the observer of a new event; its errors must not lose the event."""
    try:
        with savepoint(tx):
            observe(tx, event)
    except AWAY:
        raise
    except Exception:
        log.exception("event %s: the observer failed", event.id)
