"""The statements of the queue: add an entry, take entries, give them back, delete those that are done.

An entry that is taken stays in the table with its worker's id until its segment is done, so a worker that dies loses
none. Whatever is done twice here (added, given back, deleted) changes nothing the second time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from payloom.db import compiled_statements
from payloom.engine.models import READY, queue

JOURNAL = 1
"""The format of the journals that this version writes and reads. It names the format, not the code: a deploy must not
leave runs behind.
"""

_INSERT = {
    "sqlite": sqlite.insert(queue).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(queue).on_conflict_do_nothing(),
}
_ADD = {
    name: insert.values(
        {
            column: sa.bindparam(column, type_=queue.c[column].type)
            for column in ("run_id", "segment", "journal", "due_at")
        }
    )
    for name, insert in _INSERT.items()
}
_NEXT = (
    sa.select(queue.c.id, queue.c.run_id)
    .where(READY, queue.c.journal <= JOURNAL)
    .order_by(queue.c.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)


class Entry(NamedTuple):
    """An entry that this worker has taken."""

    id: int
    run_id: str


def add(tx: sa.Connection, run_id: str, segment: int, due_at: dt.datetime | None) -> None:
    """Add an entry. One for the same segment that is there already stays as it is."""
    values = {"run_id": run_id, "segment": segment, "journal": JOURNAL, "due_at": due_at}
    compiled_statements.rows(tx, _ADD[tx.dialect.name], values)


def take(tx: sa.Connection, worker: str, most: int) -> Sequence[Entry]:
    """Take up to `most` entries, oldest first. Those that another worker is taking at this moment are passed over."""
    entries = [Entry(*row) for row in tx.execute(_NEXT, {"most": most})]
    if entries:
        _set_worker(tx, [entry.id for entry in entries], worker)
    return entries


def _set_worker(tx: sa.Connection, ids: Collection[int], worker: str | None) -> None:
    tx.execute(sa.update(queue).where(queue.c.id.in_(ids)).values(worker=worker))


def make_due_entries_ready(tx: sa.Connection, now: dt.datetime) -> None:
    """Let entries be taken whose time has come."""
    tx.execute(sa.update(queue).where(queue.c.due_at <= now).values(due_at=None))


def delete_done(tx: sa.Connection, worker: str, ids: Collection[int]) -> None:
    """Delete entries that this worker has finished. One that was taken from it since stays: it is advanced again."""
    if ids:
        tx.execute(sa.delete(queue).where(queue.c.id.in_(ids), queue.c.worker == worker))


def give_back(tx: sa.Connection, worker: str, but: Collection[int] = ()) -> None:
    """Let others take what this worker had taken. but: ids of entries that it is still advancing."""
    statement: Any = sa.update(queue).where(queue.c.worker == worker)
    if but:
        statement = statement.where(queue.c.id.not_in(but))
    tx.execute(statement.values(worker=None))
