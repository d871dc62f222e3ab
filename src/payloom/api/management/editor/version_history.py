"""The stored versions of workflows with their texts, and the differences between two of them."""

from __future__ import annotations

import dataclasses
import difflib
from typing import Any

from starlette.concurrency import run_in_threadpool

from payloom.api.http.errors import NoSuchRoute
from payloom.api.http.serialization import to_plain
from payloom.api.management.editor.checking import Checker
from payloom.api.management.editor.files import Files
from payloom.db.database import Database
from payloom.project.publisher import ProjectPublisher
from payloom.runs.publishing import publications
from payloom.workflows.program.diff import diff_models
from payloom.workflows.program.program import model_data

FILE, PUBLISHED = "file", "published"
"""Names for texts that are no stored version: what is on disk, and what new runs use."""


@dataclasses.dataclass(frozen=True, slots=True)
class DiffSide:
    """One side of a comparison. model: None when the meaning cannot be compared, and why_not says why."""

    name: str
    text: str | None
    model: dict[str, Any] | None
    why_not: str | None


class VersionHistory:
    """The versions of workflows, with their texts."""

    def __init__(self, publisher: ProjectPublisher, checker: Checker, files: Files, database: Database) -> None:
        self._publisher = publisher
        self._checker = checker
        self._files = files
        self._database = database

    async def all(self, workflow_id: str) -> list[dict[str, Any]]:
        """Return every version. Raises NoSuchRoute when there never was such a workflow."""
        rows = await self._database.read(lambda tx: publications.history(tx, workflow_id))
        if not rows:
            await run_in_threadpool(self._files.read, workflow_id)
        current = self._publisher.workflows.get(workflow_id)
        return [
            {
                **to_plain(row),
                "text": row["source"],
                "has_source": row["source"] is not None,
                "current": current is not None and current.version == row["hash"],
            }
            for row in rows
        ]

    async def model(self, workflow_id: str, version: str) -> dict[str, Any] | None:
        """Return the canonical model of a version."""
        return await self._database.read(lambda tx: publications.model_of(tx, workflow_id, version))

    async def one(self, workflow_id: str, version: str) -> dict[str, Any]:
        """Return the version with this hash, or the only one whose hash begins so."""
        versions = await self.all(workflow_id)
        fitting = [
            candidate
            for candidate in versions
            if candidate["hash"] == version or (len(version) >= 6 and candidate["hash"].startswith(version))
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
                {"kind": difference.kind, "path": list(difference.path), "where": difference.where, "before": difference.before, "after": difference.after,
                 "text": difference.format()}
                for difference in diff_models(old.model, new.model)
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
        stored = await self.one(workflow_id, name)
        model = await self.model(workflow_id, stored["hash"])
        return DiffSide(
            f"version {stored['hash'][:12]}", stored["text"], model, None if model else "the model is not stored"
        )
