"""The running shop and a visitor in front of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.browser.shop_fixture import Shop, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page


@pytest.fixture(scope="session")
def _running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop") / "demo")
    shop.start()
    yield shop
    shop.stop()


@pytest.fixture
def shop(_running_shop: Shop) -> Shop:
    """The running shop."""
    return _running_shop


@pytest.fixture
def visitor(shop: Shop, page: Page) -> Visitor:
    """Somebody who has just opened the shop."""
    return Visitor(shop, page)
