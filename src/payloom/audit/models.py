"""The rows of the audit trail."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import PlainJson, UtcDateTime

audit = sa.Table(
    "payloom_audit",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("keep_until", UtcDateTime, nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("outcome", sa.String(8), nullable=False),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor", sa.String(320)),
    sa.Column("account_id", sa.String(36)),
    sa.Column("address", sa.String(64)),
    sa.Column("request_id", sa.String(40)),
    sa.Column("target", sa.String(255)),
    sa.Column("before", PlainJson),
    sa.Column("after", PlainJson),
    sa.Column("details", PlainJson),
    sa.Index("payloom_audit_time", "at", "id"),
    sa.Index("payloom_audit_action", "action", "at"),
    sa.Index("payloom_audit_target", "target", "at"),
)
"""Triggers (migration 0008) refuse to change a row, and to delete one before `keep_until`, in both databases."""
