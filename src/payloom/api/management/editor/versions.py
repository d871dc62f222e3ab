"""Publishing workflow files, the versions they became, what differs between them, and going back to one."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from payloom.api.http.errors import ApiError, NoSuchRoute
from payloom.api.http.serialization import to_plain
from payloom.api.management.editor import models
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import Conflict, Files
from payloom.api.management.editor.sources import CHANGED, SourceService, conflict_response
from payloom.api.management.identity import roles
from payloom.api.management.identity.access import caller_of
from payloom.db.database import Database
from payloom.project.publisher import ProjectPublisher
from payloom.runs.publishing import publications
from payloom.workflows.program.diff import diff_models
from payloom.workflows.program.program import model_data

FILE, PUBLISHED = "file", "published"
"""Names for texts that are no stored version: what is on disk, and what new runs use."""


class NoText(ApiError):
    """This version has no text."""

    code: ClassVar[str] = "no_text"
    status: ClassVar[int] = 422


@dataclasses.dataclass(frozen=True, slots=True)
class DiffSide:
    """One side of a comparison. model: None when the meaning cannot be compared, and why_not says why."""

    name: str
    text: str | None
    model: dict[str, Any] | None
    why_not: str | None


def router(publisher: ProjectPublisher, checker: Checker, files: Files, database: Database) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/workflows", tags=["editor"])
    service = SourceService(publisher, checker, files)
    history = History(publisher, checker, files, database)

    @routes.post("/{workflow_id:path}/publish", response_model=models.Published, openapi_extra=roles.editor())
    async def publish_workflow(workflow_id: str, body: models.PublishBody, request: Request) -> Any:
        """Make new runs use the project's files as they are now: all of them, or none while one has errors.

        etag: refuses with 409 when the file is no longer what was looked at.
        """
        service.require_editable()
        file = await run_in_threadpool(files.read, workflow_id)
        if body.etag is not None and body.etag != file.etag:
            raise Conflict(
                f"{file.path} has changed on disk since you opened it",
                hint="Look at what is there now, and publish that.",
                etag=file.etag,
            )
        done = await publisher.publish(caller_of(request).by)
        published = publisher.workflows.get(workflow_id)
        return {
            "number": done.number,
            "changed": list(done.changed),
            "version": published.version if published else None,
            "diagnostics": (await run_in_threadpool(checker.answer, workflow_id, file.text))["diagnostics"],
        }

    @routes.get("/{workflow_id:path}/versions", response_model=models.Versions)
    async def list_versions(workflow_id: str) -> Any:
        """The stored versions, newest first, with who published them and how many unfinished runs are on each."""
        return {"data": await history.all(workflow_id), "next": None}

    @routes.get("/{workflow_id:path}/versions/{version}", response_model=models.VersionSource)
    async def get_version(workflow_id: str, version: str) -> Any:
        """One version with its text, exactly as it was published first."""
        found = await history.one(workflow_id, version)
        return {**found, "model": await history.model(workflow_id, found["hash"]) or {}}

    @routes.get("/{workflow_id:path}/diff", response_model=models.Diff)
    async def diff_versions(
        workflow_id: str, to: str = FILE, from_: Annotated[str, Query(alias="from")] = PUBLISHED
    ) -> Any:
        """Two versions compared, as text and in meaning. Besides hashes: `file` (on disk) and `published`."""
        return await history.diff(workflow_id, from_, to)

    @routes.post(
        "/{workflow_id:path}/rollback", response_model=models.Saved, responses=CHANGED, openapi_extra=roles.editor()
    )
    async def roll_back(workflow_id: str, body: models.RollbackBody, request: Request) -> Any:
        """Write an older version's text back as the file, and publish it."""
        service.require_editable()
        found = await history.one(workflow_id, body.version)
        if found["text"] is None:
            raise NoText(f"version {found['hash'][:12]} was not read from a file", hint="Its model can be looked at.")
        try:
            file = await run_in_threadpool(files.write, workflow_id, found["text"], body.etag)
        except Conflict as conflict:
            return conflict_response(request, conflict)
        return await service.after_save(file, caller_of(request).by, publish=True)

    return routes


class History:
    """The versions of workflows, with their texts."""

    def __init__(self, publisher: ProjectPublisher, checker: Checker, files: Files, database: Database) -> None:
        self._publisher = publisher
        self._checker = checker
        self._files = files
        self._database = database

    async def all(self, workflow_id: str) -> list[dict[str, Any]]:
        """Return every version. Raises NoSuchRoute when there never was such a workflow."""
        found = await self._database.read(lambda tx: publications.history(tx, workflow_id))
        if not found:
            await run_in_threadpool(self._files.read, workflow_id)
        current = self._publisher.workflows.get(workflow_id)
        return [
            {
                **to_plain(one),
                "text": one["source"],
                "has_source": one["source"] is not None,
                "current": current is not None and current.version == one["hash"],
            }
            for one in found
        ]

    async def model(self, workflow_id: str, version: str) -> dict[str, Any] | None:
        """Return the canonical model of a version."""
        return await self._database.read(lambda tx: publications.model_of(tx, workflow_id, version))

    async def one(self, workflow_id: str, version: str) -> dict[str, Any]:
        """Return the version with this hash, or the only one whose hash begins so."""
        every = await self.all(workflow_id)
        fitting = [
            one for one in every if one["hash"] == version or (len(version) >= 6 and one["hash"].startswith(version))
        ]
        if len(fitting) != 1:
            raise NoSuchRoute(
                f"there is no version {version[:64]!r} of {workflow_id}", hint="GET …/versions lists them."
            )
        return fitting[0]

    async def diff(self, workflow_id: str, before: str, after: str) -> dict[str, Any]:
        """Return the fields of models.Diff."""
        old, new = await self._diff_side(workflow_id, before), await self._diff_side(workflow_id, after)
        text = "".join(
            difflib.unified_diff(
                (old.text or "").splitlines(keepends=True),
                (new.text or "").splitlines(keepends=True),
                old.name,
                new.name,
            )
        )
        why_not = old.why_not or new.why_not
        changes = None
        if old.model is not None and new.model is not None:
            changes = [
                {"kind": one.kind, "path": list(one.path), "where": one.where, "before": one.before, "after": one.after,
                 "text": one.format()}
                for one in diff_models(old.model, new.model)
            ]  # fmt: skip
        return {"from": before, "to": after, "text": text, "changes": changes, "why_not": why_not}

    async def _diff_side(self, workflow_id: str, name: str) -> DiffSide:
        if name == FILE:
            file = await run_in_threadpool(self._files.read, workflow_id)
            checked = await run_in_threadpool(self._checker.check, workflow_id, file.text)
            compiled = checked.draft.compiled
            model = model_data(compiled.workflow.model) if compiled and not compiled.problems else None
            return DiffSide(file.path, file.text, model, None if model else "the file has errors")
        if name == PUBLISHED:
            published = self._publisher.workflows.get(workflow_id)
            if published is None:
                return DiffSide("published", None, {}, None)
            name = published.version
        found = await self.one(workflow_id, name)
        model = await self.model(workflow_id, found["hash"])
        return DiffSide(
            f"version {found['hash'][:12]}", found["text"], model, None if model else "the model is not stored"
        )
