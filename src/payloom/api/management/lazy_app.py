"""Where the management API is, and its making: only when somebody asks, as most servers run for weeks without a studio.

FastAPI, the models of all answers and what checks drafts take half a second to load and more than ten megabytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/api/_payloom"
SIGN_IN_PATH = "/studio/sign-in"


class Management:
    """The application behind PREFIX, made in a thread when it is first asked."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        """make: loads and returns the application."""
        self._make = make
        self._made: ASGIApp | None = None
        self._making: asyncio.Task[ASGIApp] | None = None

    def prepare(self) -> None:
        """Begin to make it, as it will be asked soon."""
        if self._made is None and (self._making is None or self._making.done()):
            self._making = asyncio.create_task(asyncio.to_thread(self._make), name="payloom-management")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        made = self._made or await self._wait()
        await made(scope, receive, send)

    async def _wait(self) -> ASGIApp:
        self.prepare()
        assert self._making is not None
        # Who hangs up does not take it from the others that wait for it.
        made = await asyncio.shield(self._making)
        self._made = made
        return made
