"""The databases of a sandbox.

`MemoryDatabase`: SQLite in memory that is restored from an image at once; one per sandbox. `CrashableDatabase`: the
same as one simulated process sees it. `RollbackDatabase`: one open transaction, which its owner rolls back.
Everything happens in the caller's thread, so a scenario is the same each time it runs.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import event, pool

from payloom.db.transactions import begin_work, savepoint, take_hooks

T = TypeVar("T")


def _begin(conn: sa.Connection) -> None:
    mode = conn.get_execution_options().get("payloom_begin", "BEGIN")
    if mode:
        conn.exec_driver_sql(mode)


class MemoryDatabase:
    """The database. Keeps SQLAlchemy's compiled statements from scenario to scenario."""

    dialect = "sqlite"

    def __init__(self) -> None:
        """Begin empty."""
        self._raw = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self._raw.execute("PRAGMA foreign_keys=ON")
        self._engine = sa.create_engine("sqlite://", creator=lambda: self._raw, poolclass=pool.StaticPool)
        event.listen(self._engine, "begin", _begin)
        self._conn = self._engine.connect().execution_options(payloom_begin="")

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath."""
        return self._engine

    def image(self) -> bytes:
        """Return everything that is stored."""
        return self._raw.serialize()

    def restore(self, image: bytes) -> None:
        """Forget everything and take what `image` holds."""
        # Not deserialized in place: SQLite would keep what it knows of json_each pointing at the schema it has freed.
        with contextlib.closing(sqlite3.connect(":memory:")) as stored:
            stored.deserialize(image)
            stored.backup(self._raw)
        self._raw.execute("PRAGMA foreign_keys=ON")

    def run(self, work: Callable[[sa.Connection], T], *, keep: bool = True) -> tuple[T, list[Callable[[], None]]]:
        """Do `work` in a transaction; return its result and the hooks to call once that is known to be durable.

        keep: otherwise everything is rolled back.
        """
        begin_work(self._conn)
        self._raw.execute("BEGIN IMMEDIATE")
        try:
            with savepoint(self._conn):
                result = work(self._conn)
            hooks = take_hooks(self._conn)
            self._raw.execute("COMMIT" if keep else "ROLLBACK")
        except BaseException:
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
            raise
        return result, hooks

    def inspect(self, work: Callable[[sa.Connection], T]) -> T:
        """Read, as an observer: not a boundary of the scenario."""
        return self.run(work, keep=False)[0]

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Nothing to do: nobody else writes."""
        return contextlib.nullcontext()

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See Database.read."""
        return self.inspect(work)

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:  # noqa: ARG002 - the seam
        """See Database.write."""
        result, hooks = self.run(work)
        for hook in hooks:
            hook()
        return result

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """Nothing to do: there is one writer."""

    async def close(self) -> None:
        """Give the memory back."""
        self._conn.close()
        self._engine.dispose()
        self._raw.close()


class CrashableDatabase:
    """The same database as one process sees it: after each commit the process may die."""

    dialect = "sqlite"

    def __init__(self, memory: MemoryDatabase, crash_point: Callable[[str], None]) -> None:
        """reached: called at every boundary; raises when the process dies there."""
        self._memory = memory
        self._reached = crash_point

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath."""
        return self._memory.engine

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Nothing to do: nobody else writes."""
        return contextlib.nullcontext()

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See Database.read."""
        return self._memory.inspect(work)

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:  # noqa: ARG002 - the seam
        """See Database.write. What is committed stays, also when the process dies right after."""
        self._reached("")
        result, hooks = self._memory.run(work)
        self._reached("commit")
        for hook in hooks:
            hook()
        return result

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """Nothing to do: there is one writer."""

    async def close(self) -> None:
        """The database outlives the process."""


class RollbackDatabase:
    """A Database that is one open transaction: what is written is seen, and never stored."""

    def __init__(self, tx: sa.Connection) -> None:
        """tx: in a transaction that the owner rolls back."""
        self._tx = tx

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._tx.dialect.name

    @property
    def engine(self) -> sa.Engine:
        """The SQLAlchemy engine underneath."""
        return self._tx.engine

    def alone(self) -> contextlib.AbstractContextManager[None]:
        """Nothing to do: nobody else writes."""
        return contextlib.nullcontext()

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        """See Database.read."""
        return work(self._tx)

    async def write(self, work: Callable[[sa.Connection], T], *, wait_for_locks: bool = True) -> T:  # noqa: ARG002 - the seam
        """See Database.write."""
        begin_work(self._tx)
        with savepoint(self._tx):
            result = work(self._tx)
        for hook in take_hooks(self._tx):
            hook()
        return result

    def write_lock(self, tx: sa.Connection, *names: str, shared: bool = False) -> None:
        """No other connection sees what is held."""

    async def close(self) -> None:
        """The owner closes the connection."""
