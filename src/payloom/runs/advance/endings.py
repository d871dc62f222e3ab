"""How a run ends that did not succeed: `failed`, or `refused`; and the status that its caller gets.

`refused` is an expected no: somebody who waits for an answer got a 4xx, and nothing but reading was done before it. A
stranger can cause as many of them as a rate limit lets through, so they are no failures: nobody is alerted, and they
are kept for a day only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from payloom.runs.models import runs, steps
from payloom.runs.run_rows import Run
from payloom.workflows.errors import UnknownWorkflow
from payloom.workflows.program.commands import StepFailure

ANSWERING = frozenset({"api", "call"})
"""Triggers whose run has a response: for a caller of an endpoint, or the run that called this one."""
_OURS = frozenset({UnknownWorkflow.code, "canceled", "row_changes_too_deep", "call_waits_for_itself"})
"""Kinds that have a 4xx and are still the project's own fault, or a user's decision."""
_READS = frozenset({"select", "log", "sleep"})
_TABLE_WRITES = frozenset({"insert", "update", "upsert", "delete"})
_STRIPE_READS = ("retrieve", "list", "search")
_CALLS = frozenset({"stripe", "http"})
_NOTHING_SENT = frozenset({"invalid_parameters", "http_bad_request"})
"""Kinds of failures that end a step before its call leaves the machine: a value of the caller's fits no place in it."""


class StepDone(NamedTuple):
    """The columns of a step's row that decide how its run ends."""

    verb: str
    action: str
    status: str
    failure: Any
    value: Any


class Ending(NamedTuple):
    """The status of a run that did not succeed, and the HTTP status of its answer."""

    status: Literal["failed", "refused"]
    http_status: int


def ending_of(
    tx: sa.Connection,
    run: Run,
    failure: StepFailure | None,
    http_status: int,
    rows: Sequence[StepDone],
    *,
    stored: bool,
) -> Ending:
    """Return how a failed run ends. Nothing else decides it.

    http_status: what the caller would get by the failure, or by the workflow's `on_error`. rows: the steps of this
    turn, which may not be written yet. stored: the run has rows of earlier turns too.
    """
    if failure is None or run.trigger not in ANSWERING or run.response is not None:
        return Ending("failed", http_status)
    by_inputs = failure.origin == "inputs"
    if by_inputs and http_status == failure.status:
        # The caller sent something that the expressions cannot work with.
        http_status = 422
    expected = by_inputs or (400 <= failure.status < 500 and failure.kind not in _OURS)
    if not expected or not 400 <= http_status < 500:
        return Ending("failed", http_status)
    known = [*rows, *(_earlier(tx, run.id) if stored else ())]
    if failure.kind in _NOTHING_SENT:
        known = _without_unsent(known, failure.kind)
    return Ending("failed" if _had_effect(tx, known) else "refused", http_status)


def _without_unsent(rows: Sequence[StepDone], kind: str) -> list[StepDone]:
    """Return the rows without the calls that ended before they were sent."""
    calls = [row for row in rows if row.verb in _CALLS]
    unsent = [row for row in calls if row.status == "failed" and _kind(row) == kind]
    started = [row for row in calls if row.status == "started"]
    if not unsent and len(started) == 1:
        # The end of the step that ends the run is not written yet.
        unsent = started
    return [row for row in rows if row not in unsent]


def _earlier(tx: sa.Connection, run_id: str) -> Iterable[StepDone]:
    columns = (steps.c.verb, steps.c.action, steps.c.status, steps.c.failure, steps.c.value)
    return [StepDone(*row) for row in tx.execute(sa.select(*columns).where(steps.c.run_id == run_id))]


def _had_effect(tx: sa.Connection, rows: Iterable[StepDone]) -> bool:
    called: list[str] = []
    for row in rows:
        if not may_have_effect(row):
            continue
        inner = _run_called(row) if row.verb == "call" else None
        if inner is None:
            return True
        called.append(inner)
    if not called:
        return False
    refused = sa.select(sa.func.count()).where(runs.c.id.in_(called), runs.c.status == "refused")
    return (tx.execute(refused).scalar() or 0) < len(set(called))


def may_have_effect(row: StepDone) -> bool:
    """Return whether a step did more than read; a call may have, by what the run it called did."""
    if row.verb in _READS or (row.verb == "stripe" and _reads_stripe(row.action)):
        return False
    # A failed write is undone in its savepoint, and one without a value fitted no row.
    nothing_written = row.status == "failed" or (row.status == "succeeded" and row.value in (None, []))
    return not (row.verb in _TABLE_WRITES and nothing_written)


def _kind(row: StepDone) -> str | None:
    failure: Mapping[str, Any] = row.failure or {}
    return failure.get("kind")


def _run_called(row: StepDone) -> str | None:
    """Return the run whose failure a `call` step has; None if it has another, or none."""
    failure: Mapping[str, Any] = row.failure or {}
    data: Mapping[str, Any] = failure.get("data") or {}
    run_id = data.get("run")
    return run_id if isinstance(run_id, str) else None


def _reads_stripe(action: str) -> bool:
    return action.rpartition(".")[2].startswith(_STRIPE_READS)
