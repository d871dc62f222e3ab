"""Savepoints and after-commit hooks, for functions that are handed a connection inside a running transaction."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Callable, Iterator

import sqlalchemy as sa
from sqlalchemy import exc

_HOOKS = "payloom_after_commit"
LOCKING = "payloom_locking_reads"
"""Key in `Connection.info`: reads lock the rows they find (Postgres)."""
_numbers = itertools.count(1)


def begin_work(tx: sa.Connection) -> None:
    """Forget hooks of earlier work on this connection. Called by the Database, before each piece of work."""
    tx.info[_HOOKS] = []


def take_hooks(tx: sa.Connection) -> list[Callable[[], None]]:
    """Return and clear what is to be called once the transaction is durable. Called by the Database."""
    return tx.info.pop(_HOOKS, [])


def after_commit(tx: sa.Connection, hook: Callable[[], None]) -> None:
    """Have `hook` called (in the database's thread; it must not block) once `tx` is durable; never if it is rolled
    back.
    """
    tx.info.setdefault(_HOOKS, []).append(hook)


class savepoint:  # noqa: N801 - used like a function: `with savepoint(tx):`
    """Undo everything in the block, hooks included, if it raises; the transaction around it lives on."""

    __slots__ = ("_hooks", "_name", "_tx")

    def __init__(self, tx: sa.Connection) -> None:
        self._tx = tx

    def __enter__(self) -> None:
        self._name = f"payloom_{next(_numbers)}"
        self._hooks = len(self._tx.info.setdefault(_HOOKS, []))
        run_plain(self._tx, f"SAVEPOINT {self._name}")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            run_plain(self._tx, f"RELEASE SAVEPOINT {self._name}")
            return
        del self._tx.info[_HOOKS][self._hooks :]
        # A broken connection or an aborted SQLite transaction has no savepoint left; the first error is the one that
        # matters.
        with contextlib.suppress(exc.DBAPIError, sqlite3.Error):
            run_plain(self._tx, f"ROLLBACK TO SAVEPOINT {self._name}")
            run_plain(self._tx, f"RELEASE SAVEPOINT {self._name}")


def run_plain(tx: sa.Connection, statement: str) -> None:
    """Run a statement without parameters or result. On SQLite past SQLAlchemy, which costs ten times the statement."""
    driver = tx.connection.dbapi_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute(statement)
    else:
        tx.exec_driver_sql(statement)


@contextlib.contextmanager
def locking_reads(tx: sa.Connection) -> Iterator[None]:
    """Lock the rows that selects in the block find until `tx` ends, so that what is decided from them still holds then.

    On SQLite, where a write transaction is alone, there is nothing to lock.
    """
    tx.info[LOCKING] = True
    try:
        yield
    finally:
        del tx.info[LOCKING]
