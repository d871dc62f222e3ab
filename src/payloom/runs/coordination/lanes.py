"""Lanes: runs of one workflow about one object or one row go one after another.

Here is also how a run is put (back) on the queue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from payloom.runs.dependencies import RunDependencies
from payloom.runs.lane_names import ROW_LANE
from payloom.runs.models import runs

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


_TAKEN = (
    sa.select(runs.c.lane, sa.func.max(runs.c.lane_position))
    .where(runs.c.lane.in_(sa.bindparam("lanes", expanding=True)), runs.c.finished_at.is_(None))
    .group_by(runs.c.lane)
)
MANY = 500
"""A change of more rows than this holds one lock on all lanes of the table's rows instead of one on each: Postgres has
room for some thousands, for everybody together.
"""


class Lanes:
    """Keeps runs of one lane one after another, and puts runs back on the queue."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps

    def _lock(self, tx: sa.Connection, lanes: Iterable[str]) -> None:
        of_rows: list[str] = []
        others: list[str] = []
        for lane in lanes:
            (of_rows if lane.startswith(ROW_LANE) else others).append(lane)
        if of_rows:
            tables = sorted({"lanes " + ":".join(lane.split(":")[:2]) for lane in of_rows})
            self._deps.database.write_lock(tx, *tables, shared=len(of_rows) <= MANY)
        if len(of_rows) <= MANY:
            others += of_rows
        if others:
            self._deps.database.write_lock(tx, *others)

    def admission(self, tx: sa.Connection, keys: Iterable[str | None]) -> LaneAdmission:
        """Lock the lanes that runs want to enter, until `tx` ends, and look who is in them. keys: each run's lane."""
        lanes = sorted({lane for lane in keys if lane is not None})
        holders: dict[str, str] = {}
        if lanes:
            self._lock(tx, lanes)
        for at in range(0, len(lanes), MANY):
            rows = tx.execute(_TAKEN, {"lanes": lanes[at : at + MANY]})
            holders.update({lane: position or "" for lane, position in rows})
        return LaneAdmission(holders)

    def occupied(self, tx: sa.Connection, lane: str, run_id: str) -> bool:
        """Whether another unfinished run is in the lane. Holds the lane's lock until `tx` ends."""
        self._lock(tx, [lane])
        return tx.execute(_AHEAD, {"lane": lane, "run_id": run_id}).first() is not None

    def release(self, tx: sa.Connection, lane: str, run_id: str) -> None:
        """Put the next run of a lane on the queue, within `tx`, in which `run_id` ended."""
        self._lock(tx, [lane])
        if tx.execute(_ACTIVE, {"lane": lane, "run_id": run_id}).first() is not None:
            return
        following = tx.execute(_NEXT, {"lane": lane}).first()
        if following is not None:
            self.requeue(tx, following.id, following.segment)

    def requeue(self, tx: sa.Connection, run_id: str, segment: int) -> None:
        """Put a run that no worker advances on the queue, as its next segment."""
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
                updated_at=self._deps.clock.now(),
            )
        )
        self._deps.engine.enqueue(tx, run_id, segment + 1)


class LaneAdmission:
    """The lanes that runs started in one transaction want to enter, read once. See `Lanes.admission`."""

    def __init__(self, holders: dict[str, str]) -> None:
        """holders: the highest position in each lane that has an unfinished run."""
        self._holders = holders
        self.begun = 0
        """How many runs the transaction has begun that go on in this process."""

    def occupied(self, lane: str) -> bool:
        """Whether an unfinished run is in the lane."""
        return lane in self._holders

    def admit(self, lane: str | None, position: str = "") -> None:
        """Note that an unfinished run is in the lane now."""
        if lane is not None:
            self._holders[lane] = position

    def position_behind_all(self, lane: str, now: dt.datetime) -> str:
        """Return the position behind every run in a row's lane, whatever the clocks of the workers say.

        The time is only for a run that is retried when those around it are over.
        """
        last = int(self._holders.get(lane) or 0)
        return f"{max(int(now.timestamp() * 1_000_000), last + 1):020d}"
