"""The studio's own checks, on the packages it pins: types, rules, format, and what vitest tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.packages.node_packages import Packages, node

STUDIO = Path(__file__).resolve().parents[2] / "studio"


@pytest.fixture(scope="module")
def packages() -> Packages:
    packages = Packages(STUDIO)
    packages.install()
    return packages


@pytest.fixture(scope="module")
def faults(packages: Packages) -> dict[str, Any]:
    """What `lint/check.js` finds: tsc and ESLint over the same program."""
    command = [node(), "lint/check.js"]
    done = subprocess.run(command, cwd=packages.folder, capture_output=True, text=True, timeout=590, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(600)
def test_its_types_hold(faults: dict[str, Any]) -> None:
    assert faults["types"] == []
    assert faults["typed"] > 200, "these files have types"


@pytest.mark.timeout(600)
def test_its_sources_keep_the_rules(faults: dict[str, Any]) -> None:
    assert faults["rules"] == []
    assert faults["linted"] >= faults["typed"], "each of them is looked at"


@pytest.mark.timeout(600)
def test_its_sources_are_formatted(packages: Packages) -> None:
    packages.run([node(), "node_modules/prettier/bin/prettier.cjs", "--check", "."])


@pytest.mark.timeout(600)
def test_its_models_and_components_behave(packages: Packages) -> None:
    packages.run([node(), "node_modules/vitest/vitest.mjs", "run", "--reporter=dot"])
