"""References: which ids have to do with which events, runs, mails and rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sa.String(length=255).with_variant(sa.String(length=255, collation="C"), "postgresql")
    op.create_table(
        "payloom_refs",
        sa.Column("ref", text, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("ref", "kind", "id"),
        sqlite_with_rowid=False,
    )
    op.create_index("payloom_refs_owner", "payloom_refs", ["kind", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("payloom_refs_owner", table_name="payloom_refs")
    op.drop_table("payloom_refs")
