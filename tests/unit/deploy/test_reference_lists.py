"""Lists in the reference that people write by hand name all that there is, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.unit.deploy.test_deploy_files import metric_labels

from payloom.app.logging import IDS
from payloom.settings.variables import Variables

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
SUFFIXES = re.compile(r"_(bucket|count|sum|created)$")
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
NOT_FOR_PROJECTS = {
    "PAYLOOM_COMPLETE": "a shell's own, for completions",
    "PAYLOOM_TRACEBACK": "explained with the exit codes of commands",
    "PAYLOOM_DOTENV": "explained above the table",
    "PAYLOOM_EMULATOR_CONTROL_KEY": "of the local Stripe",
}


def rows(page: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    text = (REFERENCE / page).read_text("utf-8").split(f"{heading}\n", 1)[1]
    lines = []
    for line in text.splitlines():
        if line.startswith("|"):
            lines.append([cell.strip() for cell in line.strip("|").split(" | ")])
        elif lines:
            break
    return lines[2:]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_the_metrics_are_listed_with_their_labels() -> None:
    listed = {}
    for cells in rows("observability.md", "## Metrics"):
        name, _, labels = named(cells[0])[0].partition("{")
        listed[name] = set(filter(None, labels.rstrip("}").split(",")))
    # `process` is added where several processes share a port, `le` is a histogram's.
    existing: dict[str, set[str]] = {}
    for name, labels in metric_labels().items():
        base = SUFFIXES.sub("", name)
        base = f"{base}_total" if f"{base}_total" in metric_labels() else base
        existing[base] = existing.get(base, set()) | (labels - {"le", "process"})
    assert listed == existing


def test_the_ids_of_log_lines_are_listed() -> None:
    listed = {name for cells in rows("observability.md", "## Logs") for name in named(cells[0])}
    assert set(IDS) <= listed


def test_the_calls_of_the_editor_are_listed() -> None:
    document = json.loads((ROOT / "studio" / "openapi.json").read_text("utf-8"))
    existing = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    existing = {(method, re.sub(r"\{[^}]*\}", "{}", path)) for method, path in existing}
    listed: set[tuple[str, str]] = set()
    for cells in rows("editor-api.md", "# Editor API"):
        methods: list[str] = []
        without_path: list[str] = []
        prefix = ""
        for code in named(cells[0]):
            words = code.split()
            own = METHODS.intersection(words)
            paths = [word.partition("?")[0] for word in words if word.startswith("/")]
            if not paths:
                without_path += own
                continue
            methods = [*without_path, *own] if own else methods
            without_path = []
            for path in paths:
                whole = path if path.startswith(("/editor", "/workflows")) else f"{prefix}{path}"
                prefix = prefix or whole.rpartition("/")[0]
                listed |= {(method, re.sub(r"\{[^}]*\}", "{}", whole)) for method in methods}
    assert listed <= existing, listed - existing
    assert {call for call in existing if call[1].startswith("/editor/")} <= listed


def test_the_variables_are_listed() -> None:
    read = {f"PAYLOOM_{name.upper()}" for name in Variables.model_fields} | {
        name
        for path in (ROOT / "src" / "payloom").rglob("*.py")
        for name in re.findall(r"\bPAYLOOM_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    }
    listed = {name for cells in rows("settings.md", "## Variables") for name in named(cells[0])}
    assert {name for name in listed if name.startswith("PAYLOOM_")} == read - set(NOT_FOR_PROJECTS)


@pytest.mark.parametrize("name", NOT_FOR_PROJECTS)
def test_a_variable_that_is_not_in_the_list_is_still_one(name: str) -> None:
    assert any(name in path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
