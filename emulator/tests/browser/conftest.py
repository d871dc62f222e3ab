"""A running local Stripe, and a shop on another origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.tests.support import shop_host
from emulator.tests.support.local_servers import Local, Served
from tests.support.browser import browser_plugin
from tests.support.packages import npm_packages

from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.http.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_configure(config: pytest.Config) -> None:
    """Offer the browser's fixtures."""
    browser_plugin.register(config)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the bundled host pages."""
    return npm_packages.bundle(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def _servers(bundles: Path) -> Iterator[Local]:
    with (
        Served(lambda url: create_app(EmulatorConfig(base_url=url, settle_seconds=1))) as emulator,
        Served(lambda _url: shop_host.shop_app(emulator.url, bundles)) as shop,
    ):
        yield Local(emulator.app.state.emulator, emulator.url, shop.url, shop_host.client(emulator.url))


@pytest.fixture
def local(_servers: Local) -> Local:
    """Return the servers, empty."""
    _servers.emulator.reset()
    return _servers
