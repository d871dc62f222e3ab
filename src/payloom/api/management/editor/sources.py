"""Workflow files over HTTP: read, check, change, save, create and delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from payloom.api.http.errors import NotAllowed, error_body
from payloom.api.http.middleware import request_id_of
from payloom.api.management.editor import models
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import Conflict, File, Files
from payloom.api.management.identity import roles
from payloom.api.management.identity.access import caller_of
from payloom.api.management.models.answers import ErrorAnswer
from payloom.kit.errors import PayloomError
from payloom.project.publisher import ProjectPublisher
from payloom.workflows.edit import operations

START = """\
name: {name}
description: Say in one sentence what this is for.
on: {{manual: true}}

steps:
  - log: Hello
"""
CHANGED: dict[int | str, dict[str, Any]] = {
    409: {
        "model": ErrorAnswer,
        "description": "The file has changed on disk: `data` has its `text` and `etag`, yours, and the difference.",
    }
}


class SourceService:
    """What writing a file comes to: what is answered, and whether it is published."""

    def __init__(self, publisher: ProjectPublisher, checker: Checker, files: Files) -> None:
        self._publisher = publisher
        self._checker = checker
        self._files = files

    def require_editable(self) -> None:
        """Raise NotAllowed unless files may be changed here."""
        if not self._publisher.editable:
            raise NotAllowed(
                "workflow files are not changed here", hint="Set `studio: {edit: true}` in payloom.yaml to allow it."
            )

    def view(self, file: File) -> dict[str, Any]:
        """Return the fields of models.Source."""
        answer = self._checker.answer(file.id, file.text)
        published = self._publisher.workflows.get(file.id)
        version = published.version if published else None
        return {
            **answer,
            "id": file.id,
            "path": file.path,
            "text": file.text,
            "etag": file.etag,
            "editable": self._publisher.editable,
            "published_version": version,
            "changed": answer["version"] is None or answer["version"] != version,
        }

    async def after_save(self, file: File, author: str, *, publish: bool | None) -> dict[str, Any]:
        """Publish what was just written, if that is wanted, and return the fields of models.Saved."""
        published, error = await self.publish(author, publish=publish)
        return {**await run_in_threadpool(self.view, file), "published": published, "publish_error": error}

    async def publish(self, author: str, *, publish: bool | None) -> tuple[bool, str | None]:
        """Publish, if that is wanted; what is wrong with the files is told, and is no reason to refuse the saving."""
        if not (self._publisher.publish_on_save if publish is None else publish):
            return False, None
        try:
            await self._publisher.publish(author)
        except PayloomError as error:
            return False, error.message
        return True, None


def router(publisher: ProjectPublisher, checker: Checker, files: Files, opened: Callable[[], None]) -> APIRouter:
    """Return the routes. opened: called when somebody opens a file."""
    routes = APIRouter(tags=["editor"])
    service = SourceService(publisher, checker, files)

    @routes.get("/workflows/{workflow_id:path}/source", response_model=models.Source)
    def get_source(workflow_id: str) -> Any:
        """A workflow's file with its outline and what is wrong with it."""
        opened()
        return service.view(files.read(workflow_id))

    @routes.put(
        "/workflows/{workflow_id:path}/source",
        response_model=models.Saved,
        responses=CHANGED,
        openapi_extra=roles.editor(),
    )
    async def save_source(workflow_id: str, body: models.SaveBody, request: Request) -> Any:
        """Replace the file as a whole, if it is still the one with this etag. Mistakes in it do not hinder saving."""
        service.require_editable()
        try:
            file = await run_in_threadpool(files.write, workflow_id, body.text, body.etag)
        except Conflict as conflict:
            return conflict_response(request, conflict)
        return await service.after_save(file, caller_of(request).by, publish=body.publish)

    @routes.post("/workflows", response_model=models.Saved, status_code=201, openapi_extra=roles.editor())
    async def create_workflow(body: models.CreateBody, request: Request) -> Any:
        """Make a new workflow file."""
        service.require_editable()
        text = body.text
        if text is None:
            text = START.format(name=body.id.rpartition("/")[2].replace("-", " ").replace("_", " ").capitalize())
        file = await run_in_threadpool(files.create, body.id, text)
        return await service.after_save(file, caller_of(request).by, publish=None)

    @routes.delete(
        "/workflows/{workflow_id:path}",
        response_model=models.Deleted,
        responses=CHANGED,
        openapi_extra=roles.editor(),
    )
    async def delete_workflow(workflow_id: str, etag: str, request: Request) -> Any:
        """Delete a workflow's file. Its versions and runs stay, and runs on their way go on."""
        service.require_editable()
        try:
            await run_in_threadpool(files.delete, workflow_id, etag)
        except Conflict as conflict:
            return conflict_response(request, conflict)
        published, error = await service.publish(caller_of(request).by, publish=None)
        return {"id": workflow_id, "deleted": True, "published": published, "publish_error": error}

    @routes.post("/editor/check", response_model=models.Check, openapi_extra=roles.viewer())
    def check_text(body: models.CheckBody) -> Any:
        """What `payloom check` would say about a text, and its outline."""
        return checker.answer(body.id, body.text)

    @routes.post("/editor/edit", response_model=models.Edited, openapi_extra=roles.viewer())
    def edit_text(body: models.EditBody) -> Any:
        """Change a text (not the file): only the lines the changes are about, all of them or none."""
        text, path = operations.apply(body.text, [_operation(one) for one in body.operations])
        return {**checker.answer(body.id, text), "text": text, "path": None if path is None else list(path)}

    return routes


def _operation(it: models.Operation) -> operations.Operation:
    to = tuple(it.to) if isinstance(it.to, list) else it.to
    return operations.Operation(it.op, tuple(it.path), it.value, to, it.id, it.key, it.count)


def conflict_response(request: Request, conflict: Conflict) -> Response:
    """Return a conflict with both texts as they are: masking would change what is saved next."""
    body = error_body(conflict, request_id_of(request))
    body["error"]["data"] = dict(conflict.data)
    return JSONResponse(body, conflict.status)
