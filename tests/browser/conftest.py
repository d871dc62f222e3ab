"""Browser tests share one browser with those of the local Stripe."""

from __future__ import annotations

import pytest
from tests.support import browser_plugin


def pytest_configure(config: pytest.Config) -> None:
    """Offer the browser's fixtures."""
    browser_plugin.register(config)
