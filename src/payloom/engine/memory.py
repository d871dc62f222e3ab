"""An engine in memory, for tests and dry runs: same contract as the durable one while the process lives."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets

import sqlalchemy as sa

from payloom.db.transactions import after_commit
from payloom.engine.port import Advance, Takeover
from payloom.engine.segment_runner import SegmentRunner
from payloom.engine.tasks import cancel
from payloom.kit.clock import Clock


class MemoryEngine:
    """An Engine that forgets everything when the process ends."""

    def __init__(self, clock: Clock, *, concurrency: int = 32, poll: float = 0.02) -> None:
        """concurrency: segments at once. poll: seconds between looks at the clock, for delayed segments."""
        self._clock = clock
        self._poll = poll
        self._worker_id = f"worker_{secrets.token_hex(6)}"
        self._seen: set[tuple[str, int]] = set()
        self._queue: list[tuple[str, dt.datetime | None]] = []
        self._slots = asyncio.Semaphore(concurrency)
        self._segments: SegmentRunner | None = None
        self._takeover: Takeover | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def worker_id(self) -> str:
        """Names this process."""
        return self._worker_id

    async def start(self, advance: Advance, takeover: Takeover) -> None:
        """Begin to work."""
        self._segments = SegmentRunner(advance)
        self._takeover = takeover
        self._loop = asyncio.get_running_loop()
        self._worker = asyncio.create_task(self._work(), name="payloom-memory-engine")

    async def _work(self) -> None:
        while True:
            now = self._clock.now()
            due = [entry for entry in self._queue if entry[1] is None or entry[1] <= now]
            for entry in due:
                await self._slots.acquire()
                self._queue.remove(entry)
                task = asyncio.create_task(self._run(entry[0]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            self._woken.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._poll if self._queue else None):
                    await self._woken.wait()

    async def _run(self, run_id: str) -> None:
        assert self._segments is not None
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await self._segments.run(run_id)
        finally:
            self._slots.release()

    async def stop(self, grace: float = 10.0) -> None:
        """Drain and leave."""
        worker, self._worker = self._worker, None
        await cancel(worker)
        if self._segments is not None:
            await self._segments.drain(grace)
            assert self._takeover is not None
            await self._takeover(self._worker_id)
            self._segments = None

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Put a segment on the queue when `tx` commits."""
        after_commit(tx, lambda: self._add(run_id, segment, at))

    def _add(self, run_id: str, segment: int, at: dt.datetime | None) -> None:
        if (run_id, segment) not in self._seen:
            self._seen.add((run_id, segment))
            self._queue.append((run_id, at))
            self.wake()

    def wake(self) -> None:
        """Look at the queue now."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)
