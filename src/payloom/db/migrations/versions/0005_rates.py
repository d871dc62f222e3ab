"""Rates: how much of each caller's limit is used, for all processes together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_rates",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("used_until", sa.Double[float](), nullable=False),
        sa.PrimaryKeyConstraint("bucket"),
    )


def downgrade() -> None:
    op.drop_table("payloom_rates")
