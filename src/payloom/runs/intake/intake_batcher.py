"""Batches events: one transaction for all events that wait while the previous one commits.

No event waits for others. A single event is stored immediately, and one that cannot be stored with the others is
stored alone: each caller hears of its own event only.
"""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from payloom.db.errors import DatabaseUnavailable
from payloom.inbox.service import InboxEvent
from payloom.runs.dependencies import RunDependencies
from payloom.runs.intake.intake import Intake, IntakeResult

_MOST = 64
"""Events in one transaction. More would keep the first ones waiting, and other workers out of their lanes."""
_HOLD_UP = 0.1
"""Seconds after which the next events no longer wait for a transaction that waits for a lock."""

_Waiting = tuple[InboxEvent, "asyncio.Future[IntakeResult]"]


class IntakeBatcher:
    """The events on their way into the database."""

    def __init__(self, deps: RunDependencies, intake: Intake) -> None:
        """Begin with none."""
        self._deps = deps
        self._intake = intake
        self._waiting: list[_Waiting] = []
        self._busy: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self.ingested = 0
        """Events handed in so far."""

    async def ingest(self, event: InboxEvent) -> IntakeResult:
        """Store the event and start what it starts; durable when this returns."""
        future: asyncio.Future[IntakeResult] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        self.ingested += 1
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._work(), name="payloom-intake")
        return await future

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            task = asyncio.create_task(self._store(batch))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            await asyncio.wait({task}, timeout=_HOLD_UP)

    async def _store(self, batch: list[_Waiting]) -> None:
        events = [event for event, _ in batch]
        try:
            results = await self._write(events)
        except DatabaseUnavailable as error:
            for _, future in batch:
                _fail(future, error)
        except Exception as error:  # noqa: BLE001 - its caller is to hear of it, whatever it is
            if len(batch) == 1:
                _fail(batch[0][1], error)
            else:
                await asyncio.gather(*[self._store([item]) for item in batch])
        except BaseException as error:
            # This task ends, or is ended: whoever waits for it must not wait for ever.
            for _, future in batch:
                _fail(future, error)
            if isinstance(error, asyncio.CancelledError):
                raise
        else:
            for (_, future), intake in zip(batch, results, strict=True):
                if not future.done():
                    future.set_result(intake)

    async def _write(self, events: list[InboxEvent]) -> list[IntakeResult]:
        def work(tx: sa.Connection) -> list[IntakeResult]:
            return self._intake.intake_all(tx, events)

        # Several events hold several locks: they give way rather than wait for another worker that waits for them.
        return await self._deps.database.write(work, wait_for_locks=len(events) == 1)


def _fail(future: asyncio.Future[IntakeResult], error: BaseException) -> None:
    if isinstance(error, asyncio.CancelledError):
        future.cancel()
    elif not future.done():
        future.set_exception(error)
