"""All routes of the server, in the order in which they are tried, and the middleware around them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from payloom.api import static_files, studio_files
from payloom.api.account.context import AccountContext
from payloom.api.account.own_factors import OwnFactorRoutes
from payloom.api.account.recovery import RecoveryRoutes
from payloom.api.account.second_factor import SecondFactorRoutes
from payloom.api.account.sessions import SessionRoutes
from payloom.api.accounts import AccountRoutes
from payloom.api.approvals import ApprovalRoutes
from payloom.api.endpoints import Endpoints
from payloom.api.http import metrics as probes
from payloom.api.http.client_address import ProxyWatch
from payloom.api.http.current_user import SessionAuth
from payloom.api.http.errors import BadRequest, NoSuchRoute, WrongMethod
from payloom.api.http.metrics import Metrics, Probe
from payloom.api.http.middleware import RequestMiddleware
from payloom.api.http.request_body import MAX_MANAGED, Limited
from payloom.api.limits.rate_limit import Counters
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.lazy_app import PREFIX, LazyManagementApp
from payloom.api.page_routes import CurrentPages, PageRoutes
from payloom.api.passwords import PasswordRoutes
from payloom.api.webhook import Webhook
from payloom.auth.decision_links import DecisionLinks
from payloom.db.database import Database
from payloom.inbox.service import Inbox
from payloom.project.publisher import ProjectPublisher
from payloom.runs.service import RunService
from payloom.settings.model import Settings


@dataclasses.dataclass(frozen=True, slots=True)
class ServerDependencies:
    """What the public routes work with. `management`: what the management API works with, apart from these.

    assets: the folder of the pages' files. ready: raises while the server cannot accept requests.
    """

    settings: Settings
    assets: Path
    session_auth: SessionAuth
    page_routes: PageRoutes
    metrics: Metrics
    decisions: DecisionLinks
    inbox: Inbox
    runs: RunService
    publisher: ProjectPublisher
    database: Database
    counters: Counters
    ready: Probe
    account: AccountContext
    management: ManagementDependencies


class Server(Starlette):
    """The application: it serves webhooks first; everything else passes the middleware and the routes."""

    def __init__(self, dependencies: ServerDependencies, lifespan: Any) -> None:
        """Build the routes and the middleware."""
        strict_transport = dependencies.settings.strict_transport
        self._webhook = Webhook(
            dependencies.inbox, dependencies.runs, dependencies.metrics, strict_transport=strict_transport
        )
        super().__init__(routes=_routes(dependencies, self._webhook.route()), lifespan=lifespan)
        _add_middleware(self, dependencies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if self._webhook.matches(scope):
            await self._webhook(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def _routes(dependencies: ServerDependencies, webhook: Route) -> Sequence[BaseRoute]:
    """Return the routes: probes, webhook, accounts, management, the user's endpoints, static files, pages."""
    settings, publisher, counters = dependencies.settings, dependencies.publisher, dependencies.counters
    audit = dependencies.management.audit
    accounts = AccountRoutes(dependencies.account)
    passwords = PasswordRoutes(dependencies.session_auth, dependencies.page_routes, settings.origin, counters, audit)
    own_routes = [
        *accounts.routes(),
        *passwords.routes(),
        *RecoveryRoutes(dependencies.account).routes(),
        *SessionRoutes(dependencies.account).routes(),
        *SecondFactorRoutes(dependencies.account).routes(),
        *OwnFactorRoutes(dependencies.account).routes(),
    ]
    endpoints = Endpoints(
        lambda: publisher.published,
        dependencies.runs,
        dependencies.session_auth,
        origin=settings.origin,
        in_dev=settings.is_dev,
        counters=counters,
        audit=audit,
        guest_rate=settings.guest_rate,
        own={route.path: min(route.methods or {"GET"}) for route in [webhook, *own_routes]},
    )
    approvals = ApprovalRoutes(
        dependencies.decisions,
        dependencies.page_routes,
        settings.origin,
        database=dependencies.database,
        runs=dependencies.runs,
        accounts=dependencies.session_auth.accounts,
        audit=audit,
    )
    management = LazyManagementApp(lambda: _create_management(dependencies.management))
    return [
        *probes.routes(dependencies.metrics, token=settings.token_of_metrics, ready=dependencies.ready),
        webhook,
        *own_routes,
        *approvals.routes(),
        Mount(PREFIX, Limited(management, MAX_MANAGED)),
        endpoints.route(),
        *static_files.routes(dependencies.assets, settings.stripe),
        *studio_files.routes(opened=management.prepare),
        CurrentPages(dependencies.page_routes),
    ]


def _create_management(dependencies: ManagementDependencies) -> ASGIApp:
    from payloom.api.management.app import create_management  # noqa: PLC0415 - see payloom.api.management.lazy_app

    return create_management(dependencies)


def _add_middleware(app: Starlette, dependencies: ServerDependencies) -> None:
    """Put the middleware around the application: request ids, host check, headers, and an answer to every error."""
    settings = dependencies.settings
    app.add_middleware(
        RequestMiddleware,
        hosts=settings.allowed_hosts,
        strict_transport=settings.strict_transport,
        observe=dependencies.metrics.observe,
        pages=dependencies.page_routes,
        proxies=ProxyWatch(named=bool(settings.trusted_proxies)),
    )
    app.add_exception_handler(HTTPException, _convert_http_error)


async def _convert_http_error(request: Request, error: Any) -> Response:
    if error.status_code == 405:
        headers: Mapping[str, str] = error.headers or {}
        allow = [part.strip() for part in headers.get("Allow", "").split(",") if part.strip()]
        raise WrongMethod(f"{request.url.path[:200]} does not take {request.method}", allow=allow)
    if error.status_code == 404:
        raise NoSuchRoute(f"there is nothing at {request.url.path[:200]}")
    raise BadRequest(str(error.detail))
