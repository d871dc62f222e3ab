"""Initial tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import payloom.db.types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "payloom_accounts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("roles", payloom.db.types.Json(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("password_changed_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email_key"),
    )
    op.create_table(
        "payloom_cursors",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("value", payloom.db.types.Json(), nullable=False),
        sa.Column("at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "payloom_events",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("object_id", sa.String(length=255), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("received_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(length=255), nullable=True),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("api_version", sa.String(length=64), nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_events_object", "payloom_events", ["object_id"], unique=False)
    op.create_index("payloom_events_received", "payloom_events", ["received_at", "id"], unique=False)
    op.create_index("payloom_events_type", "payloom_events", ["type", "received_at"], unique=False)
    op.create_table(
        "payloom_logs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("run_id", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("payloom_logs_run", "payloom_logs", ["run_id", "id"], unique=False)
    op.create_table(
        "payloom_mails",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("run_id", sa.String(length=255), nullable=True),
        sa.Column("template", sa.String(length=128), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("sender", sa.String(length=512), nullable=False),
        sa.Column("recipients", payloom.db.types.Json(), nullable=False),
        sa.Column("reply_to", sa.String(length=512), nullable=True),
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
        "payloom_rejections",
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("sample", payloom.db.types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("reason"),
    )
    op.create_table(
        "payloom_runs",
        sa.Column("id", sa.String(length=255), nullable=False),
        sa.Column("root_id", sa.String(length=255), nullable=False),
        sa.Column("forked_from", sa.String(length=255), nullable=True),
        sa.Column("workflow_id", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("pins", payloom.db.types.Json(), nullable=True),
        sa.Column("trigger", sa.String(length=16), nullable=False),
        sa.Column("trigger_index", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=True),
        sa.Column("object_id", sa.String(length=255), nullable=True),
        sa.Column("user_id", sa.String(length=255), nullable=True),
        sa.Column("inputs", payloom.db.types.Json(), nullable=True),
        sa.Column("request", payloom.db.types.Json(), nullable=True),
        sa.Column("dedupe_key", sa.String(length=64), nullable=True),
        sa.Column("lane", sa.String(length=320), nullable=True),
        sa.Column("lane_position", sa.String(length=64), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Boolean(), nullable=False),
        sa.Column("wake_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("waiting_for", payloom.db.types.Json(), nullable=True),
        sa.Column("parked_on", sa.String(length=128), nullable=True),
        sa.Column("parked_since", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("parked_times", sa.Integer(), nullable=False),
        sa.Column("cancel_requested", sa.Boolean(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("response", payloom.db.types.Json(), nullable=True),
        sa.Column("output", payloom.db.types.Json(), nullable=True),
        sa.Column("failure", payloom.db.types.Json(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("started_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key"),
    )
    op.create_index("payloom_runs_created", "payloom_runs", ["created_at", "id"], unique=False)
    op.create_index("payloom_runs_event", "payloom_runs", ["event_id"], unique=False)
    op.create_index(
        "payloom_runs_lane",
        "payloom_runs",
        ["lane", "lane_position"],
        unique=False,
        sqlite_where=sa.text("finished_at IS NULL AND lane IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NULL AND lane IS NOT NULL"),
    )
    op.create_index("payloom_runs_object", "payloom_runs", ["object_id"], unique=False)
    op.create_index(
        "payloom_runs_owner",
        "payloom_runs",
        ["owner"],
        unique=False,
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_index(
        "payloom_runs_parked",
        "payloom_runs",
        ["parked_on"],
        unique=False,
        sqlite_where=sa.text("parked_on IS NOT NULL"),
        postgresql_where=sa.text("parked_on IS NOT NULL"),
    )
    op.create_index("payloom_runs_status", "payloom_runs", ["status", "updated_at"], unique=False)
    op.create_index("payloom_runs_workflow", "payloom_runs", ["workflow_id", "created_at"], unique=False)
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
        "payloom_steps",
        sa.Column("run_id", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=512), nullable=False),
        sa.Column("step_id", sa.String(length=128), nullable=True),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("args", payloom.db.types.Json(), nullable=True),
        sa.Column("key", sa.String(length=512), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("in_doubt", sa.Boolean(), nullable=False),
        sa.Column("first_attempt_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("retry_at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("value", payloom.db.types.Json(), nullable=True),
        sa.Column("failure", payloom.db.types.Json(), nullable=True),
        sa.Column("at", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("run_id", "path"),
    )
    op.create_index("payloom_steps_key", "payloom_steps", ["key"], unique=False)
    op.create_table(
        "payloom_tables",
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("spec", payloom.db.types.Json(), nullable=False),
        sa.Column("applied_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "payloom_waits",
        sa.Column("run_id", sa.String(length=255), nullable=False),
        sa.Column("path", sa.String(length=512), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("family", sa.String(length=128), nullable=True),
        sa.Column("details", payloom.db.types.Json(), nullable=False),
        sa.Column("until", payloom.db.types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "path"),
    )
    op.create_index("payloom_waits_family", "payloom_waits", ["family"], unique=False)
    op.create_table(
        "payloom_workers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("started_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("beat", sa.BigInteger(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "payloom_workflow_versions",
        sa.Column("workflow_id", sa.String(length=255), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("model", payloom.db.types.Json(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("created_at", payloom.db.types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("workflow_id", "hash"),
    )
    op.create_index(
        "payloom_workflow_versions_workflow", "payloom_workflow_versions", ["workflow_id", "created_at"], unique=False
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
    op.drop_index("payloom_workflow_versions_workflow", table_name="payloom_workflow_versions")
    op.drop_table("payloom_workflow_versions")
    op.drop_table("payloom_workers")
    op.drop_index("payloom_waits_family", table_name="payloom_waits")
    op.drop_table("payloom_waits")
    op.drop_table("payloom_tables")
    op.drop_index("payloom_steps_key", table_name="payloom_steps")
    op.drop_table("payloom_steps")
    op.drop_table("payloom_sign_in_failures")
    op.drop_table("payloom_seeds")
    op.drop_index("payloom_runs_workflow", table_name="payloom_runs")
    op.drop_index("payloom_runs_status", table_name="payloom_runs")
    op.drop_index(
        "payloom_runs_parked",
        table_name="payloom_runs",
        sqlite_where=sa.text("parked_on IS NOT NULL"),
        postgresql_where=sa.text("parked_on IS NOT NULL"),
    )
    op.drop_index(
        "payloom_runs_owner",
        table_name="payloom_runs",
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.drop_index("payloom_runs_object", table_name="payloom_runs")
    op.drop_index(
        "payloom_runs_lane",
        table_name="payloom_runs",
        sqlite_where=sa.text("finished_at IS NULL AND lane IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NULL AND lane IS NOT NULL"),
    )
    op.drop_index("payloom_runs_event", table_name="payloom_runs")
    op.drop_index("payloom_runs_created", table_name="payloom_runs")
    op.drop_table("payloom_runs")
    op.drop_table("payloom_rejections")
    op.drop_index("payloom_mails_status", table_name="payloom_mails")
    op.drop_index("payloom_mails_run", table_name="payloom_mails")
    op.drop_index("payloom_mails_created", table_name="payloom_mails")
    op.drop_table("payloom_mails")
    op.drop_index("payloom_logs_run", table_name="payloom_logs")
    op.drop_table("payloom_logs")
    op.drop_index("payloom_events_type", table_name="payloom_events")
    op.drop_index("payloom_events_received", table_name="payloom_events")
    op.drop_index("payloom_events_object", table_name="payloom_events")
    op.drop_table("payloom_events")
    op.drop_table("payloom_cursors")
    op.drop_table("payloom_accounts")
