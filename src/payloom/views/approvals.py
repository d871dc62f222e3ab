"""One approval as its user sees it: the question and its state."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import sqlalchemy as sa

from payloom.runs.models import runs, steps, waits


@dataclasses.dataclass(frozen=True, slots=True)
class Approval:
    """state: waiting, approved, refused, late (the timeout passed), over (the run ended otherwise)."""

    run_id: str
    path: str
    workflow_id: str
    state: Literal["waiting", "approved", "refused", "late", "over"]
    title: str | None = None
    data: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    roles: Sequence[str] = ()
    until: dt.datetime | None = None
    by: str | None = None
    at: dt.datetime | None = None
    note: str | None = None


def approval_of(tx: sa.Connection, run_id: str, path: str) -> Approval | None:
    """Return an approval, None if there is no such step."""
    workflow_id = tx.execute(sa.select(runs.c.workflow_id).where(runs.c.id == run_id)).scalar()
    step = tx.execute(
        sa.select(steps.c.status, steps.c.value, steps.c.at, steps.c.verb).where(
            steps.c.run_id == run_id, steps.c.path == path
        )
    ).one_or_none()
    if workflow_id is None or step is None or step.verb != "approve":
        return None
    waiting = tx.execute(
        sa.select(waits.c.details, waits.c.until).where(
            waits.c.run_id == run_id, waits.c.path == path, waits.c.kind == "approval"
        )
    ).one_or_none()
    if waiting is not None:
        details = waiting.details
        return Approval(
            run_id, path, workflow_id, "waiting", details["title"], details["data"], details["roles"], waiting.until
        )
    if step.status != "succeeded":
        return Approval(run_id, path, workflow_id, "over")
    if step.value is None:
        return Approval(run_id, path, workflow_id, "late", at=step.at)
    decision = step.value
    state = "approved" if decision.get("approved") is True else "refused"
    return Approval(
        run_id,
        path,
        workflow_id,
        state,
        by=decision.get("by"),
        at=decision.get("at") or step.at,
        note=decision.get("note"),
    )
