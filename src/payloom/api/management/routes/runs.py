"""Runs: list, look, retry, cancel, fork, decide."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import caller_of, person_of
from payloom.api.management.access.proof import needs_proof
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.access.roles import editor, support, viewer
from payloom.api.management.access.users import account_as_user
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.answers import Outcomes
from payloom.api.management.models.runs import (
    Decided,
    Decision,
    Fork,
    Resolve,
    RetryMany,
    RunCounts,
    RunDetail,
    RunList,
    RunRef,
)
from payloom.api.management.routes.bulk import bulk_item, bulk_result, note_bulk
from payloom.api.management.routes.overview import FRESH_WITHIN
from payloom.kit.secrets.redaction import redact
from payloom.runs.explaining.decisions import RunDecisions, decisions_of
from payloom.runs.run_rows import Run, load_run
from payloom.runs.statuses import RunFilter

MAX_BULK = 200


router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("", response_model=RunList)
async def list_runs(  # noqa: PLR0917 - FastAPI fills them in by name
    deps: Dependencies,
    workflow: str | None = None,
    status: RunFilter | None = None,
    event: str | None = None,
    search: Annotated[str | None, Query(max_length=200)] = None,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """List runs, newest first. `search`: any ID related to a run. `before`: the last ID of the previous page."""
    if search:
        await deps.index.catch_up(FRESH_WITHIN)
    page = await deps.run_queries.list(
        status=status, workflow_id=workflow, event_id=event, search=search, before=before, limit=limit
    )
    return {"data": [_short(run) for run in page], "next": page[-1]["id"] if len(page) == limit else None}


@router.get("/counts", response_model=RunCounts)
async def count_runs(deps: Dependencies) -> Any:
    """Count runs by status."""
    return await deps.run_queries.counts()


@router.get("/{run_id}", response_model=RunDetail)
async def get_run(deps: Dependencies, run_id: str) -> Any:
    """Return one run with its steps, logs, waits, and reruns."""
    return await _whole(deps, run_id)


@router.post(
    "/retry",
    response_model=Outcomes,
    openapi_extra=support() | audited("runs.retried", after="each run has its transaction"),
)
async def retry_runs(deps: Dependencies, body: RetryMany, request: Request) -> Any:
    """Retry the failed steps of several runs, one after another."""
    ids = body.ids
    if ids is None:
        page = await deps.run_queries.list(
            status="failed", workflow_id=body.workflow, search=body.search, limit=MAX_BULK
        )
        ids = [run["id"] for run in page if body.kind in (None, _kind(run["failure"]))]

    person = person_of(request)

    async def retry(run_id: str) -> list[str]:
        return [(await deps.runs.retry(run_id, person=person)).id]

    result = bulk_result([await bulk_item(run_id, retry) for run_id in dict.fromkeys(ids)])
    note_bulk(request, result)
    return result


@router.post("/{run_id}/retry", response_model=RunRef, openapi_extra=support() | audited("run.retried"))
async def retry_run(deps: Dependencies, run_id: str, request: Request) -> Any:
    """Retry a run's failed step, with the same idempotency key."""
    return _run_ref(await deps.runs.retry(run_id, person=person_of(request)))


@router.post("/{run_id}/resolve", response_model=RunDetail, openapi_extra=support() | audited("run.resolved"))
async def resolve_run(deps: Dependencies, run_id: str, body: Resolve, request: Request) -> Any:
    """Mark a failed run as resolved: it needs nobody any more."""
    await deps.runs.resolve(run_id, by=person_of(request).by, note=body.note)
    return await _whole(deps, run_id)


@router.post("/{run_id}/reopen", response_model=RunDetail, openapi_extra=support() | audited("run.reopened"))
async def reopen_run(deps: Dependencies, run_id: str) -> Any:
    """Take the mark of a resolved run away."""
    await deps.runs.reopen(run_id)
    return await _whole(deps, run_id)


@router.post("/{run_id}/cancel", response_model=RunRef, openapi_extra=editor() | audited("run.canceled"))
async def cancel_run(deps: Dependencies, run_id: str) -> Any:
    """End a run."""
    return _run_ref(await deps.runs.cancel(run_id))


@router.post(
    "/{run_id}/fork",
    response_model=RunRef,
    openapi_extra=editor() | needs_proof() | audited("run.forked") | begins_anew(),
)
async def fork_run(deps: Dependencies, run_id: str, body: Fork, request: Request) -> Any:
    """Rerun: start a new run from an old one. Other inputs need the right to start the workflow."""
    as_user = await account_as_user(deps.find_user, body.user)
    audit_note(request).on(run_id, step=body.path, as_user=body.user, other_inputs=body.inputs is not None)
    audit_note(request).details_of = lambda run: {"run": run.id}
    run = await deps.runs.fork(
        run_id,
        person=person_of(request),
        path=body.path,
        inputs=body.inputs,
        newest=body.newest,
        as_user=as_user,
    )
    return _run_ref(run)


@router.post("/{run_id}/decide", response_model=Decided, openapi_extra=viewer() | audited("run.decided"))
async def decide_run(deps: Dependencies, run_id: str, body: Decision, request: Request) -> Any:
    """Decide on an approval. The user needs one of the project's roles that it names, or the studio's role admin."""
    caller = caller_of(request)
    audit_note(request).on(run_id, step=body.path, approved=body.approved)
    await deps.runs.decide(
        run_id, body.path, approved=body.approved, by=caller.by, roles=caller.decides_as, note=body.note
    )
    return {"decided": True}


def _kind(failure: Mapping[str, Any] | None) -> str | None:
    return failure.get("kind") if failure else None


async def _whole(deps: ManagementDependencies, run_id: str) -> dict[str, Any]:
    timeline = await deps.run_queries.timeline(run_id)

    def work(tx: sa.Connection) -> RunDecisions:
        run = load_run(tx, run_id)
        return RunDecisions() if run is None else decisions_of(tx, deps.library, run)

    explained = await deps.database.read(work)
    decisions = [
        {**dataclasses.asdict(decision), "ended_run": decision.path == explained.ended_at}
        for decision in explained.decisions
    ]
    fields = redact(to_plain({"decisions": decisions, "decisions_unknown": explained.unknown}))
    return {**detail(timeline), **fields}


def detail(run: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of RunDetail from what `RunQueries.timeline` finds."""
    fields = to_plain(run)
    return {
        **_short(fields["run"]),
        "steps": _timed(fields["run"]["started_at"], fields["steps"]),
        **{key: fields[key] for key in ("logs", "waits", "children", "calls", "called_by")},
    }


def _short(run: dict[str, Any]) -> dict[str, Any]:
    return to_plain({**run, "workflow": run["workflow_id"]})


def _timed(began: str, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Say when each step began: its first attempt, else when the one before it was done."""
    timed: list[dict[str, Any]] = []
    for step in steps:
        timed.append({**step, "started_at": step["first_attempt_at"] or began})
        began = step["at"] or began
    return timed


def _run_ref(run: Run) -> dict[str, Any]:
    return {"id": run.id, "workflow": run.workflow_id, "status": run.status}
