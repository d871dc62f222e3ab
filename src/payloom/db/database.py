"""One way to the database: `read(fn)` and `write(fn)`, where `fn` gets a connection inside one transaction.

Nobody calls commit(). Functions given to `write` are synchronous, do nothing but database work, and may be run again
(serialisation failures and deadlocks on Postgres are retried), so they must not touch the outside world.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import sqlalchemy as sa

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

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a write transaction (SQLite: BEGIN IMMEDIATE, several callers may share one commit) and return its
        result once it is durable. An exception rolls back this `work` alone and is raised to its caller.
        """
        ...

    async def close(self) -> None:
        """Finish what was handed in and close all connections."""
        ...
