"""What changes, as it changes: server-sent events for the studio and for whoever wants to follow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from payloom.api.management.change_stream import ChangeStream, Message
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.answers import LiveEvent
from payloom.kit.clock import monotonic

HEARTBEAT = 15.0
LONGEST = 1800.0
"""Seconds after which a stream ends and the browser asks again: who may listen is looked at then."""


router = APIRouter(tags=["live"])


@router.get("/live", response_class=StreamingResponse, responses={200: {"model": LiveEvent}})
async def listen_live(deps: Dependencies, request: Request) -> Any:
    """Stream changes as server-sent events. `hello` comes first; with `refetch`, the client missed some."""
    missed = request.headers.get("last-event-id") is not None
    return StreamingResponse(
        _stream(deps.changes, missed=missed),
        media_type="text/event-stream",
        headers={"cache-control": "no-cache", "x-accel-buffering": "no"},
    )


async def _stream(live: ChangeStream, *, missed: bool) -> AsyncIterator[str]:
    end = monotonic() + LONGEST
    number = 0
    async with live.listen() as queue:
        yield "retry: 2000\n" + _line(number, {"kind": "hello", "refetch": missed})
        while monotonic() < end:
            try:
                message = await asyncio.wait_for(queue.get(), HEARTBEAT)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            if message is None:
                return
            number += 1
            yield _line(number, message)


def _line(number: int, message: Message) -> str:
    return f"id: {number}\ndata: {json.dumps(message, separators=(',', ':'))}\n\n"
