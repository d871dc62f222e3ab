"""The tables that each version of a workflow was written for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from payloom.db.types import PlainJson, UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_declarations",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tables", PlainJson, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="payloom_declarations_pk"),
    )
    op.add_column("payloom_workflow_versions", sa.Column("declared", sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column("payloom_workflow_versions", "declared")
    op.drop_table("payloom_declarations")
