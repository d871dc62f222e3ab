"""What each alert measures. A measure reads a few indexed rows, so that a look every half minute costs nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from payloom.email.models import mails
from payloom.email.outbox import ALERT_MAIL
from payloom.inbox.models import events, rejections
from payloom.runs.intake.backfill import CURSOR
from payloom.runs.models import cursors, runs
from payloom.views.health import HealthReport

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
STUCK_MAIL = dt.timedelta(minutes=10)
ARRIVES_WITHIN = 15 * 60
"""Seconds that Stripe has to deliver an event before its backfill counts as drift."""
MOST = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """What measures look at. memory: what this measure noted last time."""

    now: dt.datetime
    health: HealthReport
    data_dir: Path
    memory: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """A measured value; None: there is nothing to measure. memory: to be given back next time."""

    value: float | None
    detail: str = ""
    memory: Mapping[str, Any] | None = None


Measure = Callable[[sa.Connection, Situation], Reading]


def failed_runs(tx: sa.Connection, at: Situation) -> Reading:
    """Count runs that failed within a day and are still failed, by workflow."""
    query = (
        sa.select(runs.c.workflow_id, sa.func.count())
        .where(runs.c.status == "failed", runs.c.updated_at >= at.now - DAY)
        .group_by(runs.c.workflow_id)
    )
    return _counted(tx.execute(query))


def oldest_waiting(_tx: sa.Connection, at: Situation) -> Reading:
    """Return how long the first ready run has waited."""
    return Reading(at.health.oldest)


def workers(_tx: sa.Connection, at: Situation) -> Reading:
    """Count the processes that advance runs."""
    return Reading(at.health.workers)


def in_doubt(_tx: sa.Connection, at: Situation) -> Reading:
    """Count failed steps that might have had their effect."""
    return Reading(at.health.in_doubt)


def webhook_silence(tx: sa.Connection, at: Situation) -> Reading:
    """Return how long ago the last webhook came."""
    query = sa.select(events.c.received_at).where(events.c.source == "webhook")
    last = tx.execute(query.order_by(events.c.received_at.desc()).limit(1)).scalar()
    return Reading((at.now - last).total_seconds() if last else None)


def rejected(tx: sa.Connection, at: Situation) -> Reading:
    """Count rejected requests since the total was noted, an hour ago at most."""
    rows = {row.reason: row.count for row in tx.execute(sa.select(rejections))}
    before, noted = at.memory.get("totals"), at.memory.get("at")
    if before is None or not isinstance(noted, dt.datetime):
        return Reading(0, memory={"totals": rows, "at": at.now})
    new = {reason: count - before.get(reason, 0) for reason, count in rows.items()}
    reading = _counted((reason, count) for reason, count in new.items() if count > 0)
    over = not at.now - HOUR < noted <= at.now
    return dataclasses.replace(reading, memory={"totals": rows, "at": at.now} if over else at.memory)


def catch_up_drift(tx: sa.Connection, at: Situation) -> Reading:
    """Count events of the last day that only the backfill brought, although Stripe had time to deliver them."""
    query = (
        sa.select(events.c.type, events.c.created, events.c.received_at)
        .where(events.c.source == "catch_up", events.c.received_at >= at.now - DAY)
        .limit(MOST)
    )
    late = [row.type for row in tx.execute(query) if row.received_at.timestamp() - row.created >= ARRIVES_WITHIN]
    return _counted((name, late.count(name)) for name in dict.fromkeys(late))


def catch_up_late(tx: sa.Connection, at: Situation) -> Reading:
    """Return how long ago the backfill last succeeded."""
    last = tx.execute(sa.select(cursors.c.at).where(cursors.c.name == CURSOR)).scalar()
    return Reading((at.now - last).total_seconds() if last else None)


def set_aside(tx: sa.Connection, at: Situation) -> Reading:
    """Count the events of the last day that were set aside, by reason."""
    query = (
        sa.select(events.c.set_aside, sa.func.count())
        .where(events.c.set_aside.is_not(None), events.c.received_at >= at.now - DAY)
        .group_by(events.c.set_aside)
    )
    return _counted(tx.execute(query))


def undelivered_mails(tx: sa.Connection, at: Situation) -> Reading:
    """Count the emails of the last day that did not leave for certain, by status."""
    bad = mails.c.status.in_(("failed", "unknown"))
    stuck = mails.c.status.in_(("queued", "sending")) & (mails.c.created_at < at.now - STUCK_MAIL)
    query = (
        sa.select(mails.c.status, sa.func.count())
        .where(bad | stuck, mails.c.created_at >= at.now - DAY, mails.c.template != ALERT_MAIL)
        .group_by(mails.c.status)
    )
    return _counted(tx.execute(query))


def disk(_tx: sa.Connection, at: Situation) -> Reading:
    """Return the free share of the disk with the project's data, in percent."""
    folder = next((path for path in (at.data_dir, *at.data_dir.parents) if path.is_dir()), None)
    if folder is None:
        return Reading(None)
    usage = shutil.disk_usage(folder)
    return Reading(100 * usage.free / usage.total, f"{usage.free // 1_000_000:,} MB are free.")


def _counted(rows: Iterable[Any]) -> Reading:
    """Add up `(name, count)` rows; the detail names the five largest."""
    counts = sorted(((str(name), int(count)) for name, count in rows), key=lambda pair: -pair[1])
    named = ", ".join(f"{name} ({count})" for name, count in counts[:5])
    more = f" and {len(counts) - 5} more" if len(counts) > 5 else ""
    return Reading(sum(count for _, count in counts), f"{named}{more}."[:500] if named else "")


MEASURES: Mapping[str, Measure] = {
    "failed_runs": failed_runs,
    "oldest_waiting": oldest_waiting,
    "workers": workers,
    "in_doubt": in_doubt,
    "webhook_silence": webhook_silence,
    "rejections": rejected,
    "catch_up_drift": catch_up_drift,
    "catch_up_late": catch_up_late,
    "set_aside": set_aside,
    "undelivered_mails": undelivered_mails,
    "disk": disk,
}
"""By the name of the alert in `ALERT_RULES`."""
