"""Counters and durations for Prometheus in a registry of their own; `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payloom import __version__
from payloom.api.http.errors import NotAllowed
from payloom.api.http.exposition.shared_metrics import SharedMetrics
from payloom.api.http.middleware import set_route_label
from payloom.db.errors import DatabaseError
from payloom.views.health import HealthReport

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LONG = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 86400)
READY_WITHIN = 2.0
Probe = Callable[[], Awaitable[object]]
Collector = Callable[[], Awaitable[tuple[HealthReport, Mapping[str, int]]]]
"""Returns how the runs are doing, and how many mails there are by status."""


class ServerLeaves(Exception):
    """The server is about to stop, and takes the requests of those alone who do not know it yet."""


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
        self.set_aside = Counter(
            "payloom_events_set_aside_total", "Events that were set aside", ["reason"], registry=self.registry
        )
        self.runs_ended = Counter(
            "payloom_runs_ended_total", "Runs that ended here", ["workflow", "status"], registry=self.registry
        )
        self.run_seconds = Histogram(
            "payloom_run_seconds",
            "From a run's creation to its end",
            ["workflow"],
            buckets=_LONG,
            registry=self.registry,
        )
        self.step_seconds = Histogram(
            "payloom_step_seconds",
            "Attempts of steps that leave the machine",
            ["verb", "outcome"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.runs = Gauge("payloom_runs", "Runs that are not over, and failed ones", ["status"], registry=self.registry)
        self.oldest = Gauge(
            "payloom_queue_oldest_seconds", "How long the oldest ready run has waited", registry=self.registry
        )
        self.in_doubt = Gauge("payloom_steps_in_doubt", "Failed steps with an unknown result", registry=self.registry)
        self.workers = Gauge("payloom_workers", "Processes that advance runs", registry=self.registry)
        self.mails = Gauge("payloom_mails", "Mails that have not left for sure", ["status"], registry=self.registry)
        self.collector: Collector | None = None
        self.shared: SharedMetrics | None = None
        """With several processes on one port: answers for all of them."""
        self._observers: dict[tuple[str, str], Callable[[int, float], None]] = {}
        version = Gauge("payloom_info", "Version", ["version"], registry=self.registry)
        version.labels(__version__).set(1)

    def run_ended(self, workflow: str, status: str, seconds: float) -> None:
        """Count a run that ended in this process."""
        self.runs_ended.labels(workflow, status).inc()
        self.run_seconds.labels(workflow).observe(seconds)

    def step_ended(self, verb: str, outcome: str, seconds: float) -> None:
        """Count an attempt of a step that left the machine."""
        self.step_seconds.labels(verb, outcome).observe(seconds)

    async def exposition(self) -> bytes:
        """Return all samples in Prometheus's format."""
        return generate_latest(self.registry) if self.shared is None else await self.shared.exposition()

    async def refresh(self) -> None:
        """Read the gauges from the database."""
        if self.collector is None:
            return
        health, mails = await self.collector()
        for status, count in health.runs.items():
            self.runs.labels(status).set(count)
        for status, count in mails.items():
            self.mails.labels(status).set(count)
        self.oldest.set(health.oldest)
        self.in_doubt.set(health.in_doubt)
        self.workers.set(health.workers)

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.observer(route, method if method in _METHODS else "OTHER")(status, seconds)

    def observer(self, route: str, method: str) -> Callable[[int, float], None]:
        """Return what counts requests of one route: given the status and the seconds, it looks nothing up twice."""
        if (route, method) not in self._observers:
            self._observers[route, method] = self._make_observer(route, method)
        return self._observers[route, method]

    def _make_observer(self, route: str, method: str) -> Callable[[int, float], None]:
        durations = self.seconds.labels(route)
        by_status: dict[int, Counter] = {}

        def observe(status: int, seconds: float) -> None:
            counter = by_status.get(status)
            if counter is None:
                counter = by_status[status] = self.requests.labels(route, method, str(status))
            counter.inc()
            durations.observe(seconds)

        return observe


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def routes(metrics: Metrics, *, token: SecretStr | None, ready: Probe) -> list[Route]:
    """Return the probes.

    token: opens `/metrics`; None: nothing does. ready: raises when the server cannot take work (the database does not
    answer, say).
    """

    async def healthz(request: Request) -> Response:
        set_route_label(request, "/healthz")
        return JSONResponse({"status": "ok", "version": __version__})

    async def readyz(request: Request) -> Response:
        set_route_label(request, "/readyz")
        try:
            async with asyncio.timeout(READY_WITHIN):
                await ready()
        except Exception as error:  # noqa: BLE001 - any reason means: not ready
            return JSONResponse({"status": "not ready", "reason": type(error).__name__}, 503)
        return JSONResponse({"status": "ready"})

    async def show(request: Request) -> Response:
        set_route_label(request, "/metrics")
        _allow(request, token)
        with contextlib.suppress(DatabaseError):  # the rest can be told all the same
            async with asyncio.timeout(READY_WITHIN):
                await metrics.refresh()
        return Response(await metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", show)]


def _allow(request: Request, token: SecretStr | None) -> None:
    if token is not None:
        sent = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if hmac.compare_digest(sent, token.get_secret_value().encode()):
            return
    raise NotAllowed(
        "metrics are read with the metrics token, in development without one with the admin token",
        hint="Set PAYLOOM_METRICS_TOKEN and send it as a bearer token.",
    )
