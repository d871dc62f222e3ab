"""The version of a workflow, the SHA-256 of its canonical model, stays the same from one Payloom to the next.

Runs pin their version by this hash. A change of a hash would give every workflow of every project a new version for no
reason that its author can see.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from histories import RECORDED

from payloom.kit.strict_json import canonical
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
from payloom.workflows.compiler.compile import load_model

ROOT = Path(__file__).parents[2]
FILES = sorted(RECORDED.glob("*/*.json"))


def stored_versions(file: Path) -> list[dict[str, str]]:
    """Return the rows of a recording's versions; the first recordings keep them by hash."""
    rows = json.loads(file.read_text("utf-8"))["rows"]["payloom_workflow_versions"]
    return list(rows.values()) if isinstance(rows, dict) else rows


STORED = [
    pytest.param(row["model"], row["hash"], id=f"{file.stem}-{row['hash'][:8]}")
    for file in FILES
    for row in stored_versions(file)
]
TEMPLATES: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "template_versions.json").read_text("utf-8"))


@pytest.mark.parametrize(("model", "version"), STORED)
def test_a_stored_model_keeps_its_version(model: str, version: str) -> None:
    workflow = load_model(json.loads(model), "stored")
    assert workflow.version == version
    assert canonical(workflow.to_model()) == canonical(json.loads(model))


@pytest.mark.parametrize("template", sorted(TEMPLATES))
def test_a_template_keeps_the_versions_of_its_workflows(template: str) -> None:
    root = ROOT / "templates" / template
    project = load_project(root, load_settings(root, keep=False))
    assert {name: workflow.version for name, workflow in sorted(project.workflows.items())} == TEMPLATES[template]
