"""The studio's own checks, on the packages it pins: types, rules, format, and what vitest tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.packages.node_packages import Packages, node

STUDIO = Path(__file__).resolve().parents[2] / "studio"


@pytest.fixture(scope="module")
def packages() -> Packages:
    made = Packages(STUDIO)
    made.install()
    return made


@pytest.mark.timeout(600)
def test_its_types_hold(packages: Packages) -> None:
    packages.run([node(), "node_modules/typescript/bin/tsc", "--noEmit"])


@pytest.mark.timeout(600)
def test_its_sources_keep_the_rules(packages: Packages) -> None:
    packages.run([node(), "node_modules/eslint/bin/eslint.js", "--max-warnings=0", "."])


@pytest.mark.timeout(600)
def test_its_sources_are_formatted(packages: Packages) -> None:
    packages.run([node(), "node_modules/prettier/bin/prettier.cjs", "--check", "."])


@pytest.mark.timeout(600)
def test_its_models_and_components_behave(packages: Packages) -> None:
    packages.run([node(), "node_modules/vitest/vitest.mjs", "run", "--reporter=dot"])
