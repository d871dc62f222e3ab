"""Tells cheaply whether the queue has anything to take, so that a transaction is begun only then.

Four times a second it asks a pragma on SQLite (has any other connection committed since?) and one prepared statement
on Postgres, past SQLAlchemy: some ten microseconds of the processor, and some hundred.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from typing import Any

from payloom.db.database import Database
from payloom.engine.queue_entries import JOURNAL
from payloom.kit.clock import Clock

log = logging.getLogger("payloom.engine")

AWAY = 2.0
"""Seconds before the next look after one that failed."""

_WAITING = f"""
SELECT EXISTS (SELECT 1 FROM payloom_queue WHERE worker IS NULL AND due_at IS NULL AND journal <= {JOURNAL}),
  (SELECT min(due_at) FROM payloom_queue WHERE due_at IS NOT NULL)
"""  # noqa: S608 - a number of ours
"""Both are the first entry of an index. SQLite uses a partial one only if it finds its condition word by word."""


class QueueProbe:
    """Looks at the queue on a connection of its own."""

    def __init__(self, database: Database, clock: Clock, *, poll: float) -> None:
        """poll: seconds between two looks."""
        self._engine = database.engine
        self._clock = clock
        self._interval = poll
        self._sqlite = database.dialect == "sqlite"
        self._connection: Any = None
        self._commits: int | None = None
        self._waiting = False
        self._due: dt.datetime | None = None
        self._away = False
        self._looking: asyncio.Future[bool] | None = None

    def pause(self) -> float:
        """Return the seconds until the next look."""
        if self._away:
            return AWAY
        left = (self._due - self._clock.now()).total_seconds() if self._due is not None else 0.0
        return min(self._interval, left) if left > 0 else self._interval

    async def poll(self) -> bool:
        """Whether something can be taken. A database that is away has nothing to take."""
        if self._sqlite:
            return self._poll()
        # In a thread: the other side may take its time to answer, or never do.
        self._looking = asyncio.get_running_loop().run_in_executor(None, self._poll)
        return await asyncio.shield(self._looking)

    def _poll(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._connect()
            if self._changed():
                with contextlib.closing(self._connection.execute(_WAITING)) as cursor:
                    waiting, due = cursor.fetchone()
                self._waiting, self._due = bool(waiting), _moment(due)
            due_now = self._due is not None and self._due <= self._clock.now()
            self._away = False
        except Exception as error:  # noqa: BLE001 - whatever the driver says, the worker must go on
            # Said once: those who have work to do say it too, and say more.
            if not self._away:
                log.warning("the queue can't be read, retrying every %g s: %s", AWAY, error)
            self._away = True
            self._close()
            return False
        if due_now:
            self._commits = None
        return self._waiting or due_now

    def _connect(self) -> Any:
        pooled = self._engine.raw_connection()
        # Out of the pool for good: it keeps a mode of its own, and nobody else may have it in between.
        pooled.detach()
        connection: Any = pooled.dbapi_connection
        if not self._sqlite:
            try:
                connection.autocommit = True
            except BaseException:
                connection.close()
                raise
        return connection

    def _changed(self) -> bool:
        """Whether the answer of the last look may be another now. On Postgres only asking tells."""
        if not self._sqlite:
            return True
        commits = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if commits == self._commits and not self._waiting:
            return False
        self._commits = commits
        return True

    async def close(self) -> None:
        """Let go of the connection."""
        if self._looking is not None:
            with contextlib.suppress(Exception):
                await self._looking
        self._close()

    def _close(self) -> None:
        connection, self._connection, self._commits = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()


def _moment(due: Any) -> dt.datetime | None:
    """Return a moment as SQLite stores it (text) or Postgres does."""
    return dt.datetime.fromisoformat(due).replace(tzinfo=dt.UTC) if isinstance(due, str) else due
