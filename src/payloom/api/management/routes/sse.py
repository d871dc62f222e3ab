"""Changes as they happen: server-sent events for the studio and other clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from payloom.api.management.access.auth import caller_of
from payloom.api.management.change_stream import ChangeStream, Message
from payloom.api.management.injection import Auth, Dependencies
from payloom.api.management.models.answers import LiveEvent
from payloom.kit.clock import monotonic
from payloom.kit.errors import PayloomError

HEARTBEAT = 15.0
"""Seconds between two looks at who listens: a stream ends that long after the role or the session at the latest."""
LONGEST = 1800.0
"""Seconds after which a stream ends and the browser asks again."""

MayGoOn = Callable[[], Awaitable[bool]]

router = APIRouter(tags=["live"])


@router.get("/live", response_class=StreamingResponse, responses={200: {"model": LiveEvent}})
async def listen_live(deps: Dependencies, auth: Auth, request: Request) -> Any:
    """Stream changes as server-sent events. `hello` comes first; with `refetch`, the client missed some."""
    missed = request.headers.get("last-event-id") is not None

    async def may_go_on() -> bool:
        try:
            await auth.again(request)
        except PayloomError:
            return False
        return True

    return StreamingResponse(
        _stream(deps.changes, may_go_on, caller_of(request).by, missed=missed),
        media_type="text/event-stream",
        headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
    )


async def _stream(live: ChangeStream, may_go_on: MayGoOn, listener: str, *, missed: bool) -> AsyncIterator[str]:
    now = monotonic()
    end, look = now + LONGEST, now + HEARTBEAT
    number = 0
    async with live.listen(listener) as queue:
        yield "retry: 2000\n" + _line(number, {"kind": "hello", "refetch": missed})
        while (now := monotonic()) < end:
            if now >= look:
                if not await may_go_on():
                    return
                look = monotonic() + HEARTBEAT
                yield ": still here\n\n"
            try:
                async with asyncio.timeout(max(0.0, look - monotonic())):
                    message = await queue.get()
            except TimeoutError:
                continue
            if message is None:
                return
            number += 1
            yield _line(number, message)


def _line(number: int, message: Message) -> str:
    return f"id: {number}\ndata: {json.dumps(message, separators=(',', ':'))}\n\n"
