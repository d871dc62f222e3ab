"""The inbox's rows: verified events, and counters of rejected requests."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import Json, SealedText, UtcDateTime

events = sa.Table(
    "payloom_events",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("type", sa.String(128), nullable=False),
    sa.Column("object_id", sa.String(255)),
    sa.Column("created", sa.BigInteger, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("account", sa.String(255)),
    sa.Column("livemode", sa.Boolean, nullable=False),
    sa.Column("api_version", sa.String(64)),
    sa.Column("payload", SealedText(packed="json"), nullable=False),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("deliveries", sa.Integer, nullable=False),
    sa.Column("set_aside", sa.String(32)),
    sa.Index("payloom_events_received", "received_at", "id"),
    sa.Index("payloom_events_object", "object_id"),
    sa.Index("payloom_events_type", "type", "received_at"),
    sa.Index(
        "payloom_events_aside",
        "received_at",
        "id",
        sqlite_where=sa.text("set_aside IS NOT NULL"),
        postgresql_where=sa.text("set_aside IS NOT NULL"),
    ),
    sa.Index(
        "payloom_events_fetched",
        "received_at",
        "id",
        sqlite_where=sa.text("source = 'catch_up'"),
        postgresql_where=sa.text("source = 'catch_up'"),
    ),
    sa.Index(
        "payloom_events_set_aside",
        "set_aside",
        "received_at",
        sqlite_where=sa.text("set_aside IS NOT NULL"),
        postgresql_where=sa.text("set_aside IS NOT NULL"),
    ),
)
"""payload: the JSON text as it was signed, packed on SQLite. source: `webhook` or `catch_up`. created:
Stripe's Unix seconds.

set_aside: why the event waits for a review (`inbox.set_aside.REASONS`); null for all others.
"""

ASKED_FOR = events.c.set_aside.is_(None)
"""Of the events that somebody asked for: what is set aside is shown as such, and nowhere else."""

FETCHED = events.c.source == sa.literal_column("'catch_up'")
"""Of the events that Payloom fetched later. Written out, as the index is: a parameter could be anything."""

rejections = sa.Table(
    "payloom_rejections",
    metadata,
    sa.Column("reason", sa.String(64), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("first_at", UtcDateTime, nullable=False),
    sa.Column("last_at", UtcDateTime, nullable=False),
    sa.Column("sample", Json),
)
"""sample: hint, remote address and body size of the latest one. Nothing of the body is stored."""
