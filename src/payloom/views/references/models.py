"""The rows of the index."""

from __future__ import annotations

import sqlalchemy as sa

from payloom.db.database import metadata
from payloom.db.types import UtcDateTime

_TEXT = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
"""Compared byte by byte on both databases, so that a beginning is a range of the key."""

refs = sa.Table(
    "payloom_refs",
    metadata,
    sa.Column("ref", _TEXT, primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Column("id", sa.String(255), primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Index("payloom_refs_owner", "kind", "id"),
    sqlite_with_rowid=False,
)
"""`ref` (any id, email address or metadata value) is named by the event, run, mail or row `id`.

kind: event | run | mail | row; a row's id is `table/key`. at: when the event came, the mail was written, or the run was
last indexed as it was. Every event, run and mail that is indexed also has a row in which ref and id are the same: its
mark. What can be told otherwise is not here: a run is found by what its event names (`payloom_runs.event_id`), and a
run's mail by the run and the address (`payloom_mails`). Rows from before that say it all the same.
"""
