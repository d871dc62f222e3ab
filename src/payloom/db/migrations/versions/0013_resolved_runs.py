"""Failed runs that need nobody any more, and bulk actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = payloom.db.types.UtcDateTime(timezone=True)
    op.add_column("payloom_runs", sa.Column("resolved_at", moment, nullable=True))
    op.add_column("payloom_runs", sa.Column("resolution", payloom.db.types.Json(), nullable=True))
    for name, columns, condition in (
        ("payloom_runs_unresolved", ["updated_at"], "status = 'failed' AND resolved_at IS NULL"),
        ("payloom_runs_forked_from", ["forked_from"], "forked_from IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "payloom_runs", columns, sqlite_where=where, postgresql_where=where, if_not_exists=True)
    op.execute(
        """UPDATE payloom_runs SET resolved_at = updated_at WHERE status = 'failed' AND id IN (
            SELECT forked_from FROM payloom_runs WHERE forked_from IS NOT NULL AND status = 'succeeded')"""
    )
    op.create_table(
        "payloom_bulk_jobs",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("options", payloom.db.types.Json(), nullable=False),
        sa.Column("by", sa.String(length=320), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("items", payloom.db.types.Json(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_bulk_jobs_created", "payloom_bulk_jobs", ["created_at", "id"])


def downgrade() -> None:
    op.drop_table("payloom_bulk_jobs")
    for name in ("payloom_runs_unresolved", "payloom_runs_forked_from"):
        op.drop_index(name, "payloom_runs")
    for name in ("resolution", "resolved_at"):
        op.drop_column("payloom_runs", name)
