"""Failed runs that need nobody any more: a rerun or a replay succeeded, or a person marked them as resolved."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from payloom.runs.errors import RunUnknown, WrongState
from payloom.runs.models import runs
from payloom.runs.run_rows import Run

UNRESOLVED = (runs.c.status == "failed") & runs.c.resolved_at.is_(None)
"""Failed runs that need attention."""
RESOLVED = (runs.c.status == "failed") & runs.c.resolved_at.is_not(None)
_MOST = 200
"""Runs of a family that are looked at."""


def resolve_by_run(tx: sa.Connection, run: Run, forked_from: str, now: dt.datetime) -> None:
    """Mark the failed runs that this succeeded run did again as resolved by it.

    They are the runs of its family, and those of the same event and workflow. forked_from: the run that it began from.
    """
    same = runs.c.id.in_(_family(tx, forked_from) - {run.id})
    if run.event_id is not None:
        of_event = (runs.c.event_id == run.event_id) & (runs.c.workflow_id == run.workflow_id)
        same |= of_event & (runs.c.id != run.id)
    values: dict[str, Any] = {"resolved_at": now, "resolution": {"how": "rerun", "run": run.id}}
    tx.execute(sa.update(runs).where(same, UNRESOLVED).values(values))


def resolve_by_hand(tx: sa.Connection, run_id: str, *, by: str, note: str | None, now: dt.datetime) -> None:
    """Mark a failed run as resolved. Raises `RunUnknown`, `WrongState`."""
    row = _row(tx, run_id)
    if row.status != "failed":
        raise WrongState(
            f"Run {run_id} has not failed: its status is {row.status}.", hint="Only failed runs can be resolved."
        )
    if row.resolved_at is not None:
        raise WrongState(f"Run {run_id} is resolved already.")
    resolution = {"how": "by_hand", "by": by, "note": note}
    tx.execute(sa.update(runs).where(runs.c.id == run_id).values(resolved_at=now, resolution=resolution))


def reopen(tx: sa.Connection, run_id: str) -> None:
    """Mark a resolved run as unresolved again. Raises `RunUnknown`, `WrongState`."""
    if _row(tx, run_id).resolved_at is None:
        raise WrongState(f"Run {run_id} is not resolved.")
    tx.execute(sa.update(runs).where(runs.c.id == run_id).values(resolved_at=None, resolution=None))


def _row(tx: sa.Connection, run_id: str) -> sa.Row[Any, Any]:
    columns = (runs.c.status, runs.c.resolved_at)
    row = tx.execute(sa.select(*columns).where(runs.c.id == run_id).with_for_update()).one_or_none()
    if row is None:
        raise RunUnknown(f"There is no run {run_id!r}.", hint="List them with `payloom runs list`.")
    return row


def _family(tx: sa.Connection, run_id: str) -> set[str]:
    """Return the runs that are connected with this one by reruns: its ancestors, and all that began from them."""
    known: set[str] = set()
    parent: str | None = run_id
    while parent is not None and parent not in known and len(known) < _MOST:
        known.add(parent)
        parent = tx.execute(sa.select(runs.c.forked_from).where(runs.c.id == parent)).scalar()
    latest = set(known)
    while latest and len(known) < _MOST:
        children = sa.select(runs.c.id).where(runs.c.forked_from.in_(latest)).limit(_MOST)
        latest = set(tx.execute(children).scalars()) - known
        known |= latest
    return known
