"""What Payloom remembers of the user's tables: the declaration last applied, and which seed rows it ever inserted."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import PlainJson, UtcDateTime

applied = sa.Table(
    "payloom_tables",
    metadata,
    sa.Column("name", sa.String(63), primary_key=True),
    sa.Column("spec", PlainJson, nullable=False),
    sa.Column("applied_at", UtcDateTime, nullable=False),
)

seeded = sa.Table(
    "payloom_seeds",
    metadata,
    sa.Column("table_name", sa.String(63), primary_key=True),
    sa.Column("row_key", sa.String(512), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
)
