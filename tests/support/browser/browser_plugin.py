"""Fixtures of every browser test, in `tests/browser` and `emulator/tests/browser` alike.

One browser serves a whole session: `watched` opens pages that fail the test on any stray request or error, and `axe`
checks a page with axe-core. The conftest of each folder registers this plugin, which loads once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page, expect, sync_playwright
from tests.ensure_chromium import find
from tests.support.browser.browser_watch import Watch
from tests.support.packages import npm_packages

OpenWatched = Callable[..., tuple[Page, Watch]]
"""Opens a page in a fresh context. Options: width, height, theme ("light" or "dark")."""
AxeCheck = Callable[..., list[str]]
"""Returns what axe-core finds in a page or a frame, one line a violation. Option: only, the rules to ask."""

# A page may take its time when every core runs tests. What must be quick is measured elsewhere.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


def register(config: pytest.Config) -> None:
    """Add these fixtures to the session, once, however many folders ask for them."""
    plugin = sys.modules[__name__]
    if not config.pluginmanager.is_registered(plugin):
        config.pluginmanager.register(plugin, __name__)


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
def watched(_browser: Browser) -> Iterator[OpenWatched]:
    """Return a maker of pages, each in a fresh context; at the end none may have had a problem."""
    opened: list[tuple[BrowserContext, Watch]] = []

    def make(*, width: int = 1200, height: int = 900, theme: Literal["light", "dark"] = "light") -> tuple[Page, Watch]:
        context = _browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce", locale="en-US"
        )
        context.set_default_timeout(PATIENCE)
        watch = Watch(context)
        opened.append((context, watch))
        return context.new_page(), watch

    yield make
    for context, _ in opened:
        context.close()
    assert [problem for _, watch in opened for problem in watch.problems] == []


@pytest.fixture
def page(watched: OpenWatched) -> Page:
    """Return one page in a fresh context."""
    return watched()[0]


@pytest.fixture(scope="session")
def axe() -> AxeCheck:
    """Return a check of a page or frame: what axe-core finds, one line a violation."""
    source = npm_packages.axe()

    def run(target: Page | Frame, *, only: Sequence[str] | None = None) -> list[str]:
        target.evaluate(source)
        # A frame is part of the page around it, which has the heading.
        whole = isinstance(target, Page)
        options: dict[str, object] = {"resultTypes": ["violations"], "iframes": False}
        options["rules"] = {} if whole else {"page-has-heading-one": {"enabled": False}}
        if only is not None:
            options["runOnly"] = {"type": "rule", "values": list(only)}
        report = target.evaluate("(options) => axe.run(document, options)", options)
        return [
            f"{violation['id']}: {node['html'][:160]} — {node['failureSummary']}"
            for violation in report["violations"]
            for node in violation["nodes"]
        ]

    return run
