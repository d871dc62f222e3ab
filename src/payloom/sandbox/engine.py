"""An engine for stories: a queue in the story's own database, so it survives the process as the durable engine's does.

Nothing runs by itself; the story takes the next due entry and advances it. An entry is gone once its advance returned.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from payloom.db.types import UtcDateTime
from payloom.engine.port import Advance, Takeover

_metadata = sa.MetaData()
entries = sa.Table(
    "payloom_story_queue",
    _metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run_id", sa.String(255), nullable=False),
    sa.Column("segment", sa.Integer, nullable=False),
    sa.Column("at", UtcDateTime),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.UniqueConstraint("run_id", "segment"),
)


def make(conn: sa.Connection) -> None:
    """Make the queue's table."""
    _metadata.create_all(conn)


class SteppedEngine:
    """The Engine of one process of a story."""

    def __init__(self, number: int) -> None:
        """number: which process of the story this is, from 1."""
        self._number = number
        self.advance: Advance | None = None

    @property
    def worker_id(self) -> str:
        """Names this process."""
        return f"life_{self._number}"

    async def prepare(self) -> None:
        """Nothing to make."""

    async def start(self, advance: Advance, takeover: Takeover) -> None:
        """Take over what earlier processes left."""
        self.advance = advance
        for number in range(1, self._number):
            await takeover(f"life_{number}")

    async def stop(self, grace: float = 10.0) -> None:
        """Nothing runs by itself."""

    def enqueue(self, tx: sa.Connection, run_id: str, segment: int, *, at: dt.datetime | None = None) -> None:
        """Put a segment on the queue, within `tx`."""
        values = {"run_id": run_id, "segment": segment, "at": at, "done": False}
        tx.execute(insert(entries).values(values).on_conflict_do_nothing())

    def wake(self) -> None:
        """The story looks by itself."""


def waiting(tx: sa.Connection) -> list[Any]:
    """Return `(number, run_id, at)` of what is on the queue, in order."""
    query = sa.select(entries.c.number, entries.c.run_id, entries.c.at).where(entries.c.done.is_(sa.false()))
    return list(tx.execute(query.order_by(entries.c.number)))


def finish(tx: sa.Connection, number: int) -> None:
    """Take an entry off the queue."""
    tx.execute(sa.update(entries).where(entries.c.number == number).values(done=True))
