"""The durable engine, seen from the rest: it calls `advance(run_id)` at least once, also after any crash. Nothing more.

What a run is, what it has done and what comes next is ours (runs/, journalled in our own tables in the same transaction as
the effects). The engine owns only *when and where* a run is advanced: queueing, concurrency, delay, recovery.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Protocol

import sqlalchemy as sa

Advance = Callable[[str], Awaitable[None]]
"""Advance a run until it ends or waits. Safe to call twice, also at the same time; never raises for a run's own failure."""


class Engine(Protocol):
    """Starts segments of runs, durably."""

    async def start(self, advance: Advance) -> None:
        """Begin to work: recover what an earlier process left, then take from the queue."""
        ...

    async def stop(self, grace: float = 10.0) -> None:
        """Take no more, let running segments finish for `grace` seconds, then leave the rest to recovery."""
        ...

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Within the caller's transaction: have `run_id` advanced once `tx` commits, not before `at`.

        `(run_id, segment)` is the identity: a second enqueue of the same pair changes nothing.
        """
        ...

    def wake(self) -> None:
        """Hint that something was just committed to the queue, so that it is taken at once rather than at the next poll."""
        ...
