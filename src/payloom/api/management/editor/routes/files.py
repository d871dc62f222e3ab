"""tables.yaml and the templates of emails and pages over HTTP, in development."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import NotAllowed
from payloom.api.management.access import roles
from payloom.api.management.access.audit import audited, not_audited
from payloom.api.management.access.auth import caller_of, person_of
from payloom.api.management.editor import email_previews, project_files
from payloom.api.management.editor.files import Conflict, File
from payloom.api.management.editor.models import files as models
from payloom.api.management.editor.routes.conflicts import CHANGED, conflict_response
from payloom.api.management.editor.services import Editor
from payloom.api.management.injection import Dependencies
from payloom.project.publisher import ProjectPublisher

router = APIRouter(prefix="/files", tags=["editor"])

_AFTER = "files have no transactions"


@router.get("", response_model=models.FileList, openapi_extra=roles.editor())
def list_files(deps: Dependencies, editor: Editor) -> Any:
    """List the files that the studio edits beside the workflows."""
    counts = [diagnostic.file for diagnostic in deps.publisher.latest_diagnostics if diagnostic.severity == "error"]
    return {
        "data": [{"path": name, "errors": counts.count(name)} for name in editor.project_files.names()],
        "editable": project_files.are_editable(deps.publisher),
    }


@router.post(
    "/preview",
    response_model=models.EmailPreview,
    openapi_extra=roles.editor() | not_audited("it fills in a template, and sends and keeps nothing"),
)
def preview_email(deps: Dependencies, editor: Editor, body: models.EmailPreviewRequest, request: Request) -> Any:
    """Return an email as its template makes it with the data. A text that is not in the file needs an admin."""
    text = editor.project_files.read(body.path).text if body.text is None else body.text
    if body.text is not None:
        project_files.require_live_files(deps.publisher)
        if not roles.has_role(caller_of(request).role, "admin"):
            raise NotAllowed("only admins preview a text that is not saved", hint="Preview the saved one.")
    return email_previews.preview(editor.project_files.folder, body.path, text, body.data)


@router.get("/{path:path}", response_model=models.ProjectFile, openapi_extra=roles.editor())
def get_file(deps: Dependencies, editor: Editor, path: str) -> Any:
    """Return a file with what is wrong with it."""
    return _view(editor.project_files.read(path), deps.publisher)


@router.post(
    "",
    response_model=models.ProjectFile,
    status_code=201,
    openapi_extra=roles.admin() | audited("file.created", after=_AFTER),
)
async def create_file(deps: Dependencies, editor: Editor, body: models.NewFile, request: Request) -> Any:
    """Create a template. In use at once; 409 if the file exists."""
    project_files.require_live_files(deps.publisher)
    audit_note(request).on(body.path)
    file = await run_in_threadpool(editor.project_files.create, body.path, body.text)
    return await _used(deps, editor, file, request)


@router.put(
    "/{path:path}",
    response_model=models.ProjectFile,
    responses=CHANGED,
    openapi_extra=roles.admin() | audited("file.saved", after=_AFTER),
)
async def save_file(deps: Dependencies, editor: Editor, path: str, body: models.FileText, request: Request) -> Any:
    """Replace the file, if it still has this etag. In use at once, unless it has errors."""
    project_files.require_live_files(deps.publisher)
    audit_note(request).on(path)
    try:
        file = await run_in_threadpool(editor.project_files.write, path, body.text, body.etag)
    except Conflict as conflict:
        return conflict_response(request, conflict)
    return await _used(deps, editor, file, request)


async def _used(deps: Dependencies, editor: Editor, file: File, request: Request) -> dict[str, Any]:
    """Have the project read again, and return what was written with what is wrong with it now."""
    await editor.sources.publish_saved(person_of(request), publish=None)
    return _view(file, deps.publisher)


def _view(file: File, publisher: ProjectPublisher) -> dict[str, Any]:
    return {
        "path": file.path,
        "text": file.text,
        "etag": file.etag,
        "editable": project_files.are_editable(publisher),
        "diagnostics": project_files.findings_of(file, publisher),
    }
