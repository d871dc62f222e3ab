"""Fixtures of the storm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """The process that forks the ones that die."""
    with Zygote() as running:
        yield running
