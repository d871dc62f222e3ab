"""Bulk actions: plan one, start it, follow it, stop it, and resume it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import NotAllowed, error_body
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited, not_audited
from payloom.api.management.access.auth import caller_of, person_of
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.access.roles import has_role, support
from payloom.api.management.bulk_runner import BulkRunner
from payloom.api.management.injection import Auth, Dependencies
from payloom.api.management.models.bulk import BulkList, BulkPlan, BulkStart, BulkSummary, BulkView
from payloom.kit.errors import PayloomError
from payloom.kit.secrets.redaction import redact
from payloom.runs.bulk.jobs import BulkJob, BulkKind
from payloom.runs.models import runs
from payloom.settings.studio_roles import StudioRole

ROLES: Mapping[BulkKind, StudioRole] = {
    "retry": "support",
    "resolve": "support",
    "replay": "support",
    "resend": "support",
    "rerun": "editor",
    "cancel": "editor",
}
"""The role that each kind needs, as for one item."""
NEED_PROOF = frozenset[BulkKind]({"rerun"})
"""The kinds that need a fresh proof, as for one item."""


async def bulk_runner(request: Request) -> BulkRunner:
    """Return what works through the jobs."""
    runner: BulkRunner = request.app.state.bulk
    return runner


Runner = Annotated[BulkRunner, Depends(bulk_runner)]
router = APIRouter(prefix="/bulk", tags=["bulk"])


@router.get("", response_model=BulkList)
async def list_bulk(runner: Runner, limit: Annotated[int, Query(ge=1, le=50)] = 20) -> Any:
    """List the bulk actions of the last week, newest first."""
    return {"data": [_summary(runner, job) for job in await runner.jobs.latest(limit)]}


@router.post(
    "/plan",
    response_model=BulkPlan,
    openapi_extra=support() | not_audited("it says what would happen, and does nothing"),
)
async def plan_bulk(runner: Runner, deps: Dependencies, body: BulkStart, request: Request) -> Any:
    """Say what a bulk action would do: what starts, what is left out, and which money it can move."""
    _permit(request, body.kind)
    ids, only_failed = body.ids, body.only_failed
    return await deps.database.read(lambda tx: runner.planner.plan(tx, body.kind, ids, only_failed=only_failed))


@router.post("", response_model=BulkSummary, openapi_extra=support() | audited("bulk.started") | begins_anew())
async def start_bulk(runner: Runner, auth: Auth, body: BulkStart, request: Request) -> Any:
    """Start a bulk action. Its items are done one after another, also when nobody looks."""
    _permit(request, body.kind)
    if body.kind in NEED_PROOF:
        await auth.require_proof(request)
    person = person_of(request)
    options = {"only_failed": body.only_failed, "from_start": body.from_start, "note": body.note}
    audit_note(request).on(kind=body.kind, ids=body.ids[:50])
    audit_note(request).details_of = lambda job: {"target": job.id, "items": len(job.items)}
    job = await runner.jobs.start(body.kind, body.ids, options, person.by)
    runner.run(job, person)
    return _summary(runner, job)


@router.get("/{job_id}", response_model=BulkView)
async def get_bulk(runner: Runner, deps: Dependencies, job_id: str) -> Any:
    """Return a bulk action with the result of each item, as the runs are now."""
    job = await runner.jobs.get(job_id)
    ids = {run_id for item in job.items for run_id in item["runs"]}
    now = await deps.database.read(lambda tx: _now(tx, ids))
    items = [
        {**item, "results": [now.get(run_id, {**_NOTHING, "id": run_id}) for run_id in item["runs"]]}
        for item in job.items
    ]
    return {**_summary(runner, job), "items": items}


@router.post("/{job_id}/stop", response_model=BulkSummary, openapi_extra=support() | audited("bulk.stopped"))
async def stop_bulk(runner: Runner, job_id: str) -> Any:
    """Stop a bulk action before its next item. What is done stays done."""
    return _summary(runner, await runner.jobs.stop(job_id))


@router.post("/{job_id}/resume", response_model=BulkSummary, openapi_extra=support() | audited("bulk.resumed"))
async def resume_bulk(runner: Runner, auth: Auth, job_id: str, request: Request) -> Any:
    """Do what is left of a bulk action that was stopped, or whose server was."""
    kind = (await runner.jobs.get(job_id)).kind
    _permit(request, kind)
    if kind in NEED_PROOF:
        await auth.require_proof(request)
    job = await runner.jobs.resume(job_id)
    runner.run(job, person_of(request))
    return _summary(runner, job)


def _permit(request: Request, kind: BulkKind) -> None:
    role = caller_of(request).role
    if not has_role(role, ROLES[kind]):
        raise NotAllowed(f"this needs the role {ROLES[kind]}, and yours is {role}", hint="Ask an admin.")


def _summary(runner: BulkRunner, job: BulkJob) -> dict[str, Any]:
    states = [item["state"] for item in job.items]
    return to_plain(
        {
            "id": job.id,
            "kind": job.kind,
            "by": job.by,
            "status": "stalled" if runner.jobs.stalled(job) else job.status,
            "total": len(states),
            **{state: states.count(state) for state in ("done", "failed", "pending")},
            "created_at": job.created_at,
            "updated_at": job.updated_at,
        }
    )


_NOTHING = {"workflow": None, "status": None, "message": None}


def _now(tx: sa.Connection, ids: set[str]) -> dict[str, dict[str, Any]]:
    columns = (runs.c.id, runs.c.workflow_id, runs.c.status, runs.c.failure)
    now: dict[str, dict[str, Any]] = {}
    for run_id, workflow, status, failure in tx.execute(sa.select(*columns).where(runs.c.id.in_(ids))):
        message = redact(failure["message"]) if failure else None
        now[run_id] = {"id": run_id, "workflow": workflow, "status": status, "message": message}
    return now


async def bulk_item(key: str, work: Callable[[str], Awaitable[list[str]]]) -> dict[str, Any]:
    """Do `work`, which returns ids of runs, and return the outcome."""
    try:
        started = await work(key)
    except PayloomError as error:
        return {"id": key, "done": False, "runs": [], "error": error_body(error)["error"]}
    return {"id": key, "done": True, "runs": started, "error": None}


def bulk_result(outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer."""
    count = sum(outcome["done"] for outcome in outcomes)
    return {"data": list(outcomes), "done": count, "failed": len(outcomes) - count}


def note_bulk(request: Request, result: dict[str, Any]) -> None:
    """Note for the audit trail which items were done and which were not."""
    done = [outcome["id"] for outcome in result["data"] if outcome["done"]]
    failed = [outcome["id"] for outcome in result["data"] if not outcome["done"]]
    audit_note(request).on(f"{len(done)} of {len(done) + len(failed)}", done=done[:50], failed=failed[:50])
