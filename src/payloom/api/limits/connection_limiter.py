"""Limits how many connections are open, and ends those that are too slow.

One timer checks all connections about once a second, and only while there are any, so that no request needs a timer of
its own. `limits.uvicorn_protocols` knows the state of each connection.
"""

from __future__ import annotations

import asyncio
import collections
import http
import json
from collections.abc import Container, Mapping
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

from payloom.api.http.client_address import address_key, is_own_address
from payloom.api.http.errors import (
    ApiError,
    BadRequest,
    HeadTooLarge,
    RequestTooSlow,
    TooManyConnections,
    error_body,
    headers_of,
)
from payloom.api.http.middleware import response_headers
from payloom.kit.clock import monotonic
from payloom.settings.model import ConnectionSettings

log = structlog.get_logger("payloom.connections")

BODY_RATE = 8 * 1024
"""Bytes a second: each second's worth of a body that has come earns it a second more."""
_LOG_EVERY = 100
_CLOSING_SECONDS = 2.0
"""What a slow request has left when the server is to stop."""
_LINGER_SECONDS = 1.0
_LINGERING = 100


class TimedConnection(Protocol):
    """A connection with its deadlines."""

    def check_deadlines(self, now: float) -> None:
        """End it if it takes too long. `now`: monotonic seconds."""
        ...


class ConnectionLimiter:
    """Counts connections, per address and in all, and looks at them from time to time."""

    def __init__(
        self, limits: ConnectionSettings, registry: CollectorRegistry, *, strict_transport: str | None
    ) -> None:
        """Register the metrics in `registry`. strict_transport: see `base_headers`."""
        self.limits = limits
        self.most = limits.total
        self.answers: Mapping[str, bytes] = {
            error.code: raw_response(error, strict_transport=strict_transport)
            for error in (
                TooManyConnections(hint="Try again in a moment."),
                RequestTooSlow(hint="Send it faster, or try again."),
                HeadTooLarge(hint="Send fewer or shorter headers; a cookie may have grown too large."),
                BadRequest("this is not HTTP as the server understands it"),
            )
        }
        """Whole answers for connections whose request never reaches the application, by error code."""
        self._open: set[TimedConnection] = set()
        self._per_address: collections.Counter[str] = collections.Counter()
        self._lingering = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._counts: collections.Counter[str] = collections.Counter()
        self._refused = Counter(
            "payloom_connections_refused_total", "Connections not taken", ["reason"], registry=registry
        )
        self._cut = Counter(
            "payloom_connections_cut_total", "Connections ended by the server", ["reason"], registry=registry
        )
        Gauge("payloom_connections", "Open connections", registry=registry).set_function(lambda: len(self._open))

    @property
    def head_seconds(self) -> float:
        """How long a request's head may take."""
        return min(self.limits.head_seconds, _CLOSING_SECONDS) if self._closing else self.limits.head_seconds

    @property
    def body_seconds(self) -> float:
        """How long a body may take before what has come of it counts, and how long an answer may stay untaken."""
        return min(self.limits.body_seconds, _CLOSING_SECONDS) if self._closing else self.limits.body_seconds

    def admit(self, connection: TimedConnection, address: str, trusted: Container[str]) -> tuple[bool, str | None]:
        """Return whether the connection may stay, and the address under which it counts, which `leave` wants back.

        trusted: the proxies whose headers count. They, and programs on this machine, speak for many and are counted in
        all only.
        """
        if len(self._open) >= self.most:
            self._refuse("full", address, "Every connection counts that is open; see `connections.total`.")
            return False, None
        key = None
        if self.limits.per_address and not (is_own_address(address) or address in trusted):
            key = address_key(address)
            if self._per_address[key] >= self.limits.per_address:
                self._refuse("address", address, "If this is your own proxy, name it in `trusted_proxies`.")
                return False, None
            self._per_address[key] += 1
        self._open.add(connection)
        if self._timer is None:
            self._schedule_check()
        return True, key

    def release(self, connection: TimedConnection, key: str | None) -> None:
        """Forget a connection that was let in."""
        self._open.discard(connection)
        if key is not None:
            self._per_address[key] -= 1
            if self._per_address[key] <= 0:
                del self._per_address[key]

    def evict(self, transport: asyncio.Transport) -> None:
        """Answer a connection that was not let in, and give it a moment to read why."""
        transport.set_protocol(_Lingering())
        if self._lingering >= _LINGERING:
            transport.abort()
            return
        self._lingering += 1
        transport.write(self.answers[TooManyConnections.code])
        if transport.can_write_eof():
            transport.write_eof()
        asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._close_evicted, transport)

    def cut(self, reason: str, address: str | None) -> None:
        """Count a connection that is being ended, and log one in a hundred."""
        self._cut.labels(reason).inc()
        self._log_sampled("connection_cut", reason, address)

    def close(self) -> None:
        """Give slow connections two seconds to finish, because the server stops."""
        self._closing = True

    def _refuse(self, reason: str, address: str, hint: str) -> None:
        self._refused.labels(reason).inc()
        self._log_sampled("connection_refused", reason, address, hint=hint)

    def _log_sampled(self, event: str, reason: str, address: str | None, **more: str) -> None:
        # A flood of connections must not become a flood of log lines; the counters have them all.
        self._counts[reason] += 1
        if self._counts[reason] % _LOG_EVERY == 1:
            log.warning(event, reason=reason, address=address, so_far=self._counts[reason], **more)

    def _close_evicted(self, transport: asyncio.Transport) -> None:
        self._lingering -= 1
        transport.abort()

    def _schedule_check(self) -> None:
        shortest = min(self.head_seconds, self.body_seconds)
        self._timer = asyncio.get_running_loop().call_later(min(max(shortest / 8, 0.05), 1.0), self._check_all)

    def _check_all(self) -> None:
        self._timer = None
        if not self._open:
            return
        self._schedule_check()
        now = monotonic()
        for connection in list(self._open):
            connection.check_deadlines(now)


class _Lingering(asyncio.Protocol):
    """Reads nothing more from a connection that is being closed."""


def raw_response(error: ApiError, *, strict_transport: str | None) -> bytes:
    """Return an error as the bytes of a whole HTTP answer after which the connection ends."""
    body = json.dumps(error_body(error), separators=(",", ":")).encode()
    more = [(name.encode(), value.encode()) for name, value in headers_of(error).items()]
    headers = response_headers(
        [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            *more,
        ],
        strict_transport=strict_transport,
    )
    lines = [f"HTTP/1.1 {error.status} {http.HTTPStatus(error.status).phrase}".encode()]
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join([*lines, b"", body])
