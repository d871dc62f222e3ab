"""Savepoints and after-commit hooks, for functions that are handed a connection inside a running transaction."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import itertools
import sqlite3
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.db import deferred_writes
from payloom.db.compiled_statements import LOCKING, TABLES

T = TypeVar("T")
_HOOKS = "payloom_after_commit"
_IN_TRANSACTION = 2
"""psycopg's (libpq's) TransactionStatus.INTRANS: alive, and not waiting for a rollback."""
_numbers = itertools.count(1)


def begin_work(tx: sa.Connection) -> None:
    """Forget hooks of earlier work on this connection. Called by the Database, before each piece of work."""
    tx.info[_HOOKS] = []


def take_hooks(tx: sa.Connection) -> list[Callable[[], None]]:
    """Return and clear what is to be called once the transaction is durable. Called by the Database."""
    return tx.info.pop(_HOOKS, [])


def after_commit(tx: sa.Connection, hook: Callable[[], None]) -> None:
    """Have `hook` called once `tx` is durable; never if it is rolled back.

    hook: runs in the database's thread and must not block.
    """
    tx.info.setdefault(_HOOKS, []).append(hook)


class savepoint:  # noqa: N801 - used like a function: `with savepoint(tx):`
    """Undo everything in the block, hooks included, if it raises; the transaction around it lives on.

    Optimistic work (see `DeferredWrites`) sets none, as it would be two round trips on Postgres: if there is something
    to undo after all, the whole work is done again. always: set one in any case.
    """

    __slots__ = ("_always", "_hooks", "_later", "_mark", "_name", "_tx", "_writes")

    def __init__(self, tx: sa.Connection, *, always: bool = False) -> None:
        self._tx = tx
        self._always = always

    def __enter__(self) -> None:
        tx = self._tx
        self._hooks = len(tx.info.setdefault(_HOOKS, []))
        self._later = put_off = deferred_writes.of(tx)
        self._name = None
        if put_off is not None:
            if not put_off.optimistic:
                deferred_writes.write_rows(tx)
            self._mark = put_off.mark()
            self._writes = _writes(tx, put_off)
        if put_off is None or not put_off.optimistic or self._always:
            self._name = f"sp_{next(_numbers)}"
            run_plain(tx, f"SAVEPOINT {self._name}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if kind is None:
            self._release()
            return
        if isinstance(error, deferred_writes.RetryPessimistically) and self._name is None:
            return
        del self._tx.info[_HOOKS][self._hooks :]
        if self._later is not None:
            self._later.reset(self._mark)
        if self._name is not None:
            self._undo()
        elif self._later is not None and _to_undo(self._tx, self._later, self._writes):
            raise deferred_writes.RetryPessimistically from error

    def _release(self) -> None:
        if self._name is None:
            return
        if self._later is not None and not self._later.optimistic:
            try:
                deferred_writes.write_rows(self._tx)
            except BaseException:
                del self._tx.info[_HOOKS][self._hooks :]
                self._undo()
                raise
        run_plain(self._tx, f"RELEASE SAVEPOINT {self._name}")

    def _undo(self) -> None:
        # A broken connection or an aborted SQLite transaction has no savepoint left; the first error is the one that
        # matters.
        with contextlib.suppress(exc.DBAPIError, sqlite3.Error):
            run_plain(self._tx, f"ROLLBACK TO SAVEPOINT {self._name}")
            run_plain(self._tx, f"RELEASE SAVEPOINT {self._name}")


def _writes(tx: sa.Connection, put_off: deferred_writes.DeferredWrites) -> int:
    """Return a number that grows with each row written."""
    driver = tx.connection.dbapi_connection
    return driver.total_changes if isinstance(driver, sqlite3.Connection) else put_off.writes


def _to_undo(tx: sa.Connection, put_off: deferred_writes.DeferredWrites, before: int) -> bool:
    """Whether a failure has left something behind in a transaction that still lives."""
    driver: Any = tx.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        return driver.in_transaction and _writes(tx, put_off) != before
    if driver is None or driver.closed:
        return False
    return put_off.writes != before or driver.info.transaction_status != _IN_TRANSACTION


def run_plain(tx: sa.Connection, statement: str) -> None:
    """Run a statement without parameters, result or tables.

    On SQLite it goes past SQLAlchemy, which costs ten times the statement.
    """
    driver = tx.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(statement)
    else:
        tx.exec_driver_sql(statement, execution_options={TABLES: ()})


@contextlib.contextmanager
def locking_reads(tx: sa.Connection) -> Generator[None]:
    """Lock the rows that selects in the block find until `tx` ends, so that what is decided from them still holds then.

    On SQLite, where a write transaction is alone, there is nothing to lock.
    """
    info = tx.info  # a connection that is lost in the block does not give it any more
    info[LOCKING] = True
    try:
        yield
    finally:
        del info[LOCKING]


@dataclasses.dataclass(slots=True)
class Joined:
    """What the next write transaction of this task on a database does at its end, with what the work returned.

    Both stand, or neither does. used: whether a transaction took it; no other does. done: whether it committed.
    """

    database: object
    also: Callable[[sa.Connection, Any], None]
    used: bool = False
    done: bool = False


_JOINED: contextvars.ContextVar[Joined | None] = contextvars.ContextVar("payloom_joined", default=None)


def join_next_write(database: object, also: Callable[[sa.Connection, Any], None]) -> Joined:
    """Have the next write transaction of this task do `also`. Run again, the transaction does it again."""
    joined = Joined(database, also)
    _JOINED.set(joined)
    return joined


def joined_work(
    database: object, work: Callable[[sa.Connection], T]
) -> tuple[Callable[[sa.Connection], T], Joined | None]:
    """Return the work with what was joined to it, and that, to be marked as done after the commit."""
    joined = _JOINED.get()
    if joined is None or joined.used or joined.database is not database:
        return work, None
    joined.used = True

    def both(tx: sa.Connection) -> T:
        result = work(tx)
        joined.also(tx, result)
        return result

    return both, joined
