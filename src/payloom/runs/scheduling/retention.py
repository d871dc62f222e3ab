"""Deletes old finished runs with their steps and logs, and old events without runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from payloom.inbox.models import events
from payloom.runs.models import logs, runs, steps, waits

_BATCH = 500


PruneHook = Callable[[sa.Connection, Sequence[str], Sequence[str]], None]
"""Called with the ids of the runs and of the events that the transaction has just deleted."""


def prune(tx: sa.Connection, *, before: dt.datetime, on_prune: PruneHook | None = None) -> int:
    """Delete up to 500 runs that ended, and events that came, before `before`; returns how many of both.

    Failed runs stay until a user retries or cancels them. Events younger than Stripe's memory
    (30 days) must stay, as catch-up would take them in again: the caller passes an older moment.
    """
    old = list(
        tx.execute(
            sa.select(runs.c.id)
            .where(runs.c.finished_at < before, runs.c.status.in_(("succeeded", "canceled")))
            .order_by(runs.c.finished_at)
            .limit(_BATCH)
        ).scalars()
    )
    for table in (steps, logs, waits):
        tx.execute(sa.delete(table).where(table.c.run_id.in_(old)))
    tx.execute(sa.delete(runs).where(runs.c.id.in_(old)))
    left = sa.select(sa.literal(1)).where(runs.c.event_id == events.c.id)
    gone = list(
        tx.execute(sa.select(events.c.id).where(events.c.received_at < before, ~left.exists()).limit(_BATCH)).scalars()
    )
    tx.execute(sa.delete(events).where(events.c.id.in_(gone)))
    if on_prune is not None:
        on_prune(tx, old, gone)
    return len(old) + len(gone)
