"""Postgres: a pool of connections that worker threads use.

A transaction that lost a race or its connection is run again.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import psycopg
import sqlalchemy as sa
from sqlalchemy import event, exc

from payloom.db import compiled_statements, deferred_writes
from payloom.db.closing import close_engine
from payloom.db.compiled_statements import LOCKING, TABLES, locked
from payloom.db.errors import CommitUnknown, DatabaseUnavailable, SerializationConflict, unavailable
from payloom.db.transactions import begin_work, joined_work, take_hooks

T = TypeVar("T")

OWN_OPTIONS = ("payloom_connections", "payloom_pooler")
"""What an address can say to Payloom alone."""
_ATTEMPTS = 10
_LOCKS = """
SELECT {lock}(number) FROM (SELECT DISTINCT hashtextextended(name, 0) AS number
FROM unnest(CAST(:names AS text[])) AS name ORDER BY 1) AS wanted"""
_LOCK = sa.text(_LOCKS.format(lock="pg_advisory_xact_lock")).execution_options(**{TABLES: ()})
_LOCK_SHARED = sa.text(_LOCKS.format(lock="pg_advisory_xact_lock_shared")).execution_options(**{TABLES: ()})
_HURRY = sa.text("SET LOCAL lock_timeout = 250").execution_options(**{TABLES: ()})
"""Milliseconds: less than the second after which Postgres looks for deadlocks."""
_RETRYABLE = frozenset({"40001", "40P01", "55P03"})
"""Serialisation failure, deadlock, lock not available."""

_SESSION = "-c timezone=UTC -c idle_in_transaction_session_timeout=60s"
"""A transaction that nobody goes on with (its machine is cut off) gives its locks back after a minute."""
_LINK = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
"""A connection whose other side has gone without a word is given up after half a minute. In seconds; milliseconds."""


class PostgresDatabase:
    """A Database on a Postgres server."""

    dialect = "postgresql"

    def __init__(self, url: sa.URL, *, connections: int = 8) -> None:
        """Prepare a pool; nothing is connected before the first use.

        The address may say more than Postgres's own do: `payloom_connections`, how many are kept, and
        `payloom_pooler=transaction`, that a pooler hands out another session for each transaction.
        """
        connections = int(str(url.query.get("payloom_connections", connections)))
        self.pooled = url.query.get("payloom_pooler") == "transaction"
        self._engine = sa.create_engine(
            url.set(drivername="postgresql+psycopg").difference_update_query(OWN_OPTIONS),
            pool_size=connections,
            max_overflow=8,
            pool_pre_ping=False,
            pool_recycle=1800,
            connect_args={
                "connect_timeout": 10,
                "application_name": "payloom",
                **_LINK,
                **({"prepare_threshold": None} if self.pooled else {"options": _SESSION}),
            },
        )
        event.listen(self._engine, "before_execute", _lock_rows, retval=True)
        deferred_writes.listen(self._engine)
        self._threads = concurrent.futures.ThreadPoolExecutor(connections, thread_name_prefix="payloom-db")
        self._closed = False

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath."""
        return self._engine

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """Hold a lock on each of `names` until `tx` ends. All callers take them in the same order."""
        if names:
            compiled_statements.rows(tx, _LOCK_SHARED if shared else _LOCK, {"names": list(names)})

    def alone(self) -> contextlib.AbstractContextManager[object]:
        """Keep nobody out: Postgres locks what is changed."""
        return contextlib.nullcontext()

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a read-only snapshot."""
        return await self._submit(self._read, work)

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:
        """Run `work` in a transaction and return its result once committed.

        It runs again when it lost a race or its connection.
        """
        both, joined = joined_work(self, work)
        result = await self._submit(self._write if wait_for_locks else self._write_without_waiting, both)
        if joined is not None:
            joined.done = True
        return result

    async def _submit(self, run: Callable[[Callable[[sa.Connection], T]], T], work: Callable[[sa.Connection], T]) -> T:
        if self._closed:
            raise DatabaseUnavailable("The database is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._threads, run, work)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._engine.connect() as conn, conn.begin():
                    return work(conn)
            except _FAILURES as error:
                _wait_or_raise(error, attempt)
        raise AssertionError("unreachable")

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        optimistic = True
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                try:
                    return self._write_once(work, optimistic=optimistic)
                except deferred_writes.RetryPessimistically:
                    optimistic = False
                    return self._write_once(work, optimistic=optimistic)
            except _FAILURES as error:
                _wait_or_raise(error, attempt)
        raise AssertionError("unreachable")

    def _write_without_waiting(self, work: Callable[[sa.Connection], T]) -> T:
        def hurried(tx: sa.Connection) -> T:
            compiled_statements.rows(tx, _HURRY, {})
            return work(tx)

        try:
            return self._write_once(hurried, optimistic=True)
        except deferred_writes.RetryPessimistically as error:
            raise SerializationConflict from error
        except _FAILURES as error:
            if sqlstate(error) in _RETRYABLE:
                raise SerializationConflict from error
            raise

    def _write_once(self, work: Callable[[sa.Connection], T], *, optimistic: bool) -> T:
        with self._engine.connect() as conn:
            begin_work(conn)
            deferred_writes.begin(conn, optimistic=optimistic)
            transaction = conn.begin()
            try:
                result = work(conn)
                deferred_writes.end(conn)
            except BaseException:
                transaction.rollback()
                raise
            finally:
                deferred_writes.drop(conn)
            hooks = take_hooks(conn)
            try:
                transaction.commit()
            except BaseException as error:
                # Whatever state it is in now: nobody else gets this connection.
                conn.invalidate()
                if not isinstance(error, exc.DBAPIError):
                    raise
                if sqlstate(error) in _RETRYABLE or not _lost(error):
                    raise
                raise CommitUnknown from error
        for hook in hooks:
            hook()
        return result

    async def close(self) -> None:
        """Finish what was handed in and close all connections."""
        if self._closed:
            return
        self._closed = True
        # A thread of its own: the loop's default pool may be gone by now.
        closer = threading.Thread(target=self._threads.shutdown, daemon=True)
        closer.start()
        while closer.is_alive():  # noqa: ASYNC110 - a thread ends, no event tells
            await asyncio.sleep(0.002)
        close_engine(self._engine)


_Failure: TypeAlias = exc.DBAPIError | exc.PendingRollbackError
_FAILURES = (exc.DBAPIError, exc.PendingRollbackError)
"""What a statement fails with; the second, if the connection was lost before and somebody went on all the same."""


def sqlstate(error: _Failure) -> str | None:
    """Return Postgres's five-character code, if the server sent one."""
    return error.orig.sqlstate if isinstance(error, exc.DBAPIError) and isinstance(error.orig, psycopg.Error) else None


def _lost(error: _Failure) -> bool:
    if isinstance(error, exc.PendingRollbackError):
        return True
    # 57P01..57P03: the server is shutting down or starting up.
    return error.connection_invalidated or (sqlstate(error) or "08000")[:3] in ("080", "57P")


def _wait_or_raise(error: _Failure, attempt: int) -> None:
    of_state = isinstance(error, exc.OperationalError | exc.PendingRollbackError)
    again = sqlstate(error) in _RETRYABLE or (of_state and _lost(error))
    if not again:
        raise error
    if attempt == _ATTEMPTS:
        raise unavailable(error.orig if isinstance(error, exc.DBAPIError) else error) from error
    time.sleep(min(0.005 * 2**attempt, 1.0) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter


def _lock_rows(conn: sa.Connection, statement: Any, many: Any, values: Any, _options: Any) -> tuple[Any, Any, Any]:
    if not conn.info.get(LOCKING) or not isinstance(statement, sa.Select):
        return statement, many, values
    return locked(cast("sa.Select[Any]", statement)), many, values
