"""Savepoints and after-commit hooks, for functions that are handed a connection inside a running transaction."""

from __future__ import annotations

import contextlib
import itertools
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
    """Have `hook` called (in the database's thread; it must not block) once `tx` is durable; never if it is rolled back."""
    tx.info.setdefault(_HOOKS, []).append(hook)


@contextlib.contextmanager
def savepoint(tx: sa.Connection) -> Iterator[None]:
    """Undo everything in the block, hooks included, if it raises; the transaction around it lives on."""
    name = f"payloom_{next(_numbers)}"
    hooks = len(tx.info.setdefault(_HOOKS, []))
    tx.exec_driver_sql(f"SAVEPOINT {name}")
    try:
        yield
    except BaseException:
        del tx.info[_HOOKS][hooks:]
        # A broken connection or an aborted SQLite transaction has no savepoint left; the first error is the one that matters.
        with contextlib.suppress(exc.DBAPIError):
            tx.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {name}")
            tx.exec_driver_sql(f"RELEASE SAVEPOINT {name}")
        raise
    tx.exec_driver_sql(f"RELEASE SAVEPOINT {name}")


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
