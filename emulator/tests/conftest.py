"""The order of the local Stripe's tests. Their fixture `stripe_emulator` comes from the package's own pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.session import certificates, collection

if TYPE_CHECKING:
    import pytest


def pytest_configure() -> None:
    """Read the machine's certificates once, not for each client."""
    certificates.read_once()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last."""
    collection.order(items)
