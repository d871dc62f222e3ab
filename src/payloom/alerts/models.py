"""The rows of alerts: what fires, and the messages about it, written before they are sent."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import Json, UtcDateTime

alerts = sa.Table(
    "payloom_alerts",
    metadata,
    sa.Column("rule", sa.String(64), primary_key=True),
    sa.Column("subject", sa.String(255), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("clear_since", UtcDateTime),
    sa.Column("value", sa.Float),
    sa.Column("detail", sa.String(500), nullable=False),
    sa.Column("sent_value", sa.Float),
    sa.Column("sent_at", UtcDateTime),
    sa.Column("memory", Json),
    sa.Column("checked_at", UtcDateTime, nullable=False),
)
"""state: ok | pending | firing. subject: the machine, for alerts that each machine has; else empty.

since: when the state began. clear_since: since when a firing alert's condition is gone.
sent_value, sent_at: of the last message. memory: what a measure compares with.
"""

messages = sa.Table(
    "payloom_alert_messages",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("channel", sa.String(16), nullable=False),
    sa.Column("body", Json, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", UtcDateTime, nullable=False),
    sa.Column("error", sa.String(500)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("payloom_alert_messages_state", "state", "next_at"),
)
"""state: queued | sent | failed. channel: email | url. next_at: when it is due; a sender moves it while it sends."""
