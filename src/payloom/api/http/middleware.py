"""Around every request: an id, the host check, security headers, counting, and an answer to every error.

Plain ASGI, as it stands in the way of every request but webhooks, which bring their own (`payloom.api.webhook`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payloom.api.http.client_address import ProxyWatch
from payloom.api.http.errors import BadRequest, WrongHost, error_body, headers_of, internal_body
from payloom.api.http.same_origin import host_name
from payloom.api.http.security_headers import CLOSED_POLICY, base_headers
from payloom.kit.clock import monotonic
from payloom.kit.errors import PayloomError
from payloom.kit.ids import new_id
from payloom.kit.secrets.redaction import redact_text

log = structlog.get_logger("payloom.http")

Observe = Callable[[str, str, int, float], None]
"""Told route, method, status and seconds of each request."""

ANY_HOST = ("/api/stripe/webhook", "/healthz", "/readyz", "/metrics")
"""Stripe and probes may reach the machine under another name."""


class ErrorPages(Protocol):
    """Draws errors for people."""

    def render_error(self, request: Request, error: PayloomError | None, request_id: str) -> Awaitable[Response]:
        """Return a page for `error`, or for an internal error if it is None."""
        ...


class RequestMiddleware:
    """The outermost layer of the server."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        strict_transport: str | None,
        observe: Observe,
        pages: ErrorPages,
        proxies: ProxyWatch,
    ) -> None:
        """Wrap `app`. hosts: names it answers for, in lower case. strict_transport: see `base_headers`."""
        self.proxies = proxies
        self.app = app
        self.hosts = hosts
        self.strict_transport = strict_transport
        self.observe = observe
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.proxies.look(scope)
        request_id = new_id("req")
        scope.setdefault("state", {})["request_id"] = request_id
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = monotonic()
        status = 500
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                begun = True
                status = message["status"]
                headers = response_headers(message["headers"], strict_transport=self.strict_transport)
                if 300 <= status < 400:
                    headers = _without_own_host(scope, headers)
                message["headers"] = [*headers, (b"payloom-request-id", request_id.encode())]
            await send(message)

        try:
            self._check_host(scope)
            await self.app(scope, receive, send_with_headers)
        except Exception as error:  # the last stop: everything becomes an answer
            if begun:
                log.exception("answer_broken_off", request_id=request_id)
                raise
            response = await self._answer(Request(scope, receive), error, request_id)
            await response(scope, receive, send_with_headers)
        finally:
            route = scope.get("state", {}).get("route") or "other"
            self.observe(route, scope["method"], status, monotonic() - started)

    def _check_host(self, scope: Scope) -> None:
        if scope["path"] in ANY_HOST:
            return
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1:
            # A proxy may have read the other one (RFC 9112, section 3.2).
            raise BadRequest("the request has more than one Host header")
        host = hosts[0] if hosts else ""
        if host_name(host) not in self.hosts:
            raise WrongHost(
                f"this server does not answer for the host {host[:100]!r}",
                hint="Open it under its site_url, or set site_url in payloom.yaml.",
            )

    async def _answer(self, request: Request, error: Exception, request_id: str) -> Response:
        status, body, headers = error_response(error, request_id, request.method, request.url.path)
        if accepts_html(request):
            try:
                return await self.pages.render_error(
                    request, error if isinstance(error, PayloomError) else None, request_id
                )
            except Exception:  # a broken error page must not hide the error
                log.exception("error_page_failed", request_id=request_id)
        return JSONResponse(body, status, headers=dict(headers))


def response_headers(
    headers: Iterable[tuple[bytes, bytes]], *, strict_transport: str | None
) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that every answer carries, but for the request's id."""
    pairs = list(headers)
    names = {name for name, _ in pairs}
    pairs += [pair for pair in (base_headers(strict_transport)) if pair[0] not in names]
    if b"content-security-policy" not in names:
        pairs.append((b"content-security-policy", CLOSED_POLICY.encode()))
    if b"cache-control" not in names:
        pairs.append((b"cache-control", b"no-store"))
    return pairs


def _without_own_host(scope: Scope, headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers with a redirect within this site as a path: the Host that a request names may be another's."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    own = tuple(b"%s://%s/" % (scheme, host) for scheme in (b"http", b"https") for host in hosts)
    return [
        (name, b"/" + value.split(b"/", 3)[3].lstrip(b"/"))
        if name == b"location" and value.startswith(own)
        else (name, value)
        for name, value in headers
    ]


def error_response(
    error: Exception, request_id: str, method: str, path: str
) -> tuple[int, dict[str, Any], Mapping[str, str]]:
    """Return status, body and headers of the answer to an error, and log it if it is ours: a bug with its traceback."""
    known = error if isinstance(error, PayloomError) else None
    if known is None or known.status >= 500:
        log.error(
            "request_failed",
            request_id=request_id,
            method=method,
            path=redact_text(path),
            error=redact_text(str(error)),
            exc_info=None if known else error,
        )
    if known is None:
        return 500, internal_body(request_id), {}
    return known.status, error_body(known, request_id), headers_of(known)


def accepts_html(request: Request) -> bool:
    """Tell whether a person's browser asks, rather than a program."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def request_id_of(request: Request) -> str:
    """Return the id of the request, as its answer carries it."""
    return request.scope["state"]["request_id"]


def set_route_label(request: Request, route: str) -> None:
    """Name the request for the metrics: a pattern, never an address with ids in it."""
    request.scope["state"]["route"] = route
