"""The order of the local Stripe's tests. Their fixture `stripe_emulator` comes from the package's own pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.session import collection, process_costs

if TYPE_CHECKING:
    import pytest


def pytest_configure() -> None:
    """Lower what every process of the tests costs."""
    process_costs.lower()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last."""
    collection.order(items)
