"""Counters and durations for Prometheus in a registry of their own; `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payloom import __version__
from payloom.api.envelope import name_route
from payloom.api.errors import NotAllowed

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
READY_WITHIN = 2.0
Probe = Callable[[], Awaitable[object]]


class Metrics:
    """What is counted."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "payloom_http_requests_total", "Requests", ["route", "method", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "payloom_http_request_seconds", "Duration of requests", ["route"], buckets=_BUCKETS, registry=self.registry
        )
        self.webhooks = Counter("payloom_webhooks_total", "Webhooks by outcome", ["outcome"], registry=self.registry)
        version = Gauge("payloom_info", "Version", ["version"], registry=self.registry)
        version.labels(__version__).set(1)

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests.labels(route, method if method in _METHODS else "OTHER", str(status)).inc()
        self.seconds.labels(route).observe(seconds)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def routes(metrics: Metrics, *, token: SecretStr | None, ready: Probe) -> list[Route]:
    """Return the probes. ready: raises when the server cannot take work (the database does not answer, say)."""

    async def healthz(request: Request) -> Response:
        name_route(request, "/healthz")
        return JSONResponse({"status": "ok", "version": __version__})

    async def readyz(request: Request) -> Response:
        name_route(request, "/readyz")
        try:
            await asyncio.wait_for(ready(), READY_WITHIN)
        except Exception as error:  # noqa: BLE001 - any reason means: not ready
            return JSONResponse({"status": "not ready", "reason": type(error).__name__}, 503)
        return JSONResponse({"status": "ready"})

    async def show(request: Request) -> Response:
        name_route(request, "/metrics")
        _allow(request, token)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show)]


def _is_forwarded(request: Request) -> bool:
    # A proxy on this machine speaks for the whole internet.
    return "forwarded" in request.headers or "x-forwarded-for" in request.headers


def _allow(request: Request, token: SecretStr | None) -> None:
    if token is not None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if hmac.compare_digest(given, token.get_secret_value().encode()):
            return
    elif request.client and request.client.host in {"127.0.0.1", "::1"} and not _is_forwarded(request):
        return
    raise NotAllowed(
        "metrics are read from this machine or with the metrics token",
        hint="Set PAYLOOM_METRICS_TOKEN and send it as a bearer token.",
    )
