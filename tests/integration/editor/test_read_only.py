"""A studio that may not change files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.editor_client import FILES, MARK_PAID, EditorClient
from tests.support.http_server import running_server

if TYPE_CHECKING:
    from pathlib import Path


def test_files_outside_development_are_only_read_unless_the_project_says_so(tmp_path: Path) -> None:
    settings = "name: Shop\nstudio: {edit: false}\n"
    with running_server(tmp_path, {**FILES, "payloom.yaml": settings}) as server:
        desk = EditorClient(server)
        source = desk.source("mark-paid")
        assert source["editable"] is False
        body = {"text": "x", "etag": source["etag"]}
        status, error = desk.refused("PUT", "/workflows/mark-paid/source", body)
        assert (status, error["code"]) == (403, "not_allowed")
        assert "studio" in error["hint"]
        assert desk.file("mark-paid").read_text() == MARK_PAID
