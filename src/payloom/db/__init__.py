"""Database sessions, column types and migrations."""

from __future__ import annotations

from payloom.db.database import Database, metadata, open_database
from payloom.db.deferred_writes import before_commit, insert_later
from payloom.db.transactions import after_commit, locking_reads, savepoint
from payloom.db.types import Json, UtcDateTime

__all__ = [
    "Database",
    "Json",
    "UtcDateTime",
    "after_commit",
    "before_commit",
    "insert_later",
    "locking_reads",
    "metadata",
    "open_database",
    "savepoint",
]
