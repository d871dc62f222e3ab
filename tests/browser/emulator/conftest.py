"""A running local Stripe, a shop on another origin, and a browser that fails the test on any stray request or error."""

from __future__ import annotations

import dataclasses
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import npm_packages
import pytest
import shop_host
import stripe
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from ensure_chromium import find
from payloom.emulator.config import EmulatorConfig
from payloom.emulator.server import Emulator, create_app

# Chromium itself writes these lines for every answer of 400 and above; the page has nothing to do with them.
HTTP_NOISE = re.compile(r"^Failed to load resource: the server responded with a status of 4\d\d")


class Served:
    """An ASGI application on a free port of 127.0.0.1, in a thread of its own."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.app = make(self.url)
        self._server = uvicorn.Server(uvicorn.Config(self.app, log_level="warning", ws="none"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self.socket]}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        started = threading.Event()
        while not self._server.started and self._thread.is_alive():
            started.wait(0.01)
        assert self._server.started, "the server did not start"
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self.socket.close()


@dataclasses.dataclass
class Local:
    """The two servers of a test: the local Stripe and the shop."""

    emulator: Emulator
    url: str
    shop: str
    stripe: stripe.StripeClient


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


class Watch:
    """What a page did that no page may do: errors in its console, requests that leave the machine."""

    def __init__(self, context: BrowserContext) -> None:
        self.problems: list[str] = []
        self.requests: list[Request] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not HTTP_NOISE.match(message.text):
            self.problems.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
            self.problems.append(f"left the machine: {request.url}")


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
        found = target.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
        return [
            f"{violation['id']}: {node['html'][:160]} — {node['failureSummary']}"
            for violation in found["violations"]
            for node in violation["nodes"]
        ]

    return run
