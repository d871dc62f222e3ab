"""What the endpoints of tables.yaml and the templates take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from payloom.api.management.editor.models.sources import Finding, Text
from payloom.api.management.models.answers import Body
from payloom.api.management.models.answers import Shape as Answer


class FileEntry(Answer):
    """One file. path: below the project's folder. errors: what keeps it from being used."""

    path: str
    errors: int


class FileList(Answer):
    """The files that can be edited beside the workflows. editable: only in development."""

    data: list[FileEntry]
    editable: bool


class ProjectFile(Answer):
    """One file. etag: of its bytes. diagnostics: what is wrong with it."""

    path: str
    text: str
    etag: str
    editable: bool
    diagnostics: list[Finding]


class FileText(Body):
    """The whole new text, and the etag it was edited from."""

    text: Text
    etag: str


class NewFile(Body):
    """A new template: `emails/NAME.mjml.j2` or `pages/NAME.html.j2`."""

    path: Annotated[str, Field(max_length=400)]
    text: Text


class EmailPreviewRequest(Body):
    """A template of an email to fill in. text: as it is typed; absent, as it is in the file. data: absent, made up."""

    path: Annotated[str, Field(max_length=400)]
    text: Text | None = None
    data: dict[str, Any] | None = None


class PreviewProblem(Answer):
    """Why a template could not be filled in. where: the file and line."""

    message: str
    hint: str | None
    where: str | None


class EmailPreview(Answer):
    """An email as it would be sent with `data`, or the problem with it."""

    subject: str
    html: str
    text: str
    data: dict[str, Any]
    problem: PreviewProblem | None
