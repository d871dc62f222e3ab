"""Indexes for every list, so that none reads or sorts a whole table, however many rows are kept.

On Postgres `payloom.db.migrate` has built them already, beside running servers; then there is nothing to do here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NEW = (
    ("payloom_runs_of_workflow", "payloom_runs", ("workflow_id", "created_at", "id"), None),
    ("payloom_runs_of_status", "payloom_runs", ("status", "created_at", "id"), None),
    ("payloom_runs_outcome", "payloom_runs", ("outcome", "created_at", "id"), "outcome IS NOT NULL"),
    ("payloom_runs_finished", "payloom_runs", ("status", "finished_at"), "finished_at IS NOT NULL"),
    ("payloom_runs_parked_at", "payloom_runs", ("created_at", "id"), "parked_on IS NOT NULL"),
    ("payloom_runs_blocked", "payloom_runs", ("created_at", "id"), "blocked IS {true} AND finished_at IS NULL"),
    ("payloom_steps_keyed", "payloom_steps", ("key",), "key IS NOT NULL"),
    ("payloom_steps_in_doubt", "payloom_steps", ("run_id",), "in_doubt IS {true}"),
    ("payloom_events_aside", "payloom_events", ("received_at", "id"), "set_aside IS NOT NULL"),
    ("payloom_events_fetched", "payloom_events", ("received_at", "id"), "source = 'catch_up'"),
    ("payloom_mails_unsent", "payloom_mails", ("created_at", "id"), "status != 'sent'"),
    ("payloom_mails_of_template", "payloom_mails", ("template", "created_at", "id"), None),
    ("payloom_mails_to", "payloom_mails", ("lower(recipients)", "created_at", "id"), None),
    ("payloom_mails_several", "payloom_mails", ("created_at", "id"), """recipients LIKE '%","%'"""),
)
_OLD = (
    ("payloom_runs_workflow", "payloom_runs", ("workflow_id", "created_at")),
    ("payloom_runs_object", "payloom_runs", ("object_id",)),
    ("payloom_steps_key", "payloom_steps", ("key",)),
    ("payloom_mails_status", "payloom_mails", ("status", "created_at")),
)


def upgrade() -> None:
    for name, table, columns, where in _NEW:
        expressions = [sa.text(column) if "(" in column else column for column in columns]
        condition = sa.text(where.format(true=_true())) if where is not None else None
        op.create_index(
            name, table, expressions, sqlite_where=condition, postgresql_where=condition, if_not_exists=True
        )
    for name, table, _ in _OLD:
        op.drop_index(name, table)


def downgrade() -> None:
    for name, table, columns in _OLD:
        op.create_index(name, table, list(columns))
    for name, table, _, _ in _NEW:
        op.drop_index(name, table)


def _true() -> str:
    return "true" if op.get_bind().dialect.name == "postgresql" else "1"
