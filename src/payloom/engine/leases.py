"""Which workers are alive: every one counts up its row; a row that stands still belongs to a dead worker.

No two machines' clocks are compared: each worker measures with its own monotonic clock how long another's counter has
stood.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import sqlalchemy as sa

from payloom import __version__
from payloom.db.database import Database
from payloom.engine.models import workers
from payloom.engine.tasks import cancel
from payloom.kit.clock import Clock, monotonic

log = logging.getLogger("payloom.engine")

HEARTBEAT = 3.0
"""Seconds between two beats."""
LEASE_TIMEOUT = 15.0
"""Seconds without a beat after which a worker is taken to be dead. Its late writes are refused by the runs' epochs."""
_SILENT = 3
"""Beats after whose lack a worker no longer counts as the eldest."""


@dataclasses.dataclass(slots=True)
class _Other:
    """What is known of another worker. at: when its counter last moved here; heard: whether it ever did."""

    began: dt.datetime
    beat: int
    at: float
    heard: bool = False


class Leases:
    """Keeps this worker's row and watches the others'."""

    def __init__(
        self, database: Database, clock: Clock, worker_id: str, *, beat: float = HEARTBEAT, dead: float = LEASE_TIMEOUT
    ) -> None:
        """beat, dead: seconds."""
        self._database = database
        self._clock = clock
        self._id = worker_id
        self._beat = beat
        self._dead = dead
        self._seen: dict[str, _Other] = {}
        self._began = clock.now()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_leader(self) -> bool:
        """Whether no other worker that is heard of began before this one; for some seconds of two workers, or none."""
        now, own = monotonic(), (self._began, self._id)
        return not any(
            lease.heard and now - lease.at < _SILENT * self._beat and (lease.began, name) < own
            for name, lease in self._seen.items()
        )

    async def register(self) -> list[str]:
        """Write this worker's row; returns the ids of all others."""
        return await self._database.write(self._register)

    def _register(self, tx: sa.Connection) -> list[str]:
        self._began = self._clock.now()
        others = list(tx.execute(sa.select(workers.c.id).where(workers.c.id != self._id)).scalars())
        tx.execute(sa.delete(workers).where(workers.c.id == self._id))
        tx.execute(
            sa.insert(workers).values(
                id=self._id,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=__version__,
                started_at=self._began,
                beat=1,
                draining=False,
            )
        )
        return others

    def watch(self, on_dead: Callable[[str], Awaitable[None]]) -> None:
        """Beat from now on, and call `on_dead(worker_id)` for each worker that stops beating.

        The row of a dead worker goes once the call has returned.
        """
        self._task = asyncio.create_task(self._watch(on_dead), name="payloom-leases")

    async def _watch(self, on_dead: Callable[[str], Awaitable[None]]) -> None:
        while True:
            try:
                await self.check(on_dead)
            except Exception:
                log.exception("the worker's heartbeat failed; trying again")
            await asyncio.sleep(self._beat)

    async def check(self, on_dead: Callable[[str], Awaitable[None]]) -> None:
        """Beat once and look at the others once."""
        others = await self._database.write(self._beat_once)
        now = monotonic()
        for name in self._seen.keys() - {row.id for row in others}:
            del self._seen[name]
        for row in others:
            known = self._seen.get(row.id)
            if known is None:
                self._seen[row.id] = _Other(row.started_at, row.beat, now)
            elif known.beat != row.beat:
                known.beat, known.at, known.heard = row.beat, now, True
            elif now - known.at > self._dead:
                log.warning("worker %s has not been heard of for %.0f s: taking over its runs", row.id, now - known.at)
                await on_dead(row.id)
                await self.forget(row.id, beat=row.beat)
                self._seen.pop(row.id, None)

    def _beat_once(self, tx: sa.Connection) -> Sequence[Any]:
        updated = tx.execute(sa.update(workers).where(workers.c.id == self._id).values(beat=workers.c.beat + 1))
        if updated.rowcount == 0:
            # Somebody took us for dead (a long pause). Our runs are fenced; come back as a new worker.
            self._register(tx)
        query = sa.select(workers.c.id, workers.c.beat, workers.c.started_at)
        return tx.execute(query.where(workers.c.id != self._id)).all()

    async def forget(self, worker: str, *, beat: int | None = None) -> None:
        """Remove a worker's row (if it still stands at `beat`)."""
        query = sa.delete(workers).where(workers.c.id == worker)
        if beat is not None:
            query = query.where(workers.c.beat == beat)
        await self._database.write(lambda tx: tx.execute(query))

    async def stop(self) -> None:
        """Stop beating; the row stays until `forget`."""
        task, self._task = self._task, None
        await cancel(task)
