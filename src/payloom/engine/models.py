"""The engine's own row: which worker processes are alive."""

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
