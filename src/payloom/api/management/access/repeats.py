"""A click that comes twice: what begins something anew is not begun twice by the same request.

Most calls have one effect however often they come, because what they change is then changed. Those that are marked
make another run, email or row each time. So the same request of a person is refused for a moment, whichever process
gets it. A program with the admin token may repeat itself. The mark is an extension of the OpenAPI document.
"""

from __future__ import annotations

import hashlib
from typing import Any

from starlette.requests import Request

from payloom.api.http.errors import RepeatedRequest, TooManyRequests
from payloom.api.limits.rate_limit import Counters, SharedLimiter
from payloom.api.management.access.auth import Caller
from payloom.api.management.access.marks import marks_of

WITHIN = 2.0
"""Seconds."""
KEY = "x-repeat"


def begins_anew() -> dict[str, Any]:
    """Mark a route that does it again when it is called again."""
    return {KEY: "refused"}


def is_begun_anew(route: Any) -> bool:
    """Whether a route does it again when it is called again."""
    return KEY in marks_of(route)


class Repeats:
    """Remembers what was just asked for."""

    def __init__(self, counters: Counters) -> None:
        """counters: for every process."""
        self._limiter = SharedLimiter("repeat", 1, WITHIN, counters)

    async def refuse(self, request: Request, caller: Caller) -> None:
        """Raise RepeatedRequest if a person asked for the same just now. The body must have been read."""
        if caller.via != "session" or not is_begun_anew(request.scope.get("route")):
            return
        request_hash = hashlib.sha256(
            f"{caller.by}\n{request.method} {request.url.path}?{request.url.query}\n".encode()
        )
        request_hash.update(request.scope["state"].get("body", b""))
        key = request_hash.hexdigest()
        try:
            await self._limiter.check(key)
        except TooManyRequests as error:
            seconds = error.data["retry_after"]
            raise RepeatedRequest(
                hint=f"Look at what it did. To do it once more, ask again in {seconds} seconds.", retry_after=seconds
            ) from None
        request.scope["state"]["begun"] = key

    async def forget(self, request: Request) -> None:
        """Let what was refused for another reason be asked for again at once."""
        if (key := request.scope["state"].pop("begun", None)) is not None:
            await self._limiter.give_back(key)
