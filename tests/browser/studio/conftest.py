"""The running demo with its studio, for every test of this folder; `open_page` opens a page of it, signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from tests.support.browser.browser_plugin import OpenWatched
from tests.support.browser.studio_fixture import OpenPage, Studio, build_studio

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _running_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    build_studio()
    studio = Studio(tmp_path_factory.mktemp("studio") / "demo")
    studio.start()
    yield studio
    studio.shop.stop()


@pytest.fixture
def studio(_running_studio: Studio) -> Studio:
    """The running studio. Tests share it: make what a test needs, and never count on being alone."""
    return _running_studio


@pytest.fixture
def open_page(studio: Studio, watched: OpenWatched) -> OpenPage:
    """Return a function that opens `/studio<path>` signed in and waits for its heading.

    Options: width, height, theme ("light" or "dark"), page (an open one to go on with).
    """

    def opened(path: str = "", *, page: Page | None = None, **options: object) -> Page:
        if page is None:
            page, _ = watched(**options)
            studio.sign_in(page)
        page.goto(f"{studio.url}{path}")
        expect(page.locator("main h1").first).to_be_visible()
        return page

    return opened
