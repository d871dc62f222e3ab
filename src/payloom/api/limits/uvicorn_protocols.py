"""Uvicorn's two HTTP protocols with a `ConnectionLimiter`: limits on heads, bodies, fields and pipelined requests.

Uvicorn itself waits without a limit for a head or a body, accepts heads of any size (httptools) and keeps any number of
pipelined requests in memory. Requests that this module answers never reach the application.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from payloom.api.http.errors import ApiError, BadRequest, HeadTooLarge, RequestTooSlow
from payloom.api.limits.connection_limiter import BODY_RATE, ConnectionLimiter
from payloom.api.limits.framing import ambiguity, size
from payloom.kit.clock import monotonic

try:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
except ImportError:  # no wheel for this machine
    HttpToolsProtocol = None

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope
    from uvicorn.protocols.http.h11_impl import RequestResponseCycle

    # The mixin below is written against what both protocols have.
    _Base = H11Protocol
else:
    _Base = object

Parser = Literal["auto", "httptools", "h11"]

MAX_HEAD = 64 * 1024
"""Bytes of a request's first line and headers."""
MAX_FIELDS = 200
"""Header fields of a request."""
MAX_AHEAD = 16
"""Requests that may wait behind the one that is being answered, on the same connection."""
FIRST_REQUEST = 1.0
"""Seconds that a new connection has for its first request when the server stops."""
_NOISE = ("Invalid HTTP request received.", "Unsupported upgrade request.", "No supported WebSocket library")

_HEAD, _BODY, _ANSWER, _IDLE, _LEAVING = "head", "body", "answer", "idle", "leaving"


def limited_protocol(limiter: ConnectionLimiter, parser: Parser = "auto") -> type[asyncio.Protocol]:
    """Return the protocol class to give to uvicorn as `http`. auto: httptools where it is installed."""
    kind = H11 if parser == "h11" or HttpTools is None else HttpTools
    return cast("type[asyncio.Protocol]", type(kind.__name__, (kind,), {"limiter": limiter}))


def silence_bad_request_logs(name: str = "uvicorn.error") -> None:
    """Drop uvicorn's log line for each bad request: the limiter counts them and logs one in a hundred."""
    logging.getLogger(name).addFilter(_is_worth_logging)


def _is_worth_logging(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_NOISE)


class _LimitedConnection(_Base):
    """What both protocols do beside uvicorn's own."""

    limiter: ClassVar[ConnectionLimiter]
    received = 0
    """Bytes that this connection has received."""
    _doing = _HEAD
    _over: object = None
    _unsent: int = 0

    @property
    def _current(self) -> RequestResponseCycle | None:
        """The request at hand, if there is one; uvicorn's own annotation forgets that there may be none."""
        return cast("RequestResponseCycle | None", self.cycle)

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin, if the limiter admits the connection."""
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        trusted: Container[str] = getattr(cast("Any", self.config).loaded_app, "trusted_hosts", ())
        welcome, self._key = self.limiter.admit(self, self._address, trusted)
        if not welcome:
            self.limiter.evict(transport)
            return
        # What it was doing when it was looked at last, over which request, since when, and how many bytes had come.
        self._doing, self._over, self._since, self._had = _HEAD, None, monotonic(), 0
        self._unsent = 0
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.limiter.release(self, self._key)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """End after the request at hand. A connection that just came has a moment for its first request."""
        end = super().shutdown
        if self._current is None and not self.transport.is_closing():
            # The client may have sent it already: to close now would lose it.
            self.loop.call_later(FIRST_REQUEST, end)
        else:
            end()

    def check_deadlines(self, now: float) -> None:
        """End it if it takes too long. `now`: monotonic seconds."""
        doing, over = self._state(), self._current
        if doing != self._doing or over is not self._over:
            self._doing, self._over, self._since, self._had = doing, over, now, self.received
            self._unsent = self.transport.get_write_buffer_size()
            return
        waited = now - self._since
        if doing == _HEAD:
            if waited > self.limiter.head_seconds:
                self._end("slow_head", RequestTooSlow if self._head_has_begun() else None)
        elif doing == _BODY:
            if waited > self.limiter.body_seconds + (self.received - self._had) / BODY_RATE:
                self._end("slow_body", RequestTooSlow)
        else:
            self._check_response(now, waited)

    def _check_response(self, now: float, waited: float) -> None:
        unsent: int = self.transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._since = unsent, now
        elif waited > self.limiter.body_seconds:
            self.limiter.cut("slow_reader", self._address)
            self.transport.abort()

    def _state(self) -> str:
        if self.transport.is_closing():
            return _LEAVING
        cycle = self._current
        if cycle is None:
            return _HEAD
        if cycle.response_complete:
            # Uvicorn ends idle connections itself. It stops counting at the first byte of what comes next.
            return _IDLE if self.timeout_keep_alive_task is not None else _HEAD
        if cycle.more_body and not cycle.waiting_for_100_continue and not self.flow.read_paused:
            return _BODY
        return _ANSWER

    def _head_has_begun(self) -> bool:
        """Whether a part of a head has come: each parser knows its own."""
        raise NotImplementedError

    def _answering_earlier(self) -> bool:
        """Whether an answer to an earlier request than the newest is under way."""
        return False

    def _end(self, reason: str, error: type[ApiError] | None) -> None:
        """End the connection, with an answer if nothing of one has been sent for the request at hand."""
        self.limiter.cut(reason, self._address)
        cycle = self._current
        begun = False
        if cycle is not None and not cycle.response_complete:
            # So that the application notices that the client is gone.
            cycle.disconnected = True
            cycle.message_event.set()
            begun = cycle.response_started or self._answering_earlier()
        if error is not None and not begun and not self.transport.is_closing():
            self.transport.write(self.limiter.answers[error.code])
        self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Answer what could not be parsed."""
        cycle = self._current
        if cycle is not None and not cycle.response_complete and not cycle.more_body:
            # What follows a whole request is wrong. That one is answered; then it is over.
            cycle.keep_alive = False
            self.flow.pause_reading()
            return
        error = self._what_is_wrong()
        self._end(error.code, error)

    def _what_is_wrong(self) -> type[ApiError]:
        return BadRequest


class H11(_LimitedConnection, H11Protocol):
    """The protocol in pure Python."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what uvicorn gives."""
        super().__init__(*args, **kwargs)
        self.conn = _Parser(h11.SERVER, MAX_HEAD)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        self.received += len(data)
        super().data_received(data)

    def _head_has_begun(self) -> bool:
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _what_is_wrong(self) -> type[ApiError]:
        return HeadTooLarge if getattr(self.conn, "hint", 400) == 431 else BadRequest


class _Parser(h11.Connection):
    """Knows a limit on fields, and keeps the status that h11 has in mind for what is wrong."""

    hint = 400

    def next_event(self) -> Any:
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            self.hint = error.error_status_hint
            raise
        if isinstance(event, h11.Request):
            if len(event.headers) > MAX_FIELDS or size(event.target, event.headers) > MAX_HEAD:
                self.hint = 431
                raise h11.RemoteProtocolError("the head is too large", error_status_hint=431)
            if wrong := ambiguity(event.target, event.http_version.decode(), list(event.headers)):
                raise h11.RemoteProtocolError(wrong)
        return event


HttpTools: type[asyncio.Protocol] | None = None
if HttpToolsProtocol is not None:

    class _HttpTools(_LimitedConnection, HttpToolsProtocol):  # type: ignore[misc] - the mixin's base is h11's for the checker only
        """The protocol around httptools, in C."""

        _partial = 0
        """Bytes that have come of a head which is not whole yet."""
        _chunk = 0
        _oversized = False

        def data_received(self, data: bytes) -> None:
            """Take what has come."""
            size = self._chunk = len(data)
            self.received += size
            super().data_received(data)
            if self._head_has_begun():
                self._partial += size
                if self._partial > MAX_HEAD and not self.transport.is_closing():
                    self._oversized = True
                    self.send_400_response("")

        def on_headers_complete(self) -> None:
            """Take a whole head, unless it is too large or too many were sent ahead."""
            may_be_large = self._partial + self._chunk > MAX_HEAD
            if len(self.headers) > MAX_FIELDS or (may_be_large and size(self.url, self.headers) > MAX_HEAD):
                self._oversized = True
                raise HeadTooLarge
            if len(self.pipeline) >= MAX_AHEAD:
                raise BadRequest
            version = cast("Any", self.parser).get_http_version()
            if wrong := ambiguity(self.url, version, self.headers):
                raise BadRequest(wrong)
            self._partial = 0
            super().on_headers_complete()

        def _head_has_begun(self) -> bool:
            scope, cycle = cast("HTTPScope | None", self.scope), self._current
            return scope is not None and (cycle is None or cycle.scope is not scope)

        def _answering_earlier(self) -> bool:
            return bool(self.pipeline)

        def _what_is_wrong(self) -> type[ApiError]:
            return HeadTooLarge if self._oversized else BadRequest

    HttpTools = _HttpTools
