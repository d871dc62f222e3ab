"""Publishing workflow files, the versions they became, what differs between them, and going back to one."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import ApiError
from payloom.api.management.access import roles
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import person_of
from payloom.api.management.access.proof import needs_proof
from payloom.api.management.editor.files import Conflict
from payloom.api.management.editor.models import sources as models
from payloom.api.management.editor.routes.conflicts import CHANGED, conflict_response
from payloom.api.management.editor.services import Editor
from payloom.api.management.editor.version_history import FILE, PUBLISHED
from payloom.api.management.injection import Dependencies


class NoVersionText(ApiError):
    """This version has no text."""

    code: ClassVar[str] = "no_text"
    status: ClassVar[int] = 422


router = APIRouter(prefix="/workflows", tags=["editor"])


@router.post(
    "/{workflow_id:path}/publish",
    response_model=models.Published,
    openapi_extra=roles.editor() | needs_proof() | audited("workflow.published"),
)
async def publish_workflow(
    deps: Dependencies, editor: Editor, workflow_id: str, body: models.PublishBody, request: Request
) -> Any:
    """Publish the project's files for new runs. A file with errors is left out; 422 if it is this workflow's.

    etag: 409 if the file changed since it was read.
    """
    editor.sources.require_editable()
    file = await run_in_threadpool(editor.files.read, workflow_id)
    if body.etag is not None and body.etag != file.etag:
        raise Conflict(
            f"{file.path} has changed on disk since you opened it",
            hint="Look at what is there now, and publish that.",
            etag=file.etag,
        )
    audit_note(request).on(workflow_id)
    audit_note(request).details_of = lambda published: {"number": published[0], "changed": sorted(published[1])}
    done = await editor.sources.publish(person_of(request), workflow_id)
    published = deps.publisher.workflows.get(workflow_id)
    return {
        "number": done.number,
        "changed": list(done.changed),
        "version": published.version if published else None,
        "diagnostics": (await run_in_threadpool(editor.checker.answer, workflow_id, file.text))["diagnostics"],
    }


@router.get("/{workflow_id:path}/versions", response_model=models.Versions)
async def list_versions(editor: Editor, workflow_id: str) -> Any:
    """List the stored versions, newest first, with their authors and numbers of open runs."""
    return {"data": await editor.history.all(workflow_id), "next": None}


@router.get("/{workflow_id:path}/versions/{version}", response_model=models.VersionSource)
async def get_version(editor: Editor, workflow_id: str, version: str) -> Any:
    """Return one version with its text, as it was first published."""
    stored = await editor.history.one(workflow_id, version)
    return {**stored, "model": await editor.history.model(workflow_id, stored["hash"]) or {}}


@router.get("/{workflow_id:path}/diff", response_model=models.Diff)
async def diff_versions(
    editor: Editor, workflow_id: str, to: str = FILE, from_: Annotated[str, Query(alias="from")] = PUBLISHED
) -> Any:
    """Compare two versions, as text and in words. A side is a hash, `file` (on disk), or `published`."""
    return await editor.history.diff(workflow_id, from_, to)


@router.post(
    "/{workflow_id:path}/rollback",
    response_model=models.Saved,
    responses=CHANGED,
    openapi_extra=roles.editor() | needs_proof() | audited("workflow.rolled_back", after="files have no transactions"),
)
async def roll_back(
    deps: Dependencies, editor: Editor, workflow_id: str, body: models.RollbackBody, request: Request
) -> Any:
    """Write an older version's text into the file, and publish it. The published version's text discards a draft."""
    person = person_of(request)
    editor.sources.require_editable()
    stored = await editor.history.one(workflow_id, body.version)
    if stored["text"] is None:
        raise NoVersionText(
            f"version {stored['hash'][:12]} was not read from a file", hint="Its model can be looked at."
        )
    published = deps.publisher.workflows.get(workflow_id)
    discards = published is not None and published.version == stored["hash"]
    action = "workflow.discarded" if discards else None
    audit_note(request).on(workflow_id, action=action, version=stored["hash"])
    await editor.sources.begin_save(workflow_id, stored["text"], person, publish=not discards)
    try:
        file = await run_in_threadpool(editor.files.write, workflow_id, stored["text"], body.etag)
    except Conflict as conflict:
        return conflict_response(request, conflict)
    return await editor.sources.after_save(file, person, publish=not discards)
