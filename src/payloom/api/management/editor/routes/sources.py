"""Workflow files over HTTP: read, check, change, save, create and delete."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.management.access import roles
from payloom.api.management.access.audit import audited, not_audited
from payloom.api.management.access.auth import person_of
from payloom.api.management.editor.files import Conflict
from payloom.api.management.editor.models import sources as models
from payloom.api.management.editor.routes.conflicts import CHANGED, conflict_response
from payloom.api.management.editor.services import Editor
from payloom.api.management.injection import Auth
from payloom.workflows.edit import operations

START = """\
name: {name}
description: Say in one sentence what this is for.
on: {{manual: true}}

steps:
  - log: Hello
"""


router = APIRouter(tags=["editor"])


@router.get("/workflows/{workflow_id:path}/source", response_model=models.Source)
def get_source(editor: Editor, workflow_id: str) -> Any:
    """Return a workflow's file with its outline and diagnostics."""
    editor.warmup.begin()
    return editor.sources.view(editor.files.read(workflow_id))


@router.put(
    "/workflows/{workflow_id:path}/source",
    response_model=models.Saved,
    responses=CHANGED,
    openapi_extra=roles.editor() | audited("workflow.saved", after="files have no transactions"),
)
async def save_source(editor: Editor, auth: Auth, workflow_id: str, body: models.SaveBody, request: Request) -> Any:
    """Replace the file, if it still has this etag. A file with errors can be saved."""
    person = person_of(request)
    if body.publish:
        await auth.require_proof(request)
    audit_note(request).on(workflow_id)
    await editor.sources.begin_save(workflow_id, body.text, person, publish=body.publish)
    try:
        file = await run_in_threadpool(editor.files.write, workflow_id, body.text, body.etag)
    except Conflict as conflict:
        return conflict_response(request, conflict)
    return _noted(request, await editor.sources.after_save(file, person, publish=body.publish))


@router.post(
    "/workflows",
    response_model=models.Saved,
    status_code=201,
    openapi_extra=roles.editor() | audited("workflow.created", after="files have no transactions"),
)
async def create_workflow(editor: Editor, body: models.CreateBody, request: Request) -> Any:
    """Create a workflow file."""
    person = person_of(request)
    text = body.text
    if text is None:
        text = START.format(name=body.id.rpartition("/")[2].replace("-", " ").replace("_", " ").capitalize())
    audit_note(request).on(body.id)
    await editor.sources.begin_save(body.id, text, person, publish=None)
    file = await run_in_threadpool(editor.files.create, body.id, text)
    return _noted(request, await editor.sources.after_save(file, person, publish=None))


@router.delete(
    "/workflows/{workflow_id:path}",
    response_model=models.Deleted,
    responses=CHANGED,
    openapi_extra=roles.editor() | audited("workflow.deleted", after="files have no transactions"),
)
async def delete_workflow(editor: Editor, workflow_id: str, etag: str, request: Request) -> Any:
    """Delete a workflow's file. Its versions and runs stay, and in-flight runs continue."""
    person = person_of(request)
    await editor.sources.begin_save(workflow_id, None, person, publish=None)
    try:
        await run_in_threadpool(editor.files.delete, workflow_id, etag)
    except Conflict as conflict:
        return conflict_response(request, conflict)
    published, error = await editor.sources.publish_saved(person, publish=None)
    audit_note(request).on(workflow_id, published=published)
    return {"id": workflow_id, "deleted": True, "published": published, "publish_error": error}


@router.post(
    "/editor/check",
    response_model=models.Check,
    openapi_extra=roles.viewer() | not_audited("it looks at a text"),
)
def check_text(editor: Editor, body: models.CheckBody) -> Any:
    """Check a text as `payloom check` does, and return its outline."""
    return editor.checker.answer(body.id, body.text)


@router.post(
    "/editor/edit",
    response_model=models.Edited,
    openapi_extra=roles.viewer() | not_audited("it changes a text and no file"),
)
def edit_text(editor: Editor, body: models.EditBody) -> Any:
    """Apply edits to a text (not to the file), all of them or none. Other lines stay as they are."""
    text, path = operations.apply(body.text, [_operation(operation) for operation in body.operations])
    return {**editor.checker.answer(body.id, text), "text": text, "path": None if path is None else list(path)}


def _noted(request: Request, saved: dict[str, Any]) -> dict[str, Any]:
    """Note what was saved, and whether it is live."""
    audit_note(request).on(published=saved["published"], version=saved["version"])
    return saved


def _operation(body: models.Operation) -> operations.Operation:
    to = tuple(body.to) if isinstance(body.to, list) else body.to
    return operations.Operation(body.op, tuple(body.path), body.value, to, body.id, body.key, body.count)
