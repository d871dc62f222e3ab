"""What Payloom brings along is bounded, pinned, licensed, and built by workflows that hold nothing to steal."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "requirements"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# May come along with a program under the MIT license, used as it is.
ALLOWED_LICENSES = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0",
}  # fmt: skip

DATED = {"tzdata"}
"""Distributions of data whose version is a date: the newest is always wanted, and no version breaks anything."""


def pins(name: str) -> dict[str, Version]:
    """Return the version of each pinned distribution of a file."""
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    return {match[1]: Version(match[2]) for match in re.finditer(r"^([a-z0-9-]+)==([^ ]+)", text, re.MULTILINE)}


def required() -> list[tuple[str, str]]:
    """Return what both distributions require, as pairs of distribution and requirement."""
    own = [
        line
        for line in (REQUIREMENTS / "runtime.in").read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    emulator = tomllib.loads((ROOT / "emulator" / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    return [("payloom", line) for line in own] + [("payloom-emulator", line) for line in emulator]


@pytest.mark.parametrize(("distribution", "line"), required())
def test_each_requirement_is_capped_by_the_next_major_version_and_allows_the_pinned_one(
    distribution: str, line: str
) -> None:
    requirement = Requirement(line)
    pinned = pins("runtime")[re.sub(r"[-_.]+", "-", requirement.name).lower()]
    bounds = {bound.operator: Version(bound.version) for bound in requirement.specifier}
    if requirement.name in DATED:
        assert bounds.keys() == {">="}
        return
    assert bounds.keys() == {">=", "<"}, distribution
    assert bounds[">="] <= pinned < bounds["<"]
    assert bounds["<"].major <= pinned.major + 1


@pytest.mark.parametrize("name", sorted(path.stem for path in REQUIREMENTS.glob("*.in")))
def test_each_pin_has_hashes_and_names_no_index(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.txt").read_text("utf-8")
    entries = [entry for entry in re.split(r"\n(?=[a-z])", text) if re.match(r"[a-z0-9-]+==", entry)]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "index-url" not in text
    assert "://" not in text


def licenses() -> ModuleType:
    spec = importlib.util.spec_from_file_location("payloom_licenses", REQUIREMENTS / "licenses.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def test_the_page_of_licenses_is_fresh_and_each_license_is_one_that_may_come_along() -> None:
    module = licenses()
    if missing := {name for name in module.pinned() if not installed(name)}:
        pytest.skip(f"run `make setup`: {', '.join(sorted(missing))} is pinned and not installed")
    assert (ROOT / "docs" / "reference" / "licenses.md").read_text("utf-8") == module.page(), "run `make licenses`"
    names = {part for name in module.pinned() for part in re.split(r" (?:AND|OR) ", module.license_of(name))}
    assert names - ALLOWED_LICENSES == set()


def steps(workflow: Path) -> list[dict[str, Any]]:
    jobs = YAML(typ="safe").load(workflow.read_text("utf-8"))["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_pins_its_actions_to_commits_and_grants_nothing_by_default(workflow: Path) -> None:
    loaded = YAML(typ="safe").load(workflow.read_text("utf-8"))
    assert loaded["permissions"] in ({}, {"contents": "read"})
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert [action for action in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []
    assert "secrets." not in workflow.read_text("utf-8")


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_each_make_target_of_a_workflow_exists(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    called = {target for step in steps(workflow) for target in re.findall(r"make ([a-z-]+)", step.get("run", ""))}
    assert called
    assert called <= targets
