"""Trying a draft over HTTP: test runs, dry runs, samples to try with, and data pinned for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.serialization import to_plain
from payloom.api.management.access import roles
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import caller_of
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.editor.files import write_whole
from payloom.api.management.editor.models import test_runs as models
from payloom.api.management.editor.services import Editor
from payloom.api.management.injection import Dependencies
from payloom.api.management.routes.runs import detail
from payloom.kit.secrets.redaction import redact
from payloom.sandbox.test_run import Mock, TestRunResult
from payloom.workflows.program.commands import StepFailure
from payloom.workflows.program.program import Workflow

"""The rules whose breach leaves nothing to play."""


router = APIRouter(prefix="/editor", tags=["editor"])


@router.post(
    "/test-run",
    response_model=models.TestRun,
    openapi_extra=roles.editor() | audited("workflow.tested", after="it changes nothing here"),
)
async def test_run(deps: Dependencies, editor: Editor, body: models.TestRunBody, request: Request) -> Any:
    """Run a draft once, on a copy of the rows. Mocks, recorded responses, or synthesized data answer its calls.

    Nothing is stored, and nothing leaves the machine. With `stripe: local`, Stripe's calls go to the local Stripe.
    """
    audit_note(request).on(body.id, stripe=body.stripe)
    draft = await editor.test_run_inputs.draft(body.id, body.text)
    trigger_input, event = await editor.test_run_inputs.trigger_input(draft, body.trigger, caller_of(request).email)
    mocks = {path: _mock(mock) for path, mock in body.mocks.items()}
    result = await deps.sandbox().test_run(
        draft, trigger_input, mocks, event=event, local_stripe=body.stripe == "local"
    )
    return _answer(result, draft, body.until)


@router.post(
    "/dry-run",
    response_model=models.DryRun,
    openapi_extra=roles.editor() | audited("workflow.tested", after="it changes nothing here"),
)
async def dry_run(deps: Dependencies, editor: Editor, body: models.DryRunBody, request: Request) -> Any:
    """Run a draft on recorded events without side effects, and compare the results with the recorded ones."""
    audit_note(request).on(body.id)
    draft = await editor.test_run_inputs.draft(body.id, body.text)
    outcome = await deps.sandbox().dry_run(draft, body.events, body.limit)
    data = redact(to_plain(outcome))
    return {"data": data, "changed": sum(bool(row["difference"]) for row in data)}


@router.get("/samples", response_model=models.Samples)
async def list_samples(deps: Dependencies, editor: Editor, id: str) -> Any:  # noqa: A002 - the contract's word
    """Return sample data for the file's triggers: recorded events, earlier runs, rows, and synthesized data."""
    file = await run_in_threadpool(editor.files.read, id)
    checked = await run_in_threadpool(editor.checker.check, id, file.text)
    if checked.draft.compiled is None:
        return {"data": [], "next": None}
    samples = await deps.sandbox().samples(checked.draft.compiled.workflow)
    return {"data": redact(to_plain(samples)), "next": None}


@router.get("/pins/{workflow_id:path}", response_model=models.PinsAnswer)
async def get_pins(deps: Dependencies, editor: Editor, workflow_id: str) -> Any:
    """Return the data pinned to a workflow for its test runs."""
    await run_in_threadpool(editor.files.read, workflow_id)
    return await run_in_threadpool(_read_pins, _pins_path(deps, workflow_id))


@router.put(
    "/pins/{workflow_id:path}",
    response_model=models.PinsAnswer,
    openapi_extra=roles.editor() | audited("workflow.saved", after="files have no transactions"),
)
async def put_pins(deps: Dependencies, editor: Editor, workflow_id: str, body: models.Pins, request: Request) -> Any:
    """Pin data to a workflow. Replaces the pinned data."""
    audit_note(request).on(workflow_id, pinned=True)
    await run_in_threadpool(editor.files.read, workflow_id)
    masked = models.Pins.model_validate(redact(body.model_dump(exclude_none=True)))
    text = masked.model_dump_json(exclude_none=True, indent=2)
    await run_in_threadpool(write_whole, _pins_path(deps, workflow_id), text)
    return masked.model_dump()


def _mock(body: models.MockBody) -> Mock:
    if body.error is None:
        return Mock(body.value)
    return Mock(
        failure=StepFailure(body.error.kind, body.error.message, status=body.error.status, data=body.error.data)
    )


def _answer(result: TestRunResult, draft: Workflow, until: str | None) -> dict[str, Any]:
    run = detail(_merged(result))
    trail: list[dict[str, Any]] = [{"branch": None, **entry} for entry in to_plain(result.trail)]
    if until is not None:
        run["steps"] = _up_to(run["steps"], until)
        run["logs"] = [line for line in run["logs"] if _order(line["path"]) <= _order(until)]
        trail = [entry for entry in trail if _order(entry["path"]) <= _order(until)]
    return {"run": redact(run), "notes": result.notes, "trail": trail, "text_version": draft.version}


def _merged(result: TestRunResult) -> dict[str, Any]:
    """Merge the mocked steps into those of the journal, in the order of the run."""
    steps = [*result.found["steps"], *(redact(step) for step in result.mocked_steps)]
    steps.sort(key=lambda step: (step["at"] is None, step["at"], _order(step["path"])))
    steps = [{**step, "seq": at} for at, step in enumerate(steps)]
    return {**result.found, "steps": steps}


def _order(path: str) -> list[tuple[int, str]]:
    deps = path.replace("[", ".").replace("]", "").split(".")
    return [(int(part), "") if part.isdigit() else (-1, part) for part in deps]


def _up_to(steps: list[dict[str, Any]], until: str) -> list[dict[str, Any]]:
    reached: list[dict[str, Any]] = []
    for step in steps:
        reached.append(step)
        if step["path"] == until:
            break
    return reached


# ------------------------------------------------------------------ pins


def _pins_path(deps: ManagementDependencies, workflow_id: str) -> Path:
    return deps.settings.data_dir / "pins" / f"{workflow_id.replace('/', '~')}.json"


def _read_pins(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return models.Pins().model_dump()
    # Whoever may read a workflow sees its pins; a file that somebody wrote by hand can hold anything.
    return redact(models.Pins.model_validate(data).model_dump())
