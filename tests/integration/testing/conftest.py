"""A small project to test workflow tests with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.testing_fixture import SmallProject

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from payloom.testing.runner import Report


@pytest.fixture
def small(tmp_path: Path) -> SmallProject:
    """A small project."""
    return SmallProject(tmp_path)


@pytest.fixture
def lines() -> Callable[[Report], list[str]]:
    """Return a report's failures, one line each."""

    def of(report: Report) -> list[str]:
        return [
            f"{variant.variant}: {difference}"
            for result in report.results
            for variant in result.variants
            for difference in variant.differences
        ]

    return of
