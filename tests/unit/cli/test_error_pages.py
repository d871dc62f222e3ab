"""Every error code has a page that says what, why and what to do; `payloom explain` says the same."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from payloom.cli.commands import app
from payloom.cli.project.explain import error_pages, meanings
from payloom.cli.support.error_help import NOTES

FOLDER = Path(__file__).parents[3] / "docs" / "reference" / "errors"
WRITE = 'for name, text in error_pages().items(): (Path("docs/reference/errors") / name).write_text(text)'


def test_every_code_has_a_note_and_no_note_is_left_over() -> None:
    assert set(NOTES) == set(meanings())


def test_every_note_says_why_and_what_to_do() -> None:
    for code, (why, what_to_do) in NOTES.items():
        assert why.endswith("."), code
        assert what_to_do.endswith("."), code
        assert min(len(why), len(what_to_do)) > 10, code


def test_the_pages_are_up_to_date() -> None:
    written = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    assert written == error_pages(), f"run {WRITE}"


def test_explain_tells_of_codes_and_rules() -> None:
    explanation = json.loads(CliRunner().invoke(app, ["explain", "row_not_found", "--json"]).output)
    assert explanation["what"] == "No row matches."
    assert "rows: 0..1" in explanation["do"]
    assert "client" in CliRunner().invoke(app, ["explain", "f101"]).output
    refused = CliRunner().invoke(app, ["explain", "row_not_fond"])
    assert refused.exit_code == 3
