"""Deletes old finished runs with their steps and logs, old events without runs, and old mails, in small batches."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from payloom.email.models import mails
from payloom.inbox.models import events
from payloom.kit.clock import monotonic
from payloom.runs.models import logs, runs, steps, waits
from payloom.runs.statuses import RunStatus

_FIRST, _LEAST, _MOST = 50, 5, 500
"""Rows of each kind in a batch: the first one's, and the bounds of the others'."""
_SHORT, _LONG = 0.004, 0.010
"""Seconds. A batch that took less is followed by a larger one, one that took more by a smaller one: others wait."""
LEAST_DAYS = 31.0
"""Stripe lists events for 30 days."""


PruneHook = Callable[[sa.Connection, Mapping[str, Sequence[str]]], None]
"""Called with the ids of what the transaction has just deleted, by kind."""


@dataclasses.dataclass(frozen=True, slots=True)
class Retention:
    """How many days runs are kept after their end, by how they ended, and mails.

    Events go with the last run that needs them.
    """

    runs: float = 90.0
    refused: float = 1.0
    failed: float = 365.0
    mails: float = 90.0

    def by_status(self) -> Mapping[RunStatus, float]:
        """Return the days of every status that ends a run."""
        days = max(self.runs, LEAST_DAYS)
        return {
            "succeeded": days,
            "canceled": days,
            "refused": self.refused,
            "failed": max(self.failed, LEAST_DAYS),
        }


def prune(
    tx: sa.Connection, *, now: dt.datetime, keep: Retention, on_prune: PruneHook | None = None, most: int = _MOST
) -> int:
    """Delete up to `most` runs that are kept no longer, events, and mails each; returns how many of all.

    Events younger than Stripe's memory (30 days) must stay, as catch-up would take them in again.
    """
    old: list[str] = []
    for status, days in keep.by_status().items():
        ended = sa.select(runs.c.id).where(runs.c.status == status, runs.c.finished_at < now - dt.timedelta(days=days))
        old += tx.execute(ended.order_by(runs.c.finished_at).limit(most - len(old))).scalars()
    for table in (steps, logs, waits):
        tx.execute(sa.delete(table).where(table.c.run_id.in_(old)))
    tx.execute(sa.delete(runs).where(runs.c.id.in_(old)))
    before = now - dt.timedelta(days=max(keep.runs, LEAST_DAYS))
    left = sa.select(sa.literal(1)).where(runs.c.event_id == events.c.id)
    unneeded = sa.select(events.c.id).where(events.c.received_at < before, ~left.exists())
    expired = list(tx.execute(unneeded.order_by(events.c.received_at).limit(most)).scalars())
    tx.execute(sa.delete(events).where(events.c.id.in_(expired)))
    sent = sa.select(mails.c.id).where(mails.c.created_at < now - dt.timedelta(days=keep.mails))
    old_mails = list(tx.execute(sent.order_by(mails.c.created_at).limit(most)).scalars())
    tx.execute(sa.delete(mails).where(mails.c.id.in_(old_mails)))
    if on_prune is not None:
        on_prune(tx, {"run": old, "event": expired, "mail": old_mails})
    return len(old) + len(expired) + len(old_mails)


class Pruning:
    """Deletes what is kept no longer, batch by batch; each as large as is done in a few milliseconds."""

    def __init__(self, keep: Retention, on_prune: PruneHook | None) -> None:
        """Begin with a small batch."""
        self._keep = keep
        self._on_prune = on_prune
        self._most = _FIRST

    def batch(self, tx: sa.Connection, now: dt.datetime) -> int:
        """Delete one batch; return how many rows went, 0 at the end."""
        began = monotonic()
        deleted = prune(tx, now=now, keep=self._keep, on_prune=self._on_prune, most=self._most)
        seconds = monotonic() - began
        if seconds > _LONG:
            self._most = max(_LEAST, self._most // 2)
        elif seconds < _SHORT:
            self._most = min(_MOST, self._most * 2)
        return deleted
