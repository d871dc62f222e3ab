"""What the endpoints of tables.yaml and the templates take and answer."""

from __future__ import annotations

from typing import Annotated

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
