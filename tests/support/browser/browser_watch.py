"""What a page may not do, whatever it is for: write errors to its console, or ask anything of another machine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request

# Chromium itself writes these lines for every answer of 400 and above; the page has nothing to do with them.
HTTP_NOISE = re.compile(r"^Failed to load resource: the server responded with a status of 4\d\d")


class Watch:
    """What a page did that no page may do: errors in its console, requests that leave the machine."""

    def __init__(self, context: BrowserContext) -> None:
        self.problems: list[str] = []
        self.requests: list[Request] = []
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(f"uncaught: {error.error}"))
        context.on("request", self._request)
        context.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not HTTP_NOISE.match(message.text):
            self.problems.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        self.requests.append(request)
        if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "about:")):
            self.problems.append(f"left the machine: {request.url}")

    def _failed(self, request: Request) -> None:
        """Take back what the page's policy stopped: some builds of the browser report such a request, others do not."""
        problem = f"left the machine: {request.url}"
        if request.failure == "csp" and problem in self.problems:
            self.problems.remove(problem)
