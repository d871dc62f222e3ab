"""The listeners for changes in this process, and the one database poll for all of them.

Without listeners there is no poll. Changes of other processes arrive like our own, half a second later.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import datetime as dt
import logging
from collections.abc import AsyncGenerator
from typing import Any

from payloom.api.http.errors import TooManyRequests
from payloom.api.http.serialization import to_plain
from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.views.change_feed import Change, changes_since

log = logging.getLogger("payloom.live")

PAUSE = 0.5
OVERLAP = dt.timedelta(seconds=3)
"""How far each look goes back: transactions become visible in another order than their times."""
MAX_LISTENERS = 100
MAX_OF_ONE = 20
MAX_QUEUED = 500
_REMEMBERED = 5000

Message = dict[str, Any]


class ChangeStream:
    """The listeners of this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """There is no poll before the first listener."""
        self._database = database
        self._clock = clock
        self._listeners: set[asyncio.Queue[Message | None]] = set()
        self._by_listener: collections.Counter[str] = collections.Counter()
        self._polling: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._seen: collections.OrderedDict[tuple[Any, ...], None] = collections.OrderedDict()

    def publish(self, kind: str, key: str, status: str | None = None, **more: Any) -> None:
        """Notify the listeners of this process of a change that no table of Payloom's own has."""
        self._send({"kind": kind, "id": key, "status": status, "at": to_plain(self._clock.now()), **more})

    def close(self) -> None:
        """End every stream; the server is about to stop."""
        for queue in self._listeners:
            queue.put_nowait(None)
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None

    @contextlib.asynccontextmanager
    async def listen(self, listener: str = "") -> AsyncGenerator[asyncio.Queue[Message | None]]:
        """Give a queue of messages; None ends it. Raises TooManyRequests.

        listener: who it is. One who opens many shuts nobody else out.
        """
        if len(self._listeners) >= MAX_LISTENERS or self._by_listener[listener] >= MAX_OF_ONE:
            raise TooManyRequests(
                "too many open live connections", hint="Close other tabs of the studio.", retry_after=30
            )
        queue: asyncio.Queue[Message | None] = asyncio.Queue()
        self._listeners.add(queue)
        self._by_listener[listener] += 1
        try:
            async with self._starting:
                if self._polling is None or self._polling.done():
                    # Before the listener is told that it listens: what changes from then on is not taken for old.
                    since = self._clock.now()
                    for change in await self._database.read(lambda tx: changes_since(tx, since - OVERLAP)):
                        self._is_new(change)
                    self._polling = asyncio.create_task(self._poll(since), name="payloom-live")
            yield queue
        finally:
            self._listeners.discard(queue)
            self._by_listener -= collections.Counter([listener])
            if not self._listeners and self._polling is not None:
                self._polling.cancel()
                self._polling = None

    def _send(self, message: Message) -> None:
        for queue in self._listeners:
            if queue.qsize() >= MAX_QUEUED:
                while not queue.empty():
                    queue.get_nowait()
                queue.put_nowait({"kind": "hello", "refetch": True})
            queue.put_nowait(message)

    async def _poll(self, since: dt.datetime) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            try:
                now, start = self._clock.now(), since - OVERLAP
                changes = await self._database.read(lambda tx, start=start: changes_since(tx, start))
                since = now
            except Exception:
                log.exception("looking for changes failed; trying again")
                await asyncio.sleep(5)
                continue
            for change in changes:
                if self._is_new(change):
                    self._send(to_plain({name: value for name, value in dataclasses.asdict(change).items() if value}))

    def _is_new(self, change: Change) -> bool:
        key = (change.kind, change.id, change.status, change.at)
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return True
