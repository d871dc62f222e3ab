"""Tells cheaply whether the queue has anything to take, so that DBOS is asked only then.

DBOS's own look costs milliseconds of the processor, four times a second. This one is a pragma on SQLite (has any other
connection committed since?) and one prepared statement on Postgres, past SQLAlchemy: some ten microseconds, and some
hundred.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from payloom.kit.clock import SystemClock, monotonic

log = logging.getLogger("payloom.engine")

SAFETY = 10.0
"""Seconds after which the queue is looked at in any case, whatever the look here says."""
_AWAY = 2.0
"""Seconds before the next look after one that failed."""
_BITE = 0.004

_WAITING = """
SELECT EXISTS (SELECT 1 FROM {table} WHERE queue_name = '{queue}' AND status = 'ENQUEUED'
    AND application_version = '{version}' AND status IN ('ENQUEUED', 'PENDING')),
  (SELECT min(delay_until_epoch_ms) FROM {table} WHERE status = 'DELAYED' AND queue_name = '{queue}')
"""
"""Both are the first entry of an index. SQLite uses the partial one only if it finds its condition word by word."""


class QueueProbe:
    """Looks at the queue on a connection of its own. Used by one thread."""

    def __init__(self, engine: sa.Engine, due: Callable[[], object], *, queue: str, version: str, poll: float) -> None:
        """Prepare the probe.

        due: puts entries on the queue whose time has come (by the machine's clock: so DBOS wrote it).
        queue, version: of the entries that count.
        poll: seconds between two looks.
        """
        self._engine = engine
        self._clock = SystemClock()
        self._due = due
        self._poll = poll
        self._sqlite = engine.dialect.name == "sqlite"
        table = "workflow_status" if self._sqlite else "dbos.workflow_status"
        self._query = _WAITING.format(table=table, queue=queue, version=version)
        self._connection: Any = None
        self._commits: int | None = None
        self._waiting = False
        self._next: int | None = None
        self._away = False

    def pause(self) -> float:
        """Return the seconds until the next look."""
        if self._away:
            return _AWAY
        left = self._next / 1000 - self._clock.now().timestamp() if self._next is not None else 0.0
        return min(self._poll, left) if left > 0 else self._poll

    def poll(self) -> bool:
        """Whether something can be taken. A database that is away has nothing to take."""
        try:
            if self._connection is None:
                self._connection = self._connect()
            if self._changed():
                with contextlib.closing(self._connection.execute(self._query)) as cursor:
                    waiting, self._next = cursor.fetchone()
                self._waiting = bool(waiting)
            if self._next is not None and self._next <= self._clock.now().timestamp() * 1000:
                self._next, self._commits = None, None
                self._due()
                self._waiting = True
            self._away = False
        except Exception as error:  # noqa: BLE001 - the thread must live on, whatever the driver says
            # Said once: those who have work to do say it too, and say more.
            if not self._away:
                log.warning("the queue can't be read, retrying every %g s: %s", _AWAY, error)
            self._away = True
            self.close()
        return self._waiting and not self._away

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

    def close(self) -> None:
        """Let go of the connection; the next look opens another."""
        connection, self._connection, self._commits = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()


class WakeEvent(threading.Event):
    """The stop event of DBOS's queue thread, which also lets it sleep as long as there is nothing to take.

    That thread takes what there is and then sleeps in `wait(poll)` on its stop event. This one returns, unset, as soon
    as somebody rings or the lookout has seen something.
    """

    def __init__(self, lookout: QueueProbe) -> None:
        """lookout: looks while nobody rings."""
        super().__init__()
        self._lookout = lookout
        self._rung = threading.Event()
        self._looked = 0.0

    def wake(self) -> None:
        """End the current wait."""
        self._rung.set()

    def set(self) -> None:
        """Stop for good."""
        super().set()
        self._rung.set()

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002 - the lookout knows when to look
        """Wait for a ring, something to take, or the end; returns whether this is the end."""
        end = monotonic() + SAFETY
        while not self._rung.wait(self._lookout.pause()):
            if self._lookout.poll() or monotonic() >= end:
                break
        # A pause, so that a burst is taken in few large bites.
        pause = self._looked + _BITE - monotonic()
        if pause > 0 and not self.is_set():
            super().wait(pause)
        self._rung.clear()
        self._looked = monotonic()
        return self.is_set()
