"""The durable engine, seen from the rest: it calls `advance(run_id)` at least once, also after any crash. Nothing more.

What a run is, what it has done and what comes next is ours (runs/, journalled in our own tables in the same transaction
as the effects). The engine owns only *when and where* a run is advanced: queueing, concurrency, delay, recovery, and
which worker processes are alive.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Protocol

import sqlalchemy as sa

Advance = Callable[[str], Awaitable[None]]
"""Advance a run until it ends or waits. Safe to call twice, also at the same time. May raise when the database is away;
it is called again then."""

Takeover = Callable[[str], Awaitable[None]]
"""Told that the worker with this id is dead (or leaves): put back to the queue what it was advancing. Safe to call
twice.
"""


class Engine(Protocol):
    """Starts segments of runs, durably."""

    @property
    def worker_id(self) -> str:
        """Names this process among the workers; written to the runs it advances."""
        ...

    async def start(self, advance: Advance, takeover: Takeover) -> None:
        """Begin to work: recover what an earlier process left, take from the queue, watch the other workers."""
        ...

    async def stop(self, grace: float = 10.0) -> None:
        """Take no more, let running segments finish for `grace` seconds, then leave the rest to recovery."""
        ...

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Within the caller's transaction: have `run_id` advanced once `tx` commits, not before `at`.

        `(run_id, segment)` is the identity: while one is on the queue, a second of the same pair changes nothing.
        """
        ...

    def wake(self) -> None:
        """Hint that something was just committed to the queue, so that it is taken soon, not at the next poll."""
        ...
