"""Lanes: runs of one workflow about one object go one after another. And how a run is put (back) on the queue."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from payloom.runs.models import runs
from payloom.runs.parts import Parts

_AHEAD = (
    sa.select(sa.literal(1))
    .where(runs.c.lane == sa.bindparam("lane"), runs.c.finished_at.is_(None), runs.c.id != sa.bindparam("run_id"))
    .limit(1)
)
_NEXT = (
    sa.select(runs.c.id, runs.c.segment)
    .where(runs.c.lane == sa.bindparam("lane"), runs.c.finished_at.is_(None), runs.c.blocked.is_(sa.true()))
    .order_by(runs.c.lane_position, runs.c.id)
    .limit(1)
)
_ACTIVE = (
    sa.select(sa.literal(1))
    .where(
        runs.c.lane == sa.bindparam("lane"),
        runs.c.finished_at.is_(None),
        runs.c.blocked.is_(sa.false()),
        runs.c.id != sa.bindparam("run_id"),
    )
    .limit(1)
)


_TAKEN = sa.select(runs.c.lane).where(
    runs.c.lane.in_(sa.bindparam("lanes", expanding=True)), runs.c.finished_at.is_(None)
)


class Entrance:
    """The lanes that runs begun together want to enter, looked at once. Holds their locks until `tx` ends."""

    def __init__(self, parts: Parts, tx: sa.Connection, wanted: Iterable[str | None]) -> None:
        """wanted: the lane of each run."""
        lanes = sorted({lane for lane in wanted if lane is not None})
        self._taken: set[str] = set()
        if lanes:
            parts.database.write_lock(tx, *lanes)
            self._taken |= {lane for (lane,) in tx.execute(_TAKEN, {"lanes": lanes})}

    def occupied(self, lane: str) -> bool:
        """Whether an unfinished run is in the lane."""
        return lane in self._taken

    def entered(self, lane: str | None) -> None:
        """A run has been begun in the lane and is not over."""
        if lane is not None:
            self._taken.add(lane)


def occupied(parts: Parts, tx: sa.Connection, lane: str, run_id: str) -> bool:
    """Whether another unfinished run is in the lane. Holds the lane's lock until `tx` ends."""
    parts.database.write_lock(tx, lane)
    return tx.execute(_AHEAD, {"lane": lane, "run_id": run_id}).first() is not None


def release(parts: Parts, tx: sa.Connection, lane: str, run_id: str) -> None:
    """`run_id` has just ended in `tx`: put the next run of its lane on the queue."""
    parts.database.write_lock(tx, lane)
    if tx.execute(_ACTIVE, {"lane": lane, "run_id": run_id}).first() is not None:
        return
    following = tx.execute(_NEXT, {"lane": lane}).first()
    if following is not None:
        requeue(parts, tx, following.id, following.segment)


def requeue(parts: Parts, tx: sa.Connection, run_id: str, segment: int) -> None:
    """Put a run that nobody advances on the queue, as its next segment."""
    tx.execute(
        sa.update(runs)
        .where(runs.c.id == run_id)
        .values(
            status="queued",
            blocked=False,
            owner=None,
            segment=segment + 1,
            epoch=runs.c.epoch + 1,
            wake_at=None,
            updated_at=parts.clock.now(),
        )
    )
    parts.engine.enqueue(tx, run_id, segment + 1)
