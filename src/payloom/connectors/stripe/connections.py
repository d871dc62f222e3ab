"""Kept connections to Stripe: HTTP/1.1 on asyncio's own transports, its parser in C. A third of httpx's processor time.

It does what calls to an API need: no redirects, cookies or proxies (see `transport`). Failures are httpx's exceptions,
since their names say whether anything was sent. A call that is canceled closes its connection. What went out on a
connection that is lost is never sent again here: that is for the step, under its idempotency key.
"""

from __future__ import annotations

import asyncio
import collections
import ssl
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import httptools
import httpx

from payloom.kit.clock import monotonic

MOST = 100
"""Connections to one host. Further calls wait for one."""
IDLE = 4.0
"""Seconds after which a connection that nobody uses is closed: servers close theirs after five."""
Answer = tuple[bytes, int, Mapping[str, str]]
"""Body, status, headers."""
_Origin = tuple[bool, str, int]
"""Whether with TLS, host, port."""


class Connections:
    """The connections of one event loop."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """context: for https."""
        self._context = context
        self._idle: dict[_Origin, collections.deque[_Connection]] = {}
        self._open: dict[_Origin, asyncio.Semaphore] = {}

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return the answer, whatever its status. Raises httpx's `TransportError`s."""
        origin, request = _written(method, url, headers, body)
        async with self._open.setdefault(origin, asyncio.Semaphore(MOST)):
            connection = self._kept(origin) or await self._connected(origin)
            answer = await connection.exchange(request)
            if connection.reusable:
                connection.since = monotonic()
                self._idle.setdefault(origin, collections.deque()).append(connection)
            else:
                connection.close()
            return answer

    def close(self) -> None:
        """Close the connections that nobody uses."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def _kept(self, origin: _Origin) -> _Connection | None:
        idle, now = self._idle.get(origin), monotonic()
        while idle and (idle[0].closed or now - idle[0].since > IDLE):
            idle.popleft().close()
        while idle:
            connection = idle.pop()
            if not connection.closed:
                return connection
        return None

    async def _connected(self, origin: _Origin) -> _Connection:
        with_tls, host, port = origin
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                _Connection, host, port, ssl=self._context if with_tls else None
            )
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error
        return connection


def _written(method: str, url: str, headers: Mapping[str, str], body: bytes) -> tuple[_Origin, bytes]:
    """Return where a request goes and its bytes. Raises for what could be read as another request."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise httpx.UnsupportedProtocol(f"no address of Stripe: {parts.scheme}://{parts.netloc}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if any(unquote(segment) in (".", "..") for segment in parts.path.split("/")):
        raise ValueError("the address of a call to Stripe changes on its way")
    if not target.isascii() or any(char <= " " or char == "\x7f" for char in target):
        raise httpx.LocalProtocolError("a sign in the address of a call to Stripe that does not belong there")
    lines = [f"{method.upper()} {target} HTTP/1.1", f"host: {parts.netloc.rpartition('@')[2]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method.upper() not in ("GET", "DELETE"):
        lines.append(f"content-length: {len(body)}")
    if any(char in line for line in lines for char in "\r\n\0"):
        raise httpx.LocalProtocolError("a line break in a header of a call to Stripe")
    head = "\r\n".join([*lines, "", ""]).encode("ascii")
    with_tls = parts.scheme == "https"
    return (with_tls, parts.hostname, parts.port or (443 if with_tls else 80)), head + body


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next."""

    def __init__(self) -> None:
        self.since = 0.0
        self.closed = False
        self.reusable = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._to_the_end = False

    async def exchange(self, request: bytes) -> Answer:
        """Send a request and wait for its answer."""
        assert self._transport is not None
        self.reusable = False
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._waiting
        except BaseException:
            self.close()
            raise
        finally:
            self._waiting = None
            self._begin()

    def close(self) -> None:
        """Close it."""
        self.closed, self.reusable = True, False
        if self._transport is not None:
            self._transport.abort()

    # -- asyncio's --

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # pyright: ignore[reportAttributeAccessIssue] - uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self.close()  # nobody asked
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ValueError) as error:
            self._fail(httpx.RemoteProtocolError(f"the answer is no HTTP: {error}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed, self.reusable = True, False
        if self._to_the_end and exc is None:
            self.on_message_complete()
        self._fail(httpx.ReadError(f"the connection was lost: {exc or 'the other side closed it'}"))

    # -- the parser's --

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        length, coding = self._headers.get("content-length"), self._headers.get("transfer-encoding", "")
        self._to_the_end = length is None and "chunked" not in coding.lower()

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # something on the way, before the answer
            self._headers, self._body = {}, []
            return
        self._to_the_end = False
        if self._waiting is not None and not self._waiting.done():
            self.reusable = not self.closed and self._parser.should_keep_alive()
            self._waiting.set_result((b"".join(self._body), status, httpx.Headers(self._headers)))

    def _fail(self, error: httpx.TransportError) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
