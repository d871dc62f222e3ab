"""Publications: who put which version of which workflow into use, while servers run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_publications",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("workflow_id", sa.String(length=255), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=True),
        sa.Column("author", sa.String(length=255), nullable=True),
        sa.Column("at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", "workflow_id"),
    )
    op.create_index("payloom_publications_workflow", "payloom_publications", ["workflow_id", "number"], unique=False)


def downgrade() -> None:
    op.drop_index("payloom_publications_workflow", table_name="payloom_publications")
    op.drop_table("payloom_publications")
