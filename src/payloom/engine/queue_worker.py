"""Takes entries from the queue and has them advanced, as long as there is room. One transaction per look."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.engine import queue_entries, queue_probe
from payloom.engine.queue_entries import Entry
from payloom.engine.segment_runner import SegmentRunner
from payloom.engine.tasks import cancel
from payloom.kit.clock import Clock, monotonic

log = logging.getLogger("payloom.engine")

SAFETY = 10.0
"""Seconds after which the queue is looked at in any case, whatever the probe says."""
_BITE = 0.004
"""Seconds between two looks, so that a burst is taken in few large bites."""


class QueueWorker:
    """Advances what is on the queue.

    The transaction that takes entries also deletes those that are done. If the process ends in between, their segments
    are advanced once more, which changes nothing.
    """

    def __init__(
        self,
        database: Database,
        worker_id: str,
        segments: SegmentRunner,
        *,
        clock: Clock,
        concurrency: int,
        poll: float,
    ) -> None:
        """Prepare the worker; nothing is taken before `start`.

        concurrency: segments at once.
        poll: seconds between looks at the queue when nothing wakes it (other processes' entries).
        """
        self._database = database
        self._worker_id = worker_id
        self._segments = segments
        self._concurrency = concurrency
        self._clock = clock
        self._probe = queue_probe.QueueProbe(database, clock, poll=poll)
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[int] = set()
        self._done: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take."""
        self._loop = asyncio.get_running_loop()
        self._work = asyncio.create_task(self._take_entries(), name="payloom-queue")

    def wake(self) -> None:
        """Look at the queue now. May be called by any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def finish(self, grace: float) -> None:
        """Take no more, and let what was taken go on for `grace` seconds."""
        work, self._work = self._work, None
        await cancel(work)
        await self._segments.drain(grace)
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def leave(self) -> None:
        """Give back what was taken and is not done."""

        def work(tx: sa.Connection) -> None:
            queue_entries.delete_done(tx, self._worker_id, self._done)
            queue_entries.give_back(tx, self._worker_id)

        await self._database.write(work)

    async def _take_entries(self) -> None:
        """Look, advance what was taken, sleep; until cancelled."""
        safe_at, failed = 0.0, False
        try:
            while True:
                began = monotonic()
                own = began >= safe_at
                if own:
                    safe_at = began + SAFETY
                try:
                    await self._look(check_own=own)
                    failed = False
                except Exception as error:  # noqa: BLE001 - whatever it is, the worker must go on
                    if not failed:
                        log.warning(
                            "nothing can be taken from the queue, retrying every %g s: %s", queue_probe.AWAY, error
                        )
                    # A commit whose answer was lost may have taken entries: the next look gives them back.
                    safe_at, failed = 0.0, True
                    await asyncio.sleep(queue_probe.AWAY)
                    continue
                await asyncio.sleep(max(0.0, _BITE - (monotonic() - began)))
                await self._sleep(safe_at)
        finally:
            await self._probe.close()

    async def _sleep(self, until: float) -> None:
        """Return when somebody wakes the worker, the probe has seen something, or the time has come for a safe look."""
        while not self._woken.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._probe.pause()):
                    await self._woken.wait()
                break
            if self._done or monotonic() >= until or await self._probe.poll():
                break
        self._woken.clear()

    async def _look(self, *, check_own: bool) -> None:
        done, self._done = self._done, set()
        running = frozenset(self._running)

        def take(tx: sa.Connection) -> Sequence[Entry]:
            queue_entries.delete_done(tx, self._worker_id, done)
            if check_own:
                queue_entries.give_back(tx, self._worker_id, but=running)
            queue_entries.make_due_entries_ready(tx, self._clock.now())
            return queue_entries.take(tx, self._worker_id, self._concurrency - len(running))

        try:
            entries = await self._database.write(take)
        except BaseException:
            self._done |= done
            raise
        for entry in entries:
            self._running.add(entry.id)
            task = asyncio.create_task(self._advance(entry), name=f"payloom-run-{entry.run_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _advance(self, entry: Entry) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._segments.run(entry.run_id)
                self._done.add(entry.id)
        finally:
            full = len(self._running) >= self._concurrency
            self._running.discard(entry.id)
            if full:  # there may be more that had no room
                self._woken.set()
