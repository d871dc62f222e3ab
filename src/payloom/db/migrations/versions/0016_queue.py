"""The queue: segments of runs that are to be advanced."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from payloom.db.types import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_queue",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("segment", sa.Integer, nullable=False),
        sa.Column("journal", sa.Integer, nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("worker", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("run_id", "segment", name="payloom_queue_segment"),
    )
    for name, columns, condition in (
        ("payloom_queue_ready", ["id"], "worker IS NULL AND due_at IS NULL"),
        ("payloom_queue_due", ["due_at"], "due_at IS NOT NULL"),
        ("payloom_queue_worker", ["worker"], "worker IS NOT NULL"),
    ):
        op.create_index(
            name,
            "payloom_queue",
            columns,
            if_not_exists=True,
            sqlite_where=sa.text(condition),
            postgresql_where=sa.text(condition),
        )
    if op.get_bind().dialect.name == "postgresql":
        # Rows come and go: without this a busy queue would grow to many times its size between two vacuums.
        op.execute(
            "ALTER TABLE payloom_queue SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0)"
        )


def downgrade() -> None:
    op.drop_table("payloom_queue")
