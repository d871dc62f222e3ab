"""Mails accounts and tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("roles", payloom.db.types.Json(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("password_changed_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
    )
    op.create_table(
        "payloom_mails",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("run_id", sa.String(length=255), nullable=True),
        sa.Column("template", sa.String(length=128), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("sender", sa.String(length=512), nullable=False),
        sa.Column("recipients", payloom.db.types.Json(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("attachments", payloom.db.types.Json(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("changed_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sent_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("payloom_mails_created", "payloom_mails", ["created_at", "id"], unique=False)
    op.create_index("payloom_mails_run", "payloom_mails", ["run_id"], unique=False)
    op.create_index("payloom_mails_status", "payloom_mails", ["status", "created_at"], unique=False)
    op.create_table(
        "payloom_seeds",
        sa.Column("table_name", sa.String(length=63), nullable=False),
        sa.Column("row_key", sa.String(length=512), nullable=False),
        sa.Column("at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_key"),
    )
    op.create_table(
        "payloom_sign_in_failures",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket"),
    )
    op.create_table(
        "payloom_tables",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("spec", payloom.db.types.Json(), nullable=False),
        sa.Column("applied_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "payloom_links",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=True),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("used_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["payloom_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("payloom_links_account", "payloom_links", ["account_id"], unique=False)
    op.create_table(
        "payloom_sessions",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["payloom_accounts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index("payloom_sessions_account", "payloom_sessions", ["account_id"], unique=False)
    op.create_index("payloom_sessions_expiry", "payloom_sessions", ["expires_at"], unique=False)


def downgrade() -> None:
    op.drop_index("payloom_sessions_expiry", table_name="payloom_sessions")
    op.drop_index("payloom_sessions_account", table_name="payloom_sessions")
    op.drop_table("payloom_sessions")
    op.drop_index("payloom_links_account", table_name="payloom_links")
    op.drop_table("payloom_links")
    op.drop_table("payloom_tables")
    op.drop_table("payloom_sign_in_failures")
    op.drop_table("payloom_seeds")
    op.drop_index("payloom_mails_status", table_name="payloom_mails")
    op.drop_index("payloom_mails_run", table_name="payloom_mails")
    op.drop_index("payloom_mails_created", table_name="payloom_mails")
    op.drop_table("payloom_mails")
    op.drop_table("payloom_accounts")
