"""Jobs: what is to be done with each item, and what came of it. Each result is stored with what it is the result of."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypedDict, get_args

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.db.transactions import savepoint
from payloom.kit.clock import Clock
from payloom.kit.errors import PayloomError
from payloom.kit.ids import new_id
from payloom.runs.errors import JobUnknown, WrongState
from payloom.runs.models import bulk_jobs

BulkKind = Literal["retry", "rerun", "cancel", "resolve", "replay", "resend"]
"""retry, rerun, cancel, resolve: of runs. replay: of events. resend: of emails."""
BULK_KINDS: tuple[BulkKind, ...] = get_args(BulkKind)
MOST_ITEMS = 200
STALLED_AFTER = dt.timedelta(seconds=30)
"""A running job without a result for so long has lost its server."""
_KEPT = dt.timedelta(days=7)

Work = Callable[[sa.Connection], Sequence[str]]
"""Does one item in a transaction, and returns the runs or emails that it started."""
Prepare = Callable[[str], Awaitable[Work]]
"""Does what must happen outside of the transaction, and returns the rest."""


class BulkItem(TypedDict):
    """One item. error: `{code, message, hint}` of one that was not done."""

    id: str
    state: Literal["pending", "done", "failed"]
    runs: list[str]
    error: dict[str, Any] | None


@dataclasses.dataclass(frozen=True, slots=True)
class BulkJob:
    """A row of `payloom_bulk_jobs`."""

    id: str
    kind: BulkKind
    options: Mapping[str, Any]
    by: str
    status: Literal["running", "done", "stopped"]
    items: list[BulkItem]
    created_at: dt.datetime
    updated_at: dt.datetime

    @property
    def next_id(self) -> str | None:
        """The first item that is not processed yet."""
        return next((item["id"] for item in self.items if item["state"] == "pending"), None)


_FIELDS = tuple(bulk_jobs.c[field.name] for field in dataclasses.fields(BulkJob))


class BulkJobs:
    """Stores jobs and works through them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Wire the services."""
        self._database = database
        self._clock = clock

    async def start(self, kind: BulkKind, ids: Sequence[str], options: Mapping[str, Any], by: str) -> BulkJob:
        """Store a job. Nothing is done yet. Jobs older than a week are deleted."""
        now = self._clock.now()
        items = [BulkItem(id=key, state="pending", runs=[], error=None) for key in dict.fromkeys(ids)]
        job = BulkJob(new_id("bulk"), kind, dict(options), by, "running", items, now, now)

        def work(tx: sa.Connection) -> BulkJob:
            tx.execute(sa.delete(bulk_jobs).where(bulk_jobs.c.created_at < now - _KEPT))
            tx.execute(sa.insert(bulk_jobs).values(dataclasses.asdict(job)))
            return job

        return await self._database.write(work)

    async def get(self, job_id: str) -> BulkJob:
        """Return a job; raises `JobUnknown`."""
        return await self._database.read(lambda tx: _load(tx, job_id))

    async def latest(self, limit: int) -> list[BulkJob]:
        """Return the newest jobs."""
        query = sa.select(*_FIELDS).order_by(bulk_jobs.c.created_at.desc(), bulk_jobs.c.id.desc()).limit(limit)
        return await self._database.read(lambda tx: [BulkJob(*row) for row in tx.execute(query)])

    async def stop(self, job_id: str) -> BulkJob:
        """Stop a running job before its next item. Raises `JobUnknown`, `WrongState`."""
        return await self._database.write(lambda tx: self._set_status(tx, job_id, "running", "stopped"))

    async def resume(self, job_id: str) -> BulkJob:
        """Continue a stopped job, or one whose server ended. Raises `JobUnknown`, `WrongState`."""

        def work(tx: sa.Connection) -> BulkJob:
            job = _load(tx, job_id, lock=True)
            return self._set_status(tx, job_id, "running" if self.stalled(job) else "stopped", "running")

        return await self._database.write(work)

    def stalled(self, job: BulkJob) -> bool:
        """Tell whether a running job has no process that works on it."""
        return job.status == "running" and self._clock.now() - job.updated_at > STALLED_AFTER

    async def run(self, job_id: str, prepare: Prepare) -> None:
        """Process the remaining items, one after another, until the job is done or stopped."""
        while True:
            job = await self.get(job_id)
            key = job.next_id
            if job.status != "running" or key is None:
                return
            try:
                work = await prepare(key)
            except PayloomError as error:
                work = _raising(error)
            await self._database.write(functools.partial(self._do, job_id=job_id, key=key, work=work))

    def _do(self, tx: sa.Connection, *, job_id: str, key: str, work: Work) -> None:
        job = _load(tx, job_id, lock=True)
        if job.status != "running" or job.next_id != key:
            return
        item = next(item for item in job.items if item["id"] == key)
        try:
            with savepoint(tx):
                item["runs"] = list(work(tx))
            item["state"] = "done"
        except PayloomError as error:
            item["state"] = "failed"
            item["error"] = {"code": error.code, "message": error.message, "hint": error.hint}
        status = "done" if job.next_id is None else "running"
        values = {"items": job.items, "status": status, "updated_at": self._clock.now()}
        tx.execute(sa.update(bulk_jobs).where(bulk_jobs.c.id == job_id).values(values))

    def _set_status(self, tx: sa.Connection, job_id: str, before: str, after: str) -> BulkJob:
        job = _load(tx, job_id, lock=True)
        if job.status != before:
            raise WrongState(f"The bulk action is {job.status}.", hint="Look at it again.")
        values = {"status": after, "updated_at": self._clock.now()}
        tx.execute(sa.update(bulk_jobs).where(bulk_jobs.c.id == job_id).values(values))
        return _load(tx, job_id)


def _raising(error: PayloomError) -> Work:
    def work(_tx: sa.Connection) -> Sequence[str]:
        raise error

    return work


def _load(tx: sa.Connection, job_id: str, *, lock: bool = False) -> BulkJob:
    query = sa.select(*_FIELDS).where(bulk_jobs.c.id == job_id)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise JobUnknown(f"there is no bulk action {job_id[:100]!r}", hint="Start it again.")
    return BulkJob(*row)
