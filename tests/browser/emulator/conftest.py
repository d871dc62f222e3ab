"""A running local Stripe, a shop on another origin, and a browser that fails the test on any stray request or error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import npm_packages
import pytest
import shop_host
from emulator_harness import Local, Served, Watch
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ensure_chromium import find
from payloom.emulator.config import EmulatorConfig
from payloom.emulator.server import create_app


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


@pytest.fixture(scope="session")
def _browser() -> Iterator[Browser]:
    executable = find()
    assert executable, "no Chromium found: run `python tests/ensure_chromium.py`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def watched(_browser: Browser) -> Iterator[Callable[..., tuple[Page, Watch]]]:
    """Return a maker of pages, each in a fresh context; at the end none may have had a problem."""
    made: list[tuple[BrowserContext, Watch]] = []

    def make(*, width: int = 1200, height: int = 900, theme: str = "light") -> tuple[Page, Watch]:
        context = _browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce", locale="en-US"
        )
        context.set_default_timeout(8000)
        watch = Watch(context)
        made.append((context, watch))
        return context.new_page(), watch

    yield make
    for context, _ in made:
        context.close()
    assert [problem for _, watch in made for problem in watch.problems] == []


@pytest.fixture
def page(watched: Callable[..., tuple[Page, Watch]]) -> Page:
    """Return one page in a fresh context."""
    return watched()[0]


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """Return a check of a page or frame: what axe-core finds, one line a violation."""
    source = npm_packages.axe()

    def run(target: Any) -> list[str]:
        target.evaluate(source)
        # A frame is part of the page around it, which has the heading.
        whole = isinstance(target, Page)
        found = target.evaluate(
            "(rules) => axe.run(document, {resultTypes: ['violations'], iframes: false, rules})",
            {} if whole else {"page-has-heading-one": {"enabled": False}},
        )
        return [
            f"{violation['id']}: {node['html'][:160]} — {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run
