"""One way to the database: `read(fn)` and `write(fn)`, where `fn` gets a connection inside one transaction.

No caller calls commit(). Functions given to `write` are synchronous, do nothing but database work, and may be run again
(serialisation failures and deadlocks on Postgres are retried), so they must not touch the outside world.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.db.sealing.sealer import ATTRIBUTE, Sealer

T = TypeVar("T")

metadata = sa.MetaData()
"""Payloom's own tables, all named `payloom_…`; each room declares its rows in its own models.py."""


class Database(Protocol):
    """A SQLite file or a Postgres database."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath, for migrations and for the durable engine's own connection."""
        ...

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a read transaction in a worker thread and return its result."""
        ...

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:
        """Run `work` in a write transaction and return its result once it is durable.

        On SQLite it is a BEGIN IMMEDIATE, and several callers may share one commit. An exception rolls back this
        `work` alone and is raised to its caller.

        Raises `DatabaseUnavailable` when nothing can be stored now, `CommitUnknown` when the connection broke during
        the commit: run idempotent work again, look up otherwise.

        wait_for_locks: otherwise work that meets a lock for long, or would be run again, is given up with
        `SerializationConflict`.
        """
        ...

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """Within a write, hold a lock on each of `names` until it ends, against every other process.

        SQLite always holds it. shared: only against those who do not share it.
        """
        ...

    def alone(self) -> contextlib.AbstractContextManager[object]:
        """Keep the other writes of this process out while the block runs, in a thread of its own. SQLite only."""
        ...

    async def close(self) -> None:
        """Finish what was handed in and close all connections."""
        ...


def open_database(url: str, sealer: Sealer | None = None) -> Database:
    """Open `sqlite:///relative/path.db`, `sqlite:////absolute/path.db` or `postgresql://user:password@host/name`.

    sealer: seals the secrets in what is stored; without one they are stored as they are.

    Raises `DatabaseUrlNotUnderstood` or `DatabaseUnavailable`. Tables are made by `payloom.db.migrate.migrate`.
    """
    from payloom.db.errors import DatabaseUrlNotUnderstood  # noqa: PLC0415 - the two halves load only what they need

    try:
        parsed = sa.make_url(url)
    except exc.ArgumentError:
        parsed = None
    backend = parsed.get_backend_name() if parsed is not None else ""
    if parsed is not None and backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        from payloom.db.sqlite import SqliteDatabase  # noqa: PLC0415 - loaded only where it is used

        return _sealed(SqliteDatabase(Path(parsed.database)), sealer)
    if parsed is not None and backend in ("postgresql", "postgres"):
        from payloom.db.postgres import PostgresDatabase  # noqa: PLC0415 - loaded only where it is used

        return _sealed(PostgresDatabase(parsed.set(drivername="postgresql")), sealer)
    raise DatabaseUrlNotUnderstood(
        "The database address is neither a SQLite file nor a Postgres server.",
        hint="Write sqlite:///payloom.db or postgresql://user:password@host:5432/name.",
    )


def _sealed(database: Database, sealer: Sealer | None) -> Database:
    """Have every value of this database pass the sealer: the types of the columns find it at their dialect."""
    setattr(database.engine.dialect, ATTRIBUTE, sealer)
    return database
