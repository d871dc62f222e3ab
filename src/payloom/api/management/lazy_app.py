"""Mounts the management API lazily, on the first request: most servers run for weeks without a studio.

FastAPI, the models of all answers and what checks drafts take half a second to load and more than ten megabytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/api/_payloom"
SIGN_IN_PATH = "/studio/sign-in"


class LazyManagementApp:
    """The application behind PREFIX, made in a thread when it is first asked."""

    def __init__(self, load: Callable[[], ASGIApp]) -> None:
        """load: loads and returns the application."""
        self._load = load
        self._app: ASGIApp | None = None
        self._loading: asyncio.Task[ASGIApp] | None = None

    def prepare(self) -> None:
        """Begin to make it, as it will be asked soon."""
        if self._app is None and (self._loading is None or self._loading.done()):
            self._loading = asyncio.create_task(asyncio.to_thread(self._load), name="payloom-management")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._app or await self._wait()
        await app(scope, receive, send)

    async def _wait(self) -> ASGIApp:
        self.prepare()
        assert self._loading is not None
        # Who hangs up does not take it from the others that wait for it.
        app = await asyncio.shield(self._loading)
        self._app = app
        return app
