"""The durable engine: a queue in the same database as everything else, delays, and recovery.

An entry of the queue stands for one segment of a run, and is added in the transaction that makes the segment necessary.
What a run did is in `payloom_steps`, written together with the effects.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import logging
import secrets
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.db.errors import DatabaseError
from payloom.db.sqlite import SqliteDatabase
from payloom.db.transactions import after_commit
from payloom.engine import older_queue, queue_entries
from payloom.engine.errors import AnotherWorkerRuns
from payloom.engine.leases import HEARTBEAT, LEASE_TIMEOUT, Leases
from payloom.engine.port import Advance, Takeover
from payloom.engine.queue_worker import QueueWorker
from payloom.engine.segment_runner import SegmentRunner
from payloom.engine.tasks import cancel
from payloom.kit.clock import Clock
from payloom.settings.private_files import private_file

log = logging.getLogger("payloom.engine")

_OLDER = 15.0
"""Seconds between two looks for entries that a server of an older version has left."""


class DurableEngine:
    """An Engine whose queue survives the process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        concurrency: int = 64,
        poll: float = 0.25,
        beat: float = HEARTBEAT,
        dead: float = LEASE_TIMEOUT,
    ) -> None:
        """Prepare the engine; nothing runs before `start`.

        concurrency: segments at once in this process.
        poll: seconds between looks at the queue when nothing wakes it (other processes' entries).
        beat, dead: see Leases.
        """
        self._database = database
        self._clock = clock
        self._concurrency = concurrency
        self._poll = poll
        self._worker_id = f"worker_{secrets.token_hex(6)}"
        self._leases = Leases(database, clock, self._worker_id, beat=beat, dead=dead)
        self._worker: QueueWorker | None = None
        self._takeover: Takeover | None = None
        self._lock: IO[str] | None = None
        self._stack = contextlib.AsyncExitStack()
        """Undoes what `start` has done."""
        self._grace = 0.0

    @property
    def worker_id(self) -> str:
        """Names this process."""
        return self._worker_id

    @property
    def is_leader(self) -> bool:
        """Whether no worker that lives has begun to work before this one: who does what one is enough for."""
        return self._lock is not None or self._leases.is_leader

    async def adopt_older_queue(self) -> None:
        """Take over what Payloom 0.1 left on its queue in a SQLite file.

        On Postgres older servers may still work: there `start` does it.
        """
        if not isinstance(self._database, SqliteDatabase) or not await self._database.read(older_queue.is_there):
            return
        try:
            self._take_file_lock()
        except AnotherWorkerRuns:
            return  # it is its queue; the next start takes over what it leaves
        try:
            await older_queue.move_older_queue(self._database)
        finally:
            self._release_file_lock()

    async def start(self, advance: Advance, takeover: Takeover) -> None:
        """Begin to work. Raises `AnotherWorkerRuns` when another process works on this SQLite file."""
        self._take_file_lock()
        self._stack.callback(self._release_file_lock)
        self._takeover = takeover
        others = await self._leases.register()
        self._stack.push_async_callback(self._forget_worker)
        self._worker = QueueWorker(
            self._database,
            self._worker_id,
            SegmentRunner(advance),
            clock=self._clock,
            concurrency=self._concurrency,
            poll=self._poll,
        )
        self._stack.push_async_callback(self._leases.stop)
        self._stack.push_async_callback(self._drain)
        if self._lock is not None:
            # One process per file: every other worker in the table is gone.
            for worker in others:
                await self._take_over(worker)
                await self._leases.forget(worker)
        else:
            self._leases.watch(self._take_over)
        if await self._database.read(older_queue.is_there):
            await older_queue.move_older_queue(self._database)
            if self._lock is None:
                following = asyncio.create_task(self._follow_older_servers(), name="payloom-older-queue")
                self._stack.push_async_callback(cancel, following)
        self._worker.start()

    def _take_file_lock(self) -> None:
        if not isinstance(self._database, SqliteDatabase):
            return
        path = Path(f"{self._database.path}.worker")
        private_file(path)
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise AnotherWorkerRuns(
                where=str(self._database.path),
                hint="Stop it first. SQLite takes one worker; several need Postgres (database: postgresql://…).",
            ) from None
        self._lock = lock

    async def _take_over(self, worker: str) -> None:
        assert self._takeover is not None
        await self._takeover(worker)
        # What it had taken from the queue but not begun.
        await self._database.write(lambda tx: queue_entries.give_back(tx, worker))
        self.wake()

    async def _follow_older_servers(self) -> None:
        """Move what servers of the older version leave, for as long as there may be any."""
        while True:
            await asyncio.sleep(_OLDER)
            try:
                if await older_queue.move_older_queue(self._database):
                    self.wake()
            except Exception:
                log.exception("entries of the older queue could not be moved; trying again")

    async def stop(self, grace: float = 10.0) -> None:
        """Drain and leave: undo what `start` has done, in the opposite order."""
        started, self._stack = self._stack, contextlib.AsyncExitStack()
        self._grace = grace
        await started.aclose()

    async def _drain(self) -> None:
        """Finish what runs, and give the rest back."""
        assert self._worker is not None
        assert self._takeover is not None
        await self._worker.finish(self._grace)
        await self._takeover(self._worker_id)
        await self._worker.leave()

    async def _forget_worker(self) -> None:
        try:
            await self._leases.forget(self._worker_id)
        except DatabaseError as error:
            # Nothing of ours is left, and a row that no longer beats is removed by the others.
            log.warning("this worker's row stays until another worker removes it: %s", error)

    def _release_file_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Put a segment on the queue with `tx`."""
        due_at = at if at is not None and at > self._clock.now() else None
        queue_entries.add(tx, run_id, segment, due_at)
        after_commit(tx, self.wake)

    def wake(self) -> None:
        """Look at the queue now."""
        if self._worker is not None:
            self._worker.wake()
