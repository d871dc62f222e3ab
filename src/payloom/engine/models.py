"""The engine's own rows: which worker processes are alive, and which segments of runs wait or are being advanced."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import UtcDateTime

workers = sa.Table(
    "payloom_workers",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("host", sa.String(255), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("version", sa.String(32), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("beat", sa.BigInteger, nullable=False),
    sa.Column("draining", sa.Boolean, nullable=False),
)
"""beat: counts up; others measure by their own monotonic clock how long it has stood still, so no two clocks are
compared.
"""

queue = sa.Table(
    "payloom_queue",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(64), nullable=False),
    sa.Column("segment", sa.Integer, nullable=False),
    sa.Column("journal", sa.Integer, nullable=False),
    sa.Column("due_at", UtcDateTime),
    sa.Column("worker", sa.String(64)),
    sa.UniqueConstraint("run_id", "segment", name="payloom_queue_segment"),
)
"""An entry is a segment that is to be advanced. It is deleted once that is done.

id: entries are taken in this order. journal: the format of the run's journal; a worker takes only those it can read.
due_at: not before; null: now. worker: who has taken it; null: nobody.
"""

READY = queue.c.worker.is_(None) & queue.c.due_at.is_(None)
"""The entries that can be taken."""

sa.Index("payloom_queue_ready", queue.c.id, sqlite_where=READY, postgresql_where=READY)
sa.Index(
    "payloom_queue_due",
    queue.c.due_at,
    sqlite_where=queue.c.due_at.is_not(None),
    postgresql_where=queue.c.due_at.is_not(None),
)
sa.Index(
    "payloom_queue_worker",
    queue.c.worker,
    sqlite_where=queue.c.worker.is_not(None),
    postgresql_where=queue.c.worker.is_not(None),
)
