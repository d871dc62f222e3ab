"""The audit trail, which can only be added to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER payloom_audit_no_update BEFORE UPDATE ON payloom_audit
        BEGIN SELECT RAISE(ABORT, 'payloom_audit is append-only'); END""",
        """CREATE TRIGGER payloom_audit_no_delete BEFORE DELETE ON payloom_audit
        WHEN OLD.keep_until > strftime('%Y-%m-%d %H:%M:%f', 'now')
        BEGIN SELECT RAISE(ABORT, 'payloom_audit is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION payloom_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF OLD.keep_until <= clock_timestamp() THEN RETURN OLD; END IF;
            END IF;
            RAISE EXCEPTION 'payloom_audit is append-only';
        END $$""",
        """CREATE TRIGGER payloom_audit_no_change BEFORE UPDATE OR DELETE ON payloom_audit
        FOR EACH ROW EXECUTE FUNCTION payloom_audit_append_only()""",
        """CREATE TRIGGER payloom_audit_no_truncate BEFORE TRUNCATE ON payloom_audit
        FOR EACH STATEMENT EXECUTE FUNCTION payloom_audit_append_only()""",
    ),
}


def upgrade() -> None:
    moment = payloom.db.types.UtcDateTime(timezone=True)
    op.create_table(
        "payloom_audit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("keep_until", moment, nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=8), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=320), nullable=True),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("request_id", sa.String(length=40), nullable=True),
        sa.Column("target", sa.String(length=255), nullable=True),
        sa.Column("before", payloom.db.types.Json(), nullable=True),
        sa.Column("after", payloom.db.types.Json(), nullable=True),
        sa.Column("details", payloom.db.types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_audit_time", "payloom_audit", ["at", "id"])
    op.create_index("payloom_audit_action", "payloom_audit", ["action", "at"])
    op.create_index("payloom_audit_target", "payloom_audit", ["target", "at"])
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("payloom_audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION payloom_audit_append_only()")
