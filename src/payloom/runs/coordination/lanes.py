"""Lanes: runs of one workflow about one object or one row go one after another. And how a run is put (back) on the
queue.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable

import sqlalchemy as sa

from payloom.runs.dependencies import RunDependencies
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
_ROW = "row "
_LONGEST = 300
MANY = 500
"""A change of more rows than this holds one lock on all lanes of the table's rows instead of one on each: Postgres has
room for some thousands, for everybody together.
"""


def row_lane(workflow_id: str, table: str, key: object) -> str:
    """Return the lane of a workflow's runs about the changes of one row. key: the value of its primary column."""
    lane = f"{_ROW}{workflow_id}:{table}:{key}"
    if len(lane) <= _LONGEST:
        return lane
    return f"{_ROW}{_hash(f'{workflow_id}:{table}')}::{_hash(str(key))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _lock(deps: RunDependencies, tx: sa.Connection, lanes: Iterable[str]) -> None:
    of_rows, others = [], []
    for lane in lanes:
        (of_rows if lane.startswith(_ROW) else others).append(lane)
    if of_rows:
        tables = sorted({"lanes " + ":".join(lane.split(":")[:2]) for lane in of_rows})
        deps.database.write_lock(tx, *tables, shared=len(of_rows) <= MANY)
    if len(of_rows) <= MANY:
        others += of_rows
    if others:
        deps.database.write_lock(tx, *others)


class LaneAdmission:
    """The lanes that runs begun together want to enter, looked at once. Holds their locks until `tx` ends."""

    def __init__(self, deps: RunDependencies, tx: sa.Connection, wanted: Iterable[str | None]) -> None:
        """wanted: the lane of each run."""
        lanes = sorted({lane for lane in wanted if lane is not None})
        self._taken: dict[str, str] = {}
        if lanes:
            _lock(deps, tx, lanes)
        for at in range(0, len(lanes), MANY):
            rows = tx.execute(_TAKEN, {"lanes": lanes[at : at + MANY]})
            self._taken.update({lane: position or "" for lane, position in rows})

    def occupied(self, lane: str) -> bool:
        """Whether an unfinished run is in the lane."""
        return lane in self._taken

    def admit(self, lane: str | None, position: str = "") -> None:
        """A run has been begun in the lane and is not over."""
        if lane is not None:
            self._taken[lane] = position

    def position_behind_all(self, lane: str, now: dt.datetime) -> str:
        """Return the position behind every run in a row's lane, whatever the clocks of the workers say.

        The time is only for a run that is retried when those around it are over.
        """
        last = int(self._taken.get(lane) or 0)
        return f"{max(int(now.timestamp() * 1_000_000), last + 1):020d}"


def occupied(deps: RunDependencies, tx: sa.Connection, lane: str, run_id: str) -> bool:
    """Whether another unfinished run is in the lane. Holds the lane's lock until `tx` ends."""
    _lock(deps, tx, [lane])
    return tx.execute(_AHEAD, {"lane": lane, "run_id": run_id}).first() is not None


def release(deps: RunDependencies, tx: sa.Connection, lane: str, run_id: str) -> None:
    """`run_id` has just ended in `tx`: put the next run of its lane on the queue."""
    _lock(deps, tx, [lane])
    if tx.execute(_ACTIVE, {"lane": lane, "run_id": run_id}).first() is not None:
        return
    following = tx.execute(_NEXT, {"lane": lane}).first()
    if following is not None:
        requeue(deps, tx, following.id, following.segment)


def requeue(deps: RunDependencies, tx: sa.Connection, run_id: str, segment: int) -> None:
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
            updated_at=deps.clock.now(),
        )
    )
    deps.engine.enqueue(tx, run_id, segment + 1)
