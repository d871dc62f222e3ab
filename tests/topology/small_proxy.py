"""A small HTTP proxy before several servers, as Caddy or nginx would be: asks `/readyz`, tries another server."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import threading
import time
from typing import TYPE_CHECKING

from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

_LARGEST = 1 << 20
CONNECT_WITHIN = 20.0
"""Seconds for which a request that was not sent yet waits for a server that takes it."""


class SmallProxy:
    """Runs in a thread of its own. `responses` counts the statuses that callers got."""

    def __init__(self, ports: Sequence[int]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.responses: collections.Counter[int] = collections.Counter()
        self._ports = list(ports)
        self._ready: set[int] = set()
        self._next = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._started = threading.Event()

    def start(self) -> None:
        """Return once it accepts connections."""
        self._thread.start()
        assert self._started.wait(10)

    def stop(self) -> None:
        """Close it."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self.port))
        watcher = self._loop.create_task(self._watch())
        self._started.set()
        self._loop.run_forever()
        under_way = {watcher, *asyncio.all_tasks(self._loop)}
        for task in under_way:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*under_way, return_exceptions=True))

    async def _watch(self) -> None:
        while True:
            for port in self._ports:
                status, _ = await _ask(port, b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                (self._ready.add if status == 200 else self._ready.discard)(port)
            await asyncio.sleep(0.2)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(
            OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
        ):
            request = await _read_request(reader)
            status, answer = await self._forward(request)
            self.responses[status] += 1
            writer.write(answer or b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async def _forward(self, request: bytes) -> tuple[int, bytes]:
        end = time.monotonic() + CONNECT_WITHIN
        while time.monotonic() < end:
            for port in self._in_turn():
                status, answer = await _ask(port, request)
                if status:
                    return status, answer
            await asyncio.sleep(0.05)
        return 502, b""

    def _in_turn(self) -> list[int]:
        self._next += 1
        ports = [port for port in self._ports if port in self._ready] or self._ports
        at = self._next % len(ports)
        return ports[at:] + ports[:at]


async def _ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Return the status and the whole answer of a server; 0 if it took no connection, 502 if it broke it."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0, b""
    try:
        writer.write(request)
        await writer.drain()
        answer = await reader.read(-1)
    except OSError:
        return 502, b""
    finally:
        writer.close()
    words = answer.split(b" ", 2)
    return (int(words[1]), answer) if len(words) > 2 else (502, b"")


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Return a request that closes its connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n")[:-2] if not line.lower().startswith(b"connection:")]
    lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
    body = await reader.readexactly(min(lengths[0], _LARGEST)) if lengths else b""
    return b"\r\n".join([*lines, b"Connection: close", b"", b""]) + body
