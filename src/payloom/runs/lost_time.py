"""The time between a backup and its restore: what Payloom did then is no longer in the database.

Runs of that time start again from Stripe's events, with the same IDs and so with the same idempotency keys. Stripe
forgets keys after a day: a step that may have gone out in the lost time looks for its effect, as after a crash.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa

from payloom.inbox.service import InboxEvent, load
from payloom.kit.clock import from_epoch, rfc3339
from payloom.runs.models import cursors
from payloom.runs.run_rows import Run, load_run

_ROW = "restored"
_CATCH_UP = "catch_up"
_SLACK = dt.timedelta(minutes=5)
"""How far our clock may be behind Stripe's."""
_MATTERS = dt.timedelta(days=35)
"""Stripe lists events for 30 days: after that, none of the lost time begins any more."""


@dataclasses.dataclass(frozen=True, slots=True)
class LostTime:
    """since: when the backup was taken. until: when it was restored."""

    since: dt.datetime
    until: dt.datetime

    def first_attempt(self, tx: sa.Connection, run: Run, event: InboxEvent | None) -> dt.datetime | None:
        """Return the earliest time at which a step of this run may have gone out already; None: it can't have."""
        began = _began(tx, run, event)
        return max(began, self.since) if began < self.until + _SLACK else None


def _began(tx: sa.Connection, run: Run, event: InboxEvent | None) -> dt.datetime:
    """Return when what started the run happened; for a run that another one called, what started that one."""
    root = load_run(tx, run.root_id) if run.root_id != run.id else run
    if root is None:
        return run.created_at
    if event is None and root.event_id is not None:
        event = load(tx, root.event_id)
    if event is not None:
        return min(from_epoch(event.created), root.created_at)
    moment = root.facts.get("scheduled")
    return dt.datetime.fromisoformat(moment) if isinstance(moment, str) else root.created_at


def read_lost_time(tx: sa.Connection, now: dt.datetime) -> LostTime | None:
    """Return the lost time of a database that was restored in the last 35 days."""
    value = tx.execute(sa.select(cursors.c.value).where(cursors.c.name == _ROW)).scalar()
    if not value:
        return None
    lost = LostTime(dt.datetime.fromisoformat(value["since"]), dt.datetime.fromisoformat(value["until"]))
    return lost if now - lost.until < _MATTERS else None


def note_restored(tx: sa.Connection, lost: LostTime) -> None:
    """Within a restored database: note the lost time, and have the next catch-up begin before it."""
    before = read_lost_time(tx, lost.until)
    if before is not None:
        # Events of the earlier lost time may not all have been fetched when this backup was taken.
        lost = LostTime(min(before.since, lost.since), lost.until)
    tx.execute(sa.delete(cursors).where(cursors.c.name == _ROW))
    value = {"since": rfc3339(lost.since), "until": rfc3339(lost.until)}
    tx.execute(sa.insert(cursors).values(name=_ROW, value=value, at=lost.until))
    behind = sa.update(cursors).where(cursors.c.name == _CATCH_UP, cursors.c.at > lost.since).values(at=lost.since)
    tx.execute(behind)
    if tx.execute(sa.select(cursors.c.at).where(cursors.c.name == _CATCH_UP)).scalar() is None:
        tx.execute(sa.insert(cursors).values(name=_CATCH_UP, value={"seen": 0, "stored": 0}, at=lost.since))
