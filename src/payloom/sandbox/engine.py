"""An engine that advances a run only when its sandbox takes the next step.

Where due runs are kept is the queue's business: a list for test runs and dry runs, a table of the scenario's database
for scenarios, so that it outlives a killed process as the durable engine's queue does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from payloom.db.types import UtcDateTime
from payloom.engine.port import Advance, Takeover

_metadata = sa.MetaData()
entries = sa.Table(
    "payloom_sandbox_queue",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(255), nullable=False),
    sa.Column("segment", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.UniqueConstraint("run_id", "segment"),
)


class StepQueue(Protocol):
    """Keeps the segments that are to be advanced."""

    def put(self, tx: sa.Connection, run_id: str, segment: int, at: dt.datetime | None) -> None:
        """Keep a segment, within `tx`. at: when it is due; None: at once."""
        ...


class DueList:
    """Keeps the runs that are due at once, in memory; a segment that is due later is never advanced."""

    def __init__(self) -> None:
        """Begin empty."""
        self.run_ids: list[str] = []

    def put(self, tx: sa.Connection, run_id: str, segment: int, at: dt.datetime | None) -> None:  # noqa: ARG002 - the queue's form
        """See StepQueue."""
        if at is None:
            self.run_ids.append(run_id)


class QueueTable:
    """Keeps segments in `payloom_sandbox_queue`. An entry is gone once its advance returned."""

    @staticmethod
    def create(tx: sa.Connection) -> None:
        """Create the table."""
        _metadata.create_all(tx)

    def put(self, tx: sa.Connection, run_id: str, segment: int, at: dt.datetime | None) -> None:
        """See StepQueue. A segment is kept once, however often it is put."""
        values = {"run_id": run_id, "segment": segment, "at": at, "done": False}
        tx.execute(insert(entries).values(values).on_conflict_do_nothing())

    @staticmethod
    def waiting(tx: sa.Connection) -> list[Any]:
        """Return `(number, run_id, at)` of what is on the queue, in order."""
        query = sa.select(entries.c.number, entries.c.run_id, entries.c.at).where(entries.c.done.is_(sa.false()))
        return list(tx.execute(query.order_by(entries.c.number)))

    @staticmethod
    def finish(tx: sa.Connection, number: int) -> None:
        """Take an entry off the queue."""
        tx.execute(sa.update(entries).where(entries.c.number == number).values(done=True))


class SteppedEngine:
    """The Engine of one process in a sandbox."""

    def __init__(self, queue: StepQueue, worker_id: str, earlier: Sequence[str] = ()) -> None:
        """earlier: the ids of the workers before this one, whose runs it takes over at its start."""
        self._queue = queue
        self._worker_id = worker_id
        self._earlier = earlier
        self._advance: Advance | None = None

    @property
    def worker_id(self) -> str:
        """The id of this process."""
        return self._worker_id

    async def start(self, advance: Advance, takeover: Takeover) -> None:
        """Take over the runs of earlier workers."""
        self._advance = advance
        for worker in self._earlier:
            await takeover(worker)

    async def advance(self, run_id: str) -> None:
        """Advance one run by one segment. The engine must be started."""
        assert self._advance is not None
        await self._advance(run_id)

    async def stop(self, grace: float = 10.0) -> None:
        """Nothing runs by itself."""

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Put a segment on the queue, within `tx`."""
        self._queue.put(tx, run_id, segment, at)

    def wake(self) -> None:
        """Nothing to do: the sandbox asks for the next step."""


def process_engine(number: int) -> SteppedEngine:
    """Return the engine of a scenario's `number`-th process (from 1), with a queue in the scenario's database."""
    return SteppedEngine(QueueTable(), f"life_{number}", [f"life_{earlier}" for earlier in range(1, number)])


async def advance_due(engine: SteppedEngine, due: DueList, *, at_most: int | None = None) -> None:
    """Advance what is due until nothing is left, or `at_most` segments."""
    turns = 0
    while due.run_ids and (at_most is None or turns < at_most):
        turns += 1
        await engine.advance(due.run_ids.pop(0))
