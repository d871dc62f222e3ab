"""Saves workflow files: whether they can be edited, what a saved file looks like, and publishing after a save."""

from __future__ import annotations

import functools
from typing import Any

from starlette.concurrency import run_in_threadpool

from payloom.api.http.errors import NotAllowed
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import File, Files
from payloom.kit.errors import PayloomError
from payloom.project.publish_rights import PublishRights
from payloom.project.publisher import ProjectPublisher, Publication
from payloom.runs.start_rights import Person


class SourceService:
    """What writing a file comes to: what is answered, and whether it is published."""

    def __init__(self, publisher: ProjectPublisher, checker: Checker, files: Files, rights: PublishRights) -> None:
        self._rights = rights
        self._publisher = publisher
        self._checker = checker
        self._files = files

    def require_editable(self) -> None:
        """Raise NotAllowed unless files may be changed here."""
        if not self._publisher.editable:
            raise NotAllowed(
                "workflow files are not changed here", hint="Set `studio: {edit: true}` in payloom.yaml to allow it."
            )

    async def begin_save(self, workflow_id: str, text: str | None, person: Person, *, publish: bool | None) -> None:
        """Before a file is written (text None: deleted): raise NotAllowed if it may not be, and note who saves what."""
        self.require_editable()
        if publish:
            self._rights.require(person)
        published = self._publisher.workflows.get(workflow_id)
        await self._rights.note_saved(workflow_id, person, text, published.version if published else None)

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

    async def after_save(self, file: File, person: Person, *, publish: bool | None) -> dict[str, Any]:
        """Publish what was just written, if that is wanted, and return the fields of models.Saved."""
        published, error = await self.publish_saved(person, publish=publish, workflow_id=file.id)
        return {**await run_in_threadpool(self.view, file), "published": published, "publish_error": error}

    async def publish(self, person: Person, workflow_id: str | None = None) -> Publication:
        """Publish all files without errors as they are, but none if `workflow_id` has some.

        Raises NotAllowed, NotPublished.
        """
        self._rights.require(person)
        review = functools.partial(self._rights.review, person)
        done = await self._publisher.publish(person.by, review, needed=workflow_id)
        await self._rights.note_published(done.unpublished)
        return done

    async def publish_saved(
        self, person: Person, *, publish: bool | None, workflow_id: str | None = None
    ) -> tuple[bool, str | None]:
        """Publish, if that is wanted; what stands against it is told, and is no reason to refuse the saving."""
        if not (self._publisher.publish_on_save if publish is None else publish):
            return False, None
        try:
            await self.publish(person, workflow_id)
        except PayloomError as error:
            return False, error.message
        return True, None
