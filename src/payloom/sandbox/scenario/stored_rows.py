"""What a scenario reads from its database."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from payloom.runs.models import runs, waits


def rows_of(tx: sa.Connection, table: str) -> list[dict[str, Any]]:
    """Return a user's rows in the order they were inserted, as SQLite stores them."""
    query = sa.text(f'SELECT * FROM "{table}" ORDER BY rowid')  # noqa: S608 - a declared table's name
    return [dict(row) for row in tx.execute(query).mappings()]


def run_ids(tx: sa.Connection) -> list[str]:
    """Return the runs that no other run called, oldest first."""
    query = sa.select(runs.c.id).where(runs.c.trigger != "call").order_by(runs.c.created_at)
    return list(tx.execute(query).scalars())


def waiting_approval(tx: sa.Connection) -> Any:
    """Return the approval that waits the longest, or None."""
    query = sa.select(waits).where(waits.c.kind == "approval").order_by(waits.c.created_at)
    return tx.execute(query).first()
