"""What people see of runs: lists, one run with its steps and log, and the journey of any id. Secrets are masked."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.kit.secrets.redaction import redact
from payloom.runs.coordination import shared_calls
from payloom.runs.coordination.resolution import RESOLVED, UNRESOLVED
from payloom.runs.errors import RunUnknown
from payloom.runs.models import logs, runs, steps, waits
from payloom.runs.run_rows import Run, load_run
from payloom.runs.statuses import RunFilter
from payloom.views.dashboard import approvals
from payloom.views.references.search import clean, runs_about

_MOST = 200
_FOUND = 2000
"""Runs that a search considers."""
_LIST = (
    "id",
    "workflow_id",
    "version",
    "trigger",
    "event_id",
    "object_id",
    "user_id",
    "status",
    "outcome",
    "waiting_for",
    "wake_at",
    "parked_on",
    "blocked",
    "lane",
    "failure",
    "forked_from",
    "retries",
    "created_at",
    "finished_at",
    "resolved_at",
    "resolution",
)


class RunQueries:
    """Read-only questions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, run_id: str) -> Run:
        """Return a run's row; raises `RunUnknown`."""
        row = await self._database.read(lambda tx: load_run(tx, run_id))
        if row is None:
            raise RunUnknown(f"There is no run {run_id!r}.", hint="List them with `payloom runs list`.")
        return row

    async def list(
        self,
        *,
        status: RunFilter | None = None,
        workflow_id: str | None = None,
        event_id: str | None = None,
        search: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        """Return runs, newest first. before: id of the last run of the previous page.

        status: a run's status, or another word of `RunFilter`. search: any id, address or value that has to do
        with it.
        """
        query = sa.select(*(runs.c[name] for name in _LIST)).order_by(runs.c.created_at.desc(), runs.c.id.desc())
        conditions = {
            "filtered": runs.c.outcome == "filtered",
            "succeeded": (runs.c.status == "succeeded") & runs.c.outcome.is_distinct_from("filtered"),
            "parked": runs.c.parked_on.is_not(None),
            "blocked": runs.c.blocked.is_(sa.true()) & runs.c.finished_at.is_(None),
            "unresolved": UNRESOLVED,
            "resolved": RESOLVED,
        }
        if status is not None:
            query = query.where(conditions.get(status, runs.c.status == status))
        if workflow_id is not None:
            query = query.where(runs.c.workflow_id == workflow_id)
        if event_id is not None:
            query = query.where(runs.c.event_id == event_id)
        if before is not None:
            last = sa.select(runs.c.created_at).where(runs.c.id == before).scalar_subquery()
            query = query.where(sa.tuple_(runs.c.created_at, runs.c.id) < sa.tuple_(last, sa.literal(before)))
        query = query.limit(max(1, min(limit, _MOST)))

        def work(tx: sa.Connection) -> list[dict[str, Any]]:
            selected = query.where(runs.c.id.in_(runs_about(tx, clean(search), _FOUND))) if search else query
            return _rows(tx, selected)

        return await self._database.read(work)

    async def timeline(self, run_id: str) -> dict[str, Any]:
        """Return `{run, steps, logs, waits, children, calls, called_by}` of a run; raises `RunUnknown`.

        calls: the runs that its `call` steps began or found, by path. called_by: the run that began it by a `call`,
        and those that wait for it now.
        """

        def work(tx: sa.Connection) -> dict[str, Any] | None:
            run = load_run(tx, run_id)
            if run is None:
                return None
            return {
                "run": redact({**dataclasses.asdict(run), **_resolution(tx, run_id)}),
                "steps": _rows(
                    tx, sa.select(steps).where(steps.c.run_id == run_id).order_by(steps.c.seq, steps.c.path)
                ),
                "logs": _rows(tx, sa.select(logs).where(logs.c.run_id == run_id).order_by(logs.c.id)),
                "waits": _rows(tx, sa.select(waits).where(waits.c.run_id == run_id)),
                "children": list(
                    tx.execute(sa.select(runs.c.id).where(runs.c.forked_from == run_id).order_by(runs.c.id)).scalars()
                ),
                "calls": [{"path": path, "run_id": called} for path, called in shared_calls.calls_of(tx, run_id)],
                "called_by": shared_calls.called_by(tx, run),
            }

        counts = await self._database.read(work)
        if counts is None:
            raise RunUnknown(f"There is no run {run_id!r}.", hint="List them with `payloom runs list`.")
        return counts

    async def counts(self) -> dict[str, int]:
        """Return how many runs there are by status, and how many are parked, blocked, and unresolved."""

        def work(tx: sa.Connection) -> dict[str, int]:
            counts = {
                row[0]: row[1] for row in tx.execute(sa.select(runs.c.status, sa.func.count()).group_by(runs.c.status))
            }
            parked = sa.select(sa.func.count()).where(runs.c.parked_on.is_not(None))
            blocked = sa.select(sa.func.count()).where(runs.c.blocked.is_(sa.true()), runs.c.finished_at.is_(None))
            unresolved = sa.select(sa.func.count()).where(UNRESOLVED)
            more = {"parked": parked, "blocked": blocked, "unresolved": unresolved}
            return counts | {name: tx.execute(query).scalar() or 0 for name, query in more.items()}

        return await self._database.read(work)

    async def latest(self, workflow_ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the newest run of each workflow that has one: id, status, outcome, created_at."""
        newest = (
            sa.select(runs.c.workflow_id, runs.c.id, runs.c.status, runs.c.outcome, runs.c.created_at)
            .where(runs.c.workflow_id == sa.bindparam("workflow"))
            .order_by(runs.c.created_at.desc(), runs.c.id.desc())
            .limit(1)
        )

        def work(tx: sa.Connection) -> dict[str, dict[str, Any]]:
            # One look by index for each is cheaper than grouping all runs there ever were.
            rows = (
                tx.execute(newest, {"workflow": workflow_id}).mappings().one_or_none() for workflow_id in workflow_ids
            )
            return {row["workflow_id"]: dict(row) for row in rows if row is not None}

        return await self._database.read(work)

    async def approvals(self) -> list[dict[str, Any]]:
        """Return the decisions that runs wait for, oldest first: run_id, workflow, path, title, roles, data, until."""
        return await self._database.read(approvals)

    async def by_ids(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Return runs, newest first, as `list` does."""
        query = (
            sa.select(*(runs.c[name] for name in _LIST)).where(runs.c.id.in_(ids)).order_by(runs.c.created_at.desc())
        )
        return await self._database.read(lambda tx: _rows(tx, query))


def _resolution(tx: sa.Connection, run_id: str) -> dict[str, Any]:
    query = sa.select(runs.c.resolved_at, runs.c.resolution).where(runs.c.id == run_id)
    return dict(tx.execute(query).mappings().one())


def _rows(tx: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [redact(dict(row)) for row in tx.execute(query).mappings()]
