"""SQLite: one file, one writer thread with group commit, a few readers beside it.

Writers queue. Those that wait during a commit share the next transaction: each piece of work in its own savepoint, one
fsync for all of them.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import dataclasses
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event, exc

from payloom.db import deferred_writes
from payloom.db.closing import close_engine
from payloom.db.errors import DatabaseUnavailable
from payloom.db.transactions import begin_work, joined_work, run_plain, savepoint, take_hooks
from payloom.kit.clock import monotonic
from payloom.settings.private_files import private_file, private_folder

T = TypeVar("T")

_BUSY_MS = 20_000
_GROUP = 128
"""At most so many pieces of work share a commit."""
_GROUP_SECONDS = 0.05
"""A transaction that has run this long takes no further work: latency matters more than the saved fsync."""


@dataclasses.dataclass(slots=True)
class _Job:
    work: Callable[[sa.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    hooks: list[Callable[[], None]] = dataclasses.field(default_factory=list[Callable[[], None]])


_DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_AWAY = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_NOMEM")


def _pragmas(dbapi: sqlite3.Connection, _record: object) -> None:
    dbapi.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
        "cache_size=-16000",
    ):
        dbapi.execute(f"PRAGMA {pragma}").fetchall()


def _begin(conn: sa.Connection) -> None:
    mode = conn.get_execution_options().get("payloom_begin", "BEGIN")
    if mode:
        conn.exec_driver_sql(mode)


class SqliteDatabase:
    """A Database in one file."""

    dialect = "sqlite"

    def __init__(self, path: Path, *, readers: int = 3) -> None:
        """Open the file at `path`, making it and its folder if need be."""
        private_folder(path.parent)
        with contextlib.suppress(OSError):  # SQLite says below, in its own words, what keeps the file from being opened
            private_file(path)
        self.path = path
        self.lock = threading.Lock()
        self._engine = sa.create_engine(f"sqlite:///{path}", pool_size=readers + 2, max_overflow=8)
        event.listen(self._engine, "connect", _pragmas)
        event.listen(self._engine, "begin", _begin)
        deferred_writes.listen(self._engine)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._readers = concurrent.futures.ThreadPoolExecutor(readers, thread_name_prefix="payloom-db-read")
        self._closed = False
        try:
            with self._engine.connect():
                pass
        except exc.DatabaseError as error:
            hint = "Check the path and its permissions, and that it is a SQLite database. `payloom restore` makes one of a backup."
            raise DatabaseUnavailable(
                f"The database file cannot be opened: {error.orig}", where=str(path), hint=hint
            ) from error
        self._writer = threading.Thread(target=self._write_loop, name="payloom-db-write", daemon=True)
        self._writer.start()

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath."""
        return self._engine

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """Nothing to do: there is one writer."""

    def alone(self) -> contextlib.AbstractContextManager[object]:
        """Hold the lock that this process's writers take turns with."""
        return self.lock

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` on a snapshot, in a reader thread."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        try:
            with self._engine.connect() as conn, conn.begin():
                return work(conn)
        except (exc.DBAPIError, sqlite3.Error) as error:
            state = _unavailable(error)
            if state is error:
                raise
            raise state from error

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:  # noqa: ARG002 - no locks
        """Run `work` in the next transaction and return its result once it is on disk."""
        if self._closed:
            raise DatabaseUnavailable("The database is closed.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        both, joined = joined_work(self, work)
        self._jobs.put(_Job(both, loop, future))
        result = await future
        if joined is not None:
            joined.done = True
        return result

    async def close(self) -> None:
        """Finish what was handed in and close all connections."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(self._readers, self._writer.join)
        self._readers.shutdown(wait=True)
        close_engine(self._engine)

    def _write_loop(self) -> None:
        while True:
            try:
                connection = self._engine.connect().execution_options(payloom_begin="")
            except exc.DBAPIError as error:
                self._fail_waiting(error)
                continue
            with connection as conn:
                if not self._serve(conn):
                    return

    def _fail_waiting(self, error: exc.DBAPIError) -> None:
        job = self._jobs.get()
        if job is not None:
            job.error = DatabaseUnavailable(f"The database file cannot be opened: {error.orig}", where=str(self.path))
            _settle([job])

    def _serve(self, conn: sa.Connection) -> bool:
        """Serve until closed (False) or until the connection is broken (True)."""
        while True:
            job = self._jobs.get()
            if job is None:
                return False
            jobs = [job]
            stop = self._run_group(conn, jobs)
            _settle(jobs)
            if stop:
                return False
            if conn.invalidated:
                return True

    def _run_group(self, conn: sa.Connection, jobs: list[_Job]) -> bool:
        """Run the first job and whatever is waiting in one transaction; returns whether the queue ended."""
        stop = False
        began = monotonic()
        with self.lock:
            try:
                run_plain(conn, "BEGIN IMMEDIATE")
                position = 0
                while position < len(jobs):
                    _run_one(conn, jobs[position])
                    position += 1
                    if position == len(jobs) and len(jobs) < _GROUP and monotonic() - began < _GROUP_SECONDS:
                        with contextlib.suppress(queue.Empty):
                            following = self._jobs.get_nowait()
                            if following is None:
                                stop = True
                            else:
                                jobs.append(following)
                run_plain(conn, "COMMIT")
            except BaseException as error:  # noqa: BLE001 - every caller must hear of it
                self._undo(conn, jobs, error)
        return stop

    def _undo(self, conn: sa.Connection, jobs: list[_Job], error: BaseException) -> None:
        with contextlib.suppress(sqlite3.Error):
            run_plain(conn, "ROLLBACK")
        for job in jobs:
            job.hooks.clear()
            if job.error is None:
                job.error = _unavailable(error)


def _run_one(conn: sa.Connection, job: _Job) -> None:
    for optimistic in (True, False):
        begin_work(conn)
        deferred_writes.begin(conn, optimistic=optimistic)
        try:
            with savepoint(conn, always=True):
                job.result = job.work(conn)
                deferred_writes.end(conn)
            job.hooks, job.error = take_hooks(conn), None
        except BaseException as error:
            job.error = _unavailable(error)
            if not conn.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr] - the connection is open here
                # Disk full and the like end the whole transaction: nobody in the group has been stored.
                raise
        finally:
            deferred_writes.drop(conn)
        if not isinstance(job.error, deferred_writes.RetryPessimistically):
            return


def _unavailable(error: BaseException) -> BaseException:
    """Return the error for the caller: a full disk is a state of the database, not a mistake of the caller."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return error
    name: str = getattr(cause, "sqlite_errorname", "")
    if name.startswith(_DAMAGED):
        hint = "Stop the server, move the file away, and run `payloom restore` with a backup."
        return DatabaseUnavailable(f"The database file is damaged: {cause}.", hint=hint)
    if not name.startswith(_AWAY):
        return error
    return DatabaseUnavailable(f"The database cannot store anything right now: {cause}.", hint="Try again shortly.")


def _settle(jobs: list[_Job]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        for hook in job.hooks:
            hook()
        by_loop.setdefault(job.loop, []).append(job)
    for loop, settled in by_loop.items():
        # A closed loop has nobody left who waits.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_resolve, settled)


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
