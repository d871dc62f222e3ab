"""The running shop and a visitor in front of it, in a browser that fails the test on any stray request or script error."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ensure_chromium import find
from shop_world import Shop, Visitor

_LOCAL = re.compile(r"(https?://127\.0\.0\.1:\d+/|data:|blob:|about:)")
_EXPECTED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


@pytest.fixture(scope="session")
def _running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    made = Shop(tmp_path_factory.mktemp("shop") / "demo")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def shop(_running_shop: Shop) -> Shop:
    """The running shop."""
    return _running_shop


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
def page(_browser: Browser) -> Iterator[Page]:
    """One page in a fresh context; at the end it must have had no error and no request that left this machine."""
    context = _browser.new_context(locale="en-US", reduced_motion="reduce")
    context.set_default_timeout(10_000)
    problems: list[str] = []
    context.on("request", lambda sent: _LOCAL.match(sent.url) or problems.append(f"request to {sent.url}"))
    context.on("weberror", lambda found: problems.append(f"script error: {found.error}"))
    context.on(
        "console",
        lambda said: said.type == "error" and not _EXPECTED.match(said.text) and problems.append(f"console: {said.text}"),
    )
    yield context.new_page()
    context.close()
    assert problems == []


@pytest.fixture
def visitor(shop: Shop, page: Page) -> Visitor:
    """Somebody who has just opened the shop."""
    return Visitor(shop, page)
