"""What a transaction has still to write: rows that go in together at its end, and things to do once before it commits.

Most of what a run writes is read by nobody before the commit, and a hundred rows in one statement cost little more than
one. A statement that names a table finds its rows: they are written before it runs. A textual statement names its
tables by the execution option `TABLES`; without it, everything is written first.
"""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc

from payloom.db import compiled_statements
from payloom.db.errors import AWAY

_KEY = compiled_statements.PENDING
_tables_of: weakref.WeakKeyDictionary[Any, frozenset[str] | None] = weakref.WeakKeyDictionary()
"""Tables by compiled statement; SQLAlchemy keeps the compiled ones, too."""

Rows = dict[sa.Table, list[Mapping[str, Any]]]
_Work = Callable[[sa.Connection], None]


class RetryPessimistically(BaseException):
    """Work that was done lightly has to be done again, carefully, as it would have to be undone in part.

    Its transaction is rolled back. Not an Exception, so that no handler on the way takes it for a failure of its own.
    """


@dataclasses.dataclass(slots=True)
class DeferredWrites:
    """What one piece of work has still to write.

    light: failures inside are not expected. Rows wait for the end of the work, and `savepoint` sets none.
    """

    optimistic: bool
    rows: Rows = dataclasses.field(default_factory=dict[sa.Table, list[Mapping[str, Any]]])
    ends: dict[Hashable, _Work] = dataclasses.field(default_factory=dict[Hashable, _Work])
    writes: int = 0

    def mark(self) -> tuple[Rows, list[tuple[sa.Table, int]]]:
        """Return what `reset` goes back to."""
        return self.rows, [(table, len(values)) for table, values in self.rows.items()]

    def flush_before(self, tx: sa.Connection, tables: frozenset[str] | None) -> None:
        """Write the rows, before a statement that names one of their tables. None: it may name any."""
        if self.rows and (tables is None or any(table.name in tables for table in self.rows)):
            write_rows(tx)

    def reset(self, mark: tuple[Rows, list[tuple[sa.Table, int]]]) -> None:
        """Forget the rows added since; those written since are not there any more either, if they waited before."""
        rows, lengths = mark
        self.rows = {table: rows[table][:length] for table, length in lengths}


def begin(tx: sa.Connection, *, optimistic: bool) -> None:
    """Collect from now on. Called by the Database before each piece of work; without it nothing is put off."""
    tx.info[_KEY] = DeferredWrites(optimistic)


def of(tx: sa.Connection) -> DeferredWrites | None:
    """Return what is put off on this connection."""
    return tx.info.get(_KEY)


def drop(tx: sa.Connection) -> None:
    """Collect no more: the work is over, or has failed."""
    tx.info.pop(_KEY, None)


def defer_insert(tx: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of one of our own tables, at the end of the work or before the next read.

    rows: all have the same keys.
    """
    later = of(tx)
    if later is None:
        compiled_statements.insert(tx, table, rows)
    else:
        later.rows.setdefault(table, []).extend(rows)


def on_before_commit(tx: sa.Connection, key: Hashable, work: Callable[[sa.Connection], None]) -> None:
    """Have `work` done at the end of the transaction's work, once per `key`; at once where nothing is put off."""
    later = of(tx)
    if later is None:
        work(tx)
    else:
        later.ends.setdefault(key, work)


def flush_key(tx: sa.Connection, key: Hashable) -> None:
    """Do what `on_before_commit` was given under `key` already, if anything; it may be given again."""
    later = of(tx)
    work = later.ends.pop(key, None) if later is not None else None
    if work is not None:
        work(tx)


def end(tx: sa.Connection) -> None:
    """Do and write everything that was put off. Called by the Database when the work is done."""
    later = of(tx)
    if later is not None:
        while later.ends:
            later.ends.pop(next(iter(later.ends)))(tx)
        write_rows(tx)


def write_rows(tx: sa.Connection) -> None:
    """Insert the rows that wait."""
    later = of(tx)
    if later is None or not later.rows:
        return
    rows, later.rows = later.rows, {}
    try:
        for table, values in rows.items():
            compiled_statements.insert(tx, table, values)
    except AWAY:
        raise
    except exc.StatementError as error:
        if later.optimistic:
            # Whose row it was is not known here.
            raise RetryPessimistically from error
        raise


def listen(engine: sa.Engine) -> None:
    """Make connections of `engine` write what waits before anybody looks, and count what is written."""
    # With `retval` SQLAlchemy calls the function itself; without, another one around it.
    event.listen(engine, "before_cursor_execute", _before, retval=True)
    if engine.dialect.name != "sqlite":  # which counts by itself
        event.listen(engine, "after_cursor_execute", _after)


def _before(
    conn: sa.Connection, _cursor: Any, statement: str, values: Any, context: Any, _many: bool
) -> tuple[str, Any]:
    later: DeferredWrites | None = conn.info.get(_KEY)
    # Without a context the statement comes from `compiled_statements`, which has asked for the flush itself.
    if later is not None and later.rows and context is not None:
        later.flush_before(conn, _tables(context))
    return statement, values


def _tables(context: Any) -> frozenset[str] | None:
    """Return the names of the tables of a statement that SQLAlchemy executes; None if nothing names them."""
    named = context.execution_options.get(compiled_statements.TABLES)
    if named is not None:
        return frozenset(named)
    compiled = context.compiled
    if compiled is None:
        return None
    if compiled not in _tables_of:
        _tables_of[compiled] = compiled_statements.tables_of(compiled.statement)
    return _tables_of[compiled]


def _after(conn: sa.Connection, cursor: Any, statement: str, *_rest: Any) -> None:
    later = conn.info.get(_KEY)
    if later is not None and cursor.rowcount != 0 and statement.lstrip()[:6].upper() != "SELECT":
        later.writes += 1
