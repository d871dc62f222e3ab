"""The rows of runs: what started them, what they did, what they wait for, and the versions they are pinned to."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import Json, PlainJson, SealedText, UtcDateTime

runs = sa.Table(
    "payloom_runs",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("root_id", sa.String(255), nullable=False),
    sa.Column("forked_from", sa.String(255)),
    sa.Column("workflow_id", sa.String(255), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("pins", Json),
    sa.Column("trigger", sa.String(16), nullable=False),
    sa.Column("trigger_index", sa.Integer, nullable=False),
    sa.Column("event_id", sa.String(255)),
    sa.Column("object_id", sa.String(255)),
    sa.Column("user_id", sa.String(255)),
    sa.Column("inputs", Json),
    sa.Column("request", Json),
    sa.Column("dedupe_key", sa.String(64), unique=True),
    sa.Column("lane", sa.String(320)),
    sa.Column("lane_position", sa.String(64)),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("outcome", sa.String(16)),
    sa.Column("owner", sa.String(64)),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("segment", sa.Integer, nullable=False),
    sa.Column("blocked", sa.Boolean, nullable=False),
    sa.Column("wake_at", UtcDateTime),
    sa.Column("waiting_for", Json),
    sa.Column("parked_on", sa.String(128)),
    sa.Column("parked_since", UtcDateTime),
    sa.Column("parked_times", sa.Integer, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("retries", sa.Integer, nullable=False),
    sa.Column("response", Json),
    sa.Column("output", Json),
    sa.Column("failure", Json),
    sa.Column("http_status", sa.Integer),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("finished_at", UtcDateTime),
    sa.Column("resolved_at", UtcDateTime),
    sa.Column("resolution", Json),
    sa.Index("payloom_runs_created", "created_at", "id"),
    sa.Index("payloom_runs_of_workflow", "workflow_id", "created_at", "id"),
    sa.Index("payloom_runs_status", "status", "updated_at"),
    sa.Index("payloom_runs_of_status", "status", "created_at", "id"),
    sa.Index(
        "payloom_runs_outcome",
        "outcome",
        "created_at",
        "id",
        sqlite_where=sa.text("outcome IS NOT NULL"),
        postgresql_where=sa.text("outcome IS NOT NULL"),
    ),
    sa.Index(
        "payloom_runs_finished",
        "status",
        "finished_at",
        sqlite_where=sa.text("finished_at IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    ),
    sa.Index("payloom_runs_event", "event_id"),
    sa.Index(
        "payloom_runs_parked_at",
        "created_at",
        "id",
        sqlite_where=sa.text("parked_on IS NOT NULL"),
        postgresql_where=sa.text("parked_on IS NOT NULL"),
    ),
    sa.Index(
        "payloom_runs_blocked",
        "created_at",
        "id",
        sqlite_where=sa.text("blocked IS 1 AND finished_at IS NULL"),
        postgresql_where=sa.text("blocked IS true AND finished_at IS NULL"),
    ),
    sa.Index(
        "payloom_runs_lane",
        "lane",
        "lane_position",
        sqlite_where=sa.text("finished_at IS NULL AND lane IS NOT NULL"),
        postgresql_where=sa.text("finished_at IS NULL AND lane IS NOT NULL"),
    ),
    sa.Index(
        "payloom_runs_parked",
        "parked_on",
        sqlite_where=sa.text("parked_on IS NOT NULL"),
        postgresql_where=sa.text("parked_on IS NOT NULL"),
    ),
    sa.Index(
        "payloom_runs_owner",
        "owner",
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    ),
    sa.Index(
        "payloom_runs_unresolved",
        "updated_at",
        sqlite_where=sa.text("status = 'failed' AND resolved_at IS NULL"),
        postgresql_where=sa.text("status = 'failed' AND resolved_at IS NULL"),
    ),
    sa.Index(
        "payloom_runs_forked_from",
        "forked_from",
        sqlite_where=sa.text("forked_from IS NOT NULL"),
        postgresql_where=sa.text("forked_from IS NOT NULL"),
    ),
)
"""One row per run.

status: queued | running | waiting | succeeded | failed | refused | canceled; outcome: `filtered` when a filter ended a
succeeded run.
owner, epoch: the worker that advances it now, and a number that grows with each claim: writes of an older epoch are
refused.
segment: number of the engine entry that advances it next; (id, segment) is the engine's key.
blocked: another run is before it in its lane. parked_on: the table whose next row may let it go on.
request: what else its scope was built from (user, request headers …). response: `{status, body}` once it has answered.
resolved_at, resolution: of a failed run that needs nobody any more: since when, and `{how: rerun, run}` or
`{how: by_hand, by, note}`.
"""

steps = sa.Table(
    "payloom_steps",
    metadata,
    sa.Column("run_id", sa.String(255), primary_key=True),
    sa.Column("path", sa.String(512), primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("verb", sa.String(16), nullable=False),
    sa.Column("action", sa.String(512), nullable=False),
    sa.Column("step_id", sa.String(128)),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("args", Json(packed="json")),
    sa.Column("key", sa.String(512)),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("in_doubt", sa.Boolean, nullable=False),
    sa.Column("first_attempt_at", UtcDateTime),
    sa.Column("retry_at", UtcDateTime),
    sa.Column("value", Json(packed="json")),
    sa.Column("failure", Json),
    sa.Column("at", UtcDateTime),
    sa.Index(
        "payloom_steps_keyed",
        "key",
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    ),
    sa.Index(
        "payloom_steps_in_doubt",
        "run_id",
        sqlite_where=sa.text("in_doubt IS 1"),
        postgresql_where=sa.text("in_doubt IS true"),
    ),
)
"""The journal: one row per step. status: started | succeeded | failed | waiting | superseded.

seq: order of recording within the run. args: redacted. key: the idempotency key. at: when the outcome was recorded.
in_doubt: an attempt ended without an answer. A superseded row belongs to an attempt that was retried by hand; its
path ends in `#n`.
"""

waits = sa.Table(
    "payloom_waits",
    metadata,
    sa.Column("run_id", sa.String(255), primary_key=True),
    sa.Column("path", sa.String(512), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("family", sa.String(128)),
    sa.Column("details", Json, nullable=False),
    sa.Column("until", UtcDateTime),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("payloom_waits_family", "family"),
)
"""Who waits for an event (`kind` event) or for a user's decision (`kind` approval)."""

versions = sa.Table(
    "payloom_workflow_versions",
    metadata,
    sa.Column("workflow_id", sa.String(255), primary_key=True),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("model", PlainJson, nullable=False),
    sa.Column("source", sa.Text),
    sa.Column("declared", sa.String(64)),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Index("payloom_workflow_versions_workflow", "workflow_id", "created_at"),
)
"""declared: the digest of the tables it was written for."""

declarations = sa.Table(
    "payloom_declarations",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("tables", PlainJson, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
"""What tables.yaml declared, once for each version of it under which a workflow was published."""

publications = sa.Table(
    "payloom_publications",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("workflow_id", sa.String(255), primary_key=True),
    sa.Column("hash", sa.String(64)),
    sa.Column("author", sa.String(255)),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("payloom_publications_workflow", "workflow_id", "number"),
)
"""What was published while servers run, one row per changed workflow. hash: null when it was taken away.

number: of the publication; every worker asks for numbers above the last it knows.
"""

logs = sa.Table(
    "payloom_logs",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(255), nullable=False),
    sa.Column("path", sa.String(512), nullable=False),
    sa.Column("level", sa.String(16), nullable=False),
    sa.Column("text", SealedText, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("payloom_logs_run", "run_id", "id"),
)

cursors = sa.Table(
    "payloom_cursors",
    metadata,
    sa.Column("name", sa.String(128), primary_key=True),
    sa.Column("value", Json, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
"""Small durable positions: how far catch-up has come, its last drift report."""

bulk_jobs = sa.Table(
    "payloom_bulk_jobs",
    metadata,
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("options", Json, nullable=False),
    sa.Column("by", sa.String(320), nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("items", Json, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Index("payloom_bulk_jobs_created", "created_at", "id"),
)
"""One action on many runs, events, or emails. status: running | done | stopped.

items: `{id, state, runs, error}` in order; state: pending | done | failed. Each result is written in the transaction of
what it is the result of. updated_at: of the last result; a running job without one for long has lost its server.
"""
