"""Browser tests share one browser with those of the local Stripe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.browser import browser_plugin

if TYPE_CHECKING:
    import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Offer the browser's fixtures."""
    browser_plugin.register(config)
