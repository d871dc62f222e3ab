"""Events that nobody asked for, with the reason."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payloom_events", sa.Column("set_aside", sa.String(length=32), nullable=True))
    op.create_index(
        "payloom_events_set_aside",
        "payloom_events",
        ["set_aside", "received_at"],
        sqlite_where=sa.text("set_aside IS NOT NULL"),
        postgresql_where=sa.text("set_aside IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("payloom_events_set_aside", "payloom_events")
    op.drop_column("payloom_events", "set_aside")
