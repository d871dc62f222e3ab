"""A click that comes twice: what begins something anew is not begun twice by the same request.

Most calls have one effect however often they come, because what they change is then changed. Those here make another
run, email or row each time. So the same request of a person is refused for a moment, whichever process gets it. A
program with the admin token may repeat itself.
"""

from __future__ import annotations

import hashlib

from starlette.requests import Request

from payloom.api.http.errors import RepeatedRequest, TooManyRequests
from payloom.api.limits.rate_limit import Counters, SharedLimiter
from payloom.api.management.access.auth import Caller

WITHIN = 2.0
"""Seconds."""
BEGIN_ANEW = frozenset(
    {
        "POST /events/{event_id}/replay",
        "POST /events/replay",
        "POST /runs/{run_id}/fork",
        "POST /workflows/{workflow_id}/run",
        "POST /mails/{mail_id}/resend",
        "POST /accounts/{account_id}/reset-password",
        "POST /tables/{name}/rows",
        "POST /alerts/test",
        "POST /bulk",
    }
)
"""Calls that do it again when they are sent again."""


class Repeats:
    """Remembers what was just asked for."""

    def __init__(self, counters: Counters) -> None:
        """counters: for every process."""
        self._limiter = SharedLimiter("repeat", 1, WITHIN, counters)

    async def refuse(self, request: Request, caller: Caller) -> None:
        """Raise RepeatedRequest if a person asked for the same just now. The body must have been read."""
        route = getattr(request.scope.get("route"), "path", "")
        call = f"{request.method} {route.replace(':path}', '}')}"
        if caller.via != "session" or call not in BEGIN_ANEW:
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
