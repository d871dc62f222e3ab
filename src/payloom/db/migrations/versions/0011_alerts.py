"""Alerts: the state of each, and the messages about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = payloom.db.types.UtcDateTime(timezone=True)
    op.create_table(
        "payloom_alerts",
        sa.Column("rule", sa.String(64), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("clear_since", moment, nullable=True),
        sa.Column("value", sa.Float, nullable=True),
        sa.Column("detail", sa.String(500), nullable=False),
        sa.Column("sent_value", sa.Float, nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("memory", payloom.db.types.Json(), nullable=True),
        sa.Column("checked_at", moment, nullable=False),
    )
    op.create_table(
        "payloom_alert_messages",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("body", payloom.db.types.Json(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("error", sa.String(500), nullable=True),
        sa.Column("created_at", moment, nullable=False),
    )
    op.create_index("payloom_alert_messages_state", "payloom_alert_messages", ["state", "next_at"])


def downgrade() -> None:
    op.drop_table("payloom_alert_messages")
    op.drop_table("payloom_alerts")
