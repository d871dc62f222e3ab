"""Deletes old finished runs with their steps and logs, and old events without runs."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from payloom.inbox.models import events
from payloom.runs.models import logs, runs, steps, waits
from payloom.runs.statuses import RunStatus

_BATCH = 500
LEAST_DAYS = 31.0
"""Stripe lists events for 30 days."""


PruneHook = Callable[[sa.Connection, Sequence[str], Sequence[str]], None]
"""Called with the ids of the runs and of the events that the transaction has just deleted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Retention:
    """How many days runs are kept after their end, by how they ended. Events go with the last run that needs them."""

    runs: float = 90.0
    refused: float = 1.0
    failed: float = 365.0

    def by_status(self) -> Mapping[RunStatus, float]:
        """Return the days of every status that ends a run."""
        days = max(self.runs, LEAST_DAYS)
        return {
            "succeeded": days,
            "canceled": days,
            "refused": self.refused,
            "failed": max(self.failed, LEAST_DAYS),
        }


def prune(tx: sa.Connection, *, now: dt.datetime, keep: Retention, on_prune: PruneHook | None = None) -> int:
    """Delete up to 500 runs that are kept no longer, and events that are old; returns how many of both.

    Events younger than Stripe's memory (30 days) must stay, as catch-up would take them in again.
    """
    over = [
        sa.and_(runs.c.status == status, runs.c.finished_at < now - dt.timedelta(days=days))
        for status, days in keep.by_status().items()
    ]
    old = list(
        tx.execute(sa.select(runs.c.id).where(sa.or_(*over)).order_by(runs.c.finished_at).limit(_BATCH)).scalars()
    )
    before = now - dt.timedelta(days=max(keep.runs, LEAST_DAYS))
    for table in (steps, logs, waits):
        tx.execute(sa.delete(table).where(table.c.run_id.in_(old)))
    tx.execute(sa.delete(runs).where(runs.c.id.in_(old)))
    left = sa.select(sa.literal(1)).where(runs.c.event_id == events.c.id)
    expired = list(
        tx.execute(sa.select(events.c.id).where(events.c.received_at < before, ~left.exists()).limit(_BATCH)).scalars()
    )
    tx.execute(sa.delete(events).where(events.c.id.in_(expired)))
    if on_prune is not None:
        on_prune(tx, old, expired)
    return len(old) + len(expired)
