"""How the runs are doing, in a few numbers that stay cheap however many runs are kept: for dashboards and alarms."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa

from payloom.email.models import UNSENT, mails
from payloom.engine.models import workers
from payloom.runs.coordination.resolution import UNRESOLVED
from payloom.runs.models import runs, steps

_OPEN = (
    sa.select(runs.c.status, runs.c.blocked, sa.func.count(), sa.func.min(runs.c.updated_at))
    .where(runs.c.status.in_(("queued", "running", "waiting")))
    .group_by(runs.c.status, runs.c.blocked)
)
_FAILED = sa.select(sa.func.count()).where(UNRESOLVED)
_PARKED = sa.select(sa.func.count()).where(runs.c.parked_on.is_not(None))
_IN_DOUBT = (
    sa.select(sa.func.count())
    .select_from(steps.join(runs, runs.c.id == steps.c.run_id))
    .where(runs.c.status == "failed", steps.c.status == "failed", steps.c.in_doubt.is_(sa.true()))
)
_LATE = sa.select(sa.func.min(runs.c.wake_at)).where(runs.c.status == "waiting", runs.c.wake_at < sa.bindparam("now"))
_UNSENT_MAILS = sa.select(mails.c.status, sa.func.count()).where(UNSENT).group_by(mails.c.status)
_WORKERS = sa.select(sa.func.count()).select_from(workers)


@dataclasses.dataclass(frozen=True, slots=True)
class HealthReport:
    """How the runs and the workers are doing.

    runs: how many are `queued` (ready to be advanced), `blocked` (behind another in their lane), `running`,
    `waiting` (asleep, or for an event or a decision), `parked` (for a row), `failed` (and not resolved).

    oldest: seconds that the run at the head of the queue has been ready, or is late. in_doubt: failed steps that may
    or may not have had their effect. workers: processes that advance runs.
    """

    runs: Mapping[str, int]
    oldest: float
    in_doubt: int
    workers: int


def read_health(tx: sa.Connection, now: dt.datetime) -> HealthReport:
    """Look once."""
    counts: dict[str, int] = dict.fromkeys(("queued", "blocked", "running", "waiting", "parked", "failed"), 0)
    ready: list[dt.datetime] = []
    for status, blocked, count, first in tx.execute(_OPEN):
        counts["blocked" if blocked else status] += count
        if status == "queued" and not blocked:
            ready.append(first)
    late = tx.execute(_LATE, {"now": now}).scalar()
    if late is not None:
        ready.append(late)
    counts["failed"] = tx.execute(_FAILED).scalar() or 0
    counts["parked"] = tx.execute(_PARKED).scalar() or 0
    return HealthReport(
        runs=counts,
        oldest=max(0.0, (now - min(ready)).total_seconds()) if ready else 0.0,
        in_doubt=tx.execute(_IN_DOUBT).scalar() or 0,
        workers=tx.execute(_WORKERS).scalar() or 0,
    )


def count_unsent_mails(tx: sa.Connection) -> dict[str, int]:
    """Return how many mails are not sent for certain, by status."""
    counts: dict[str, int] = dict.fromkeys(("queued", "sending", "unknown", "failed"), 0)
    counts.update((row[0], row[1]) for row in tx.execute(_UNSENT_MAILS))
    return counts
