"""All routes of the server, in the order in which they are tried, and the envelope around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from payloom.api import static_files, studio_files
from payloom.api.accounts import AccountRoutes
from payloom.api.approvals import ApprovalRoutes
from payloom.api.endpoints import Endpoints
from payloom.api.http import metrics as probes
from payloom.api.http.current_user import Visitors
from payloom.api.http.errors import BadRequest, NoSuchRoute, WrongMethod
from payloom.api.http.metrics import Metrics, Probe
from payloom.api.http.middleware import Envelope
from payloom.api.http.request_body import MAX_MANAGED, Limited
from payloom.api.management.dependencies import Parts as ManagementParts
from payloom.api.management.lazy_app import PREFIX, Management
from payloom.api.page_routes import Site
from payloom.api.webhook import Webhook
from payloom.auth.decision_links import DecisionLinks
from payloom.settings.model import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class ServerParts:
    """What the routes work with. ready: raises while the server cannot take work."""

    settings: Settings
    assets: Path
    visitors: Visitors
    site: Site
    management: ManagementParts
    metrics: Metrics
    decisions: DecisionLinks
    ready: Probe


class Server(Starlette):
    """The application: deliveries of webhooks past everything, all else through the envelope to the routes."""

    def __init__(self, parts: ServerParts, lifespan: Any) -> None:
        """Build routes and envelope."""
        management = parts.management
        self._webhook = Webhook(management.inbox, management.runs, parts.metrics, https=parts.settings.secure_cookies)
        super().__init__(routes=_routes(parts, self._webhook.route()), lifespan=lifespan)
        _wrap(self, parts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._webhook.wants(scope):
            await self._webhook(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _routes(parts: ServerParts, webhook: Route) -> Sequence[BaseRoute]:
    """Return the routes: probes, webhook, accounts, management, the user's endpoints, static files, pages."""
    settings, management = parts.settings, parts.management
    accounts = AccountRoutes(parts.visitors, parts.site, settings.origin, management.counters)
    endpoints = Endpoints(
        lambda: management.workbench.served,
        management.runs,
        parts.visitors,
        origin=settings.origin,
        open_errors=settings.is_dev,
        counters=management.counters,
        own={route.path: min(route.methods or {"GET"}) for route in [webhook, *accounts.routes()]},
    )
    approvals = ApprovalRoutes(parts.decisions, management, parts.site, settings.origin)
    managed = Management(lambda: _management(parts))
    return [
        *probes.routes(parts.metrics, token=settings.metrics_token, ready=parts.ready),
        webhook,
        *accounts.routes(),
        *approvals.routes(),
        Mount(PREFIX, Limited(managed, MAX_MANAGED)),
        endpoints.route(),
        *static_files.routes(parts.assets, settings.stripe),
        *studio_files.routes(opened=managed.prepare),
        *parts.site.routes(),
    ]


def _management(parts: ServerParts) -> ASGIApp:
    from payloom.api.management.app import create_management  # noqa: PLC0415
    from payloom.api.management.identity.access import Gate  # noqa: PLC0415 - see payloom.api.management.lazy_app

    gate = Gate(parts.visitors, parts.settings.admin_token, parts.settings.origin, parts.management.counters)
    return create_management(parts.management, gate)


def _wrap(app: Starlette, parts: ServerParts) -> None:
    """Put the envelope around the application: ids, host check, headers, and an answer to every error."""
    settings = parts.settings
    app.add_middleware(
        Envelope,
        hosts=settings.allowed_hosts,
        https=settings.secure_cookies,
        observe=parts.metrics.observe,
        pages=parts.site,
    )
    app.add_exception_handler(HTTPException, _as_ours)


async def _as_ours(request: Request, error: Any) -> Response:
    if error.status_code == 405:
        allow = [part.strip() for part in (error.headers or {}).get("Allow", "").split(",") if part.strip()]
        raise WrongMethod(f"{request.url.path[:200]} does not take {request.method}", allow=allow)
    if error.status_code == 404:
        raise NoSuchRoute(f"there is nothing at {request.url.path[:200]}")
    raise BadRequest(str(error.detail))
