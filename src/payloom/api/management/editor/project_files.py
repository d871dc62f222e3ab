"""The files beside the workflows that a maker writes: `tables.yaml`, and the templates of emails and pages."""

from __future__ import annotations

import re
from pathlib import Path

from payloom.api.http.errors import NotAllowed
from payloom.api.management.editor.checking import Lines, finding
from payloom.api.management.editor.files import BadId, File, Files, NoSuchFile
from payloom.api.management.editor.models.sources import Finding
from payloom.kit.suggest import did_you_mean
from payloom.project.live_tables import FILE as TABLES_FILE
from payloom.project.publisher import ProjectPublisher

SUFFIXES = {"emails": ".mjml.j2", "pages": ".html.j2"}
"""The folders of templates, and how the names of their files end."""

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}"
_PATH = re.compile(
    "|".join(rf"{folder}/(?:{_NAME}/){{0,4}}{_NAME}{re.escape(suffix)}" for folder, suffix in SUFFIXES.items())
)


class ProjectFiles(Files):
    """Their paths below the project's folder are their ids. Blocking; call it from a thread."""

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.root

    def names(self) -> list[str]:
        """Return the paths there are: tables.yaml, then the templates, sorted."""
        paths = [
            path.relative_to(self.root).as_posix()
            for folder, suffix in SUFFIXES.items()
            for path in (self.root / folder).rglob(f"*{suffix}")
        ]
        return [name for name in [TABLES_FILE, *sorted(paths)] if self._is_one(name) and (self.root / name).is_file()]

    def _inside(self, file_id: str) -> Path | None:
        return super()._inside(file_id) if self._is_one(file_id) else None

    def _path(self, file_id: str) -> Path:
        return self.root / file_id

    def _bounds(self, path: Path) -> Path:
        top = path.relative_to(self.root).parts[0]
        return self.root / top

    def _is_one(self, file_id: str) -> bool:
        return file_id == TABLES_FILE or bool(_PATH.fullmatch(file_id))

    def _can_be_new(self, file_id: str) -> bool:
        return self._is_one(file_id)

    def _bad_id(self, file_id: str) -> BadId:
        hint = "Write emails/NAME.mjml.j2 or pages/NAME.html.j2, with letters, digits, - and _."
        return BadId(f"{file_id[:80]!r} cannot be the path of a template", hint=hint)

    def _missing(self, file_id: str) -> NoSuchFile:
        hint = did_you_mean(file_id, self.names()) or "The studio's page Files lists them."
        return NoSuchFile(f"there is no file {file_id[:80]} that the studio edits", hint=hint)


def require_live_files(publisher: ProjectPublisher) -> None:
    """Raise NotAllowed unless a saved file is in use at once: these files have no drafts."""
    if not are_editable(publisher):
        raise NotAllowed(
            "tables and templates are changed only in development",
            hint="Change the file in development, and deploy it.",
        )


def are_editable(publisher: ProjectPublisher) -> bool:
    """Whether these files can be changed from the studio."""
    return publisher.editable and publisher.publish_on_save


def findings_of(file: File, publisher: ProjectPublisher) -> list[Finding]:
    """Return what is wrong with a file, as the project was read last."""
    lines = Lines(file.text)
    return [finding(diagnostic, lines) for diagnostic in publisher.latest_diagnostics if diagnostic.file == file.path]
