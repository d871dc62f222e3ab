"""Saves workflow files: whether they can be edited, what a saved file looks like, and publishing after a save."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool

from payloom.api.http.errors import NotAllowed
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import File, Files
from payloom.kit.errors import PayloomError
from payloom.project.publisher import ProjectPublisher


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
