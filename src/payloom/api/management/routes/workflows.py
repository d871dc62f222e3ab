"""Workflows: what there is, what is wrong with it, and starting one by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import NoSuchRoute
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import person_of
from payloom.api.management.access.proof import needs_proof
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.access.roles import support
from payloom.api.management.access.users import account_as_user
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.workflows import Start, StartAnswer, WorkflowDetail, WorkflowList
from payloom.kit.suggest import did_you_mean
from payloom.runs.intake.callers import Caller
from payloom.runs.start_rights import permit_start
from payloom.workflows.program.program import ApiTrigger, Trigger, Workflow

router = APIRouter(prefix="/workflows", tags=["workflows"])

_LONGEST = 25.0
"""Seconds that a person is kept waiting."""


@router.get("", response_model=WorkflowList)
async def list_workflows(deps: Dependencies) -> Any:
    """List all workflows with their triggers, versions, and problems."""
    last = await deps.run_queries.latest(deps.publisher.workflows)
    counts = Counter((diagnostic.file, diagnostic.severity) for diagnostic in deps.publisher.diagnostics)
    return {
        "data": [
            {
                **_short(workflow),
                "last_run": to_plain(last.get(workflow.id)),
                "errors": counts[workflow.file or "", "error"],
                "warnings": counts[workflow.file or "", "warning"],
                "advice": counts[workflow.file or "", "advice"],
            }
            for workflow in deps.publisher.workflows.values()
        ],
        "diagnostics": [to_plain(diagnostic.to_dict()) for diagnostic in deps.publisher.diagnostics],
    }


@router.post(
    "/{workflow_id:path}/run",
    response_model=StartAnswer,
    openapi_extra=support() | needs_proof() | audited("workflow.started") | begins_anew(),
)
async def start_workflow(deps: Dependencies, workflow_id: str, body: Start, request: Request) -> Any:
    """Start a workflow by hand and wait for its result, unless it waits for longer itself.

    Support and editors: one whose `auth` allows them.
    """
    workflow = _find(deps, workflow_id)
    user = await account_as_user(deps.find_user, body.user)
    endpoints = [trigger for trigger in workflow.triggers if isinstance(trigger, ApiTrigger)]
    permit = permit_start(person_of(request), "by_hand", workflow, body.inputs, triggers=endpoints, as_user=user)
    call = Caller(user=permit.user, user_id=permit.user_id, origin=permit.origin)
    audit_note(request).on(workflow.id, as_user=body.user)
    audit_note(request).details_of = lambda started: {"run": started[0].id}
    answer = await deps.runs.call(workflow.id, permit.inputs or {}, caller=call, trigger="manual", wait=0.0)
    if answer.state == "running":
        answer, _ = await deps.runs.answer_or_pause(answer.run_id, seconds=_LONGEST)
    failure = to_plain(answer.failure) if answer.failure else None
    output = answer.body if failure is None else {"error": failure}
    return {
        "run_id": answer.run_id,
        "failed": answer.state == "failed",
        "running": answer.state == "running",
        "status": answer.status,
        "body": to_plain(output),
    }


@router.get("/{workflow_id:path}", response_model=WorkflowDetail)
async def get_workflow(deps: Dependencies, workflow_id: str) -> Any:
    """Return one workflow with its model."""
    workflow = _find(deps, workflow_id)
    return {**_short(workflow), "input": workflow.input, "model": workflow.to_model()}


def _find(deps: ManagementDependencies, workflow_id: str) -> Workflow:
    workflow = deps.publisher.workflows.get(workflow_id)
    if workflow is None:
        hint = did_you_mean(workflow_id, deps.publisher.workflows) or "`payloom workflows` lists them."
        raise NoSuchRoute(f"there is no workflow {workflow_id[:100]!r}", hint=hint)
    return workflow


def _short(workflow: Workflow) -> dict[str, Any]:
    return {
        "id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "lane": workflow.lane,
        "triggers": [_trigger(trigger) for trigger in workflow.triggers],
        "calls": sorted(workflow.calls),
    }


def _trigger(trigger: Trigger) -> dict[str, Any]:
    names = ("kind", "method", "path", "auth", "family", "actions", "cron", "timezone", "table", "on")
    return {name: to_plain(getattr(trigger, name)) for name in names if hasattr(trigger, name)}
