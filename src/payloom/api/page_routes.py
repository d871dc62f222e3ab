"""Serves the project's pages: who may see them, their rows, their template, and errors people can read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import structlog
from jinja2.exceptions import TemplateError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from payloom.api.http.current_user import SessionAuth, as_user
from payloom.api.http.errors import NoSuchRoute, NotSignedIn, headers_of
from payloom.api.http.middleware import set_route_label
from payloom.api.http.security_headers import new_nonce, page_policy
from payloom.auth.accounts import Account
from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.kit.errors import PayloomError
from payloom.kit.ids import new_id
from payloom.pages.document import Page, Query
from payloom.pages.templates import OWN, Templates
from payloom.settings.model import Settings
from payloom.tables.query.sql import Tables
from payloom.workflows.expressions.values import EvalContext

log = structlog.get_logger("payloom.pages")

_TITLES = {401: "Sign in first", 403: "Not for you", 404: "Nothing here", 503: "Back in a moment"}


class PageBroken(PayloomError):
    """The page could not be rendered."""

    code = "page_broken"


@dataclasses.dataclass(slots=True)
class PageRoutes:
    """The pages of one project."""

    settings: Settings
    pages: Callable[[], Sequence[Page]]
    templates: Templates
    tables: Tables
    database: Database
    session_auth: SessionAuth
    clock: Clock

    def routes_of(self, pages: Sequence[Page]) -> list[Route]:
        """Return one route per page; addresses without braces come first, so that /pay/new wins over /pay/{id}."""
        ordered = sorted(pages, key=lambda page: (len(page.parameters), page.path))
        return [Route(page.path, self._endpoint(page), methods=["GET"]) for page in ordered]

    def _endpoint(self, page: Page) -> Any:
        async def show(request: Request) -> Response:
            set_route_label(request, page.path)
            return await self._show(request, page)

        return show

    async def _show(self, request: Request, page: Page) -> Response:
        try:
            visitor = await self.session_auth.allowed(request, page.auth)
        except NotSignedIn:
            here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(here, safe='')}", 303)
        scope = {
            "user": as_user(visitor) if visitor else None,
            "params": dict(request.path_params),
            "query": dict(request.query_params),
            "env": dict(self.settings.env),
        }
        rows = await self._rows(page, scope)
        return self.render(request, page.template, visitor, {**scope, **rows, "title": page.title})

    async def _rows(self, page: Page, scope: Mapping[str, Any]) -> dict[str, Any]:
        if not page.queries:
            return {}
        now = self.clock.now()
        eval_context = EvalContext(now=lambda: now, uuid=lambda: new_id("page"))
        try:
            prepared = [(query, _arguments(query, scope, eval_context)) for query in page.queries]
            return await self.database.read(
                lambda tx: {
                    query.name: self.tables.perform(tx, "select", query.table, args) if args is not None else None
                    for query, args in prepared
                }
            )
        except PayloomError as error:
            # An address such as /pay/none, where the column takes a UUID, has no row either.
            odd_address = error.code == "type_mismatch" and bool(scope["params"] or scope["query"])
            if error.code == "row_not_found" or odd_address:
                raise NoSuchRoute("the page has no data for this address, or you are not allowed to see it") from None
            raise PageBroken(f"{page.template}: {error}", hint="Check `data` in the head of the page.") from error

    def render(
        self, request: Request, template: str, visitor: Account | None, context: dict[str, Any], status: int = 200
    ) -> Response:
        """Return a page drawn with everything pages may know, under its own Content-Security-Policy."""
        nonce = new_nonce()
        stripe = self.settings.stripe
        known = {
            "user": as_user(visitor) if visitor else None,
            "csrf_token": self.session_auth.csrf_token(request),
            "csp_nonce": nonce,
            "stripe": {"publishable_key": stripe.publishable_key, "script_url": stripe.script_url, "mode": stripe.mode},
            "site_url": self.settings.site_url,
            "environment": self.settings.environment,
            "project_name": self.settings.name,
            "demo_accounts": [dataclasses.asdict(account) for account in self.settings.accounts],
        }
        try:
            html = self.templates.render(template, {**context, **known})
        except (TemplateError, TypeError, ValueError, AttributeError, KeyError, ArithmeticError) as error:
            where = template if not isinstance(error, TemplateError) else f"{template} ({type(error).__name__})"
            raise PageBroken(f"{where}: {error}", hint="Check the template.") from error
        response = HTMLResponse(html, status)
        response.headers["content-security-policy"] = page_policy(nonce, stripe.script_url, stripe.api_base)
        self.session_auth.keep_csrf(request, response)
        return response

    async def render_error(self, request: Request, error: PayloomError | None, request_id: str) -> Response:
        """Draw an error for people; outside development nothing of a broken page's cause is shown."""
        status = error.status if error else 500
        detail = error if error and (status < 500 or self.settings.is_dev) else None
        if status == 404 and request.url.path == "/" and self.settings.is_dev:
            detail = NoSuchRoute(
                "this project has no start page yet", hint="Add one in the studio, under Files, with the address /."
            )
        context = {
            "title": _TITLES.get(
                status, "Something went wrong" if status < 500 else "Something went wrong on our side"
            ),
            "status": status,
            "code": error.code if error else "internal",
            "message": detail.message if detail else "The error was logged. Try again in a minute.",
            "hint": detail.hint if detail else None,
            "request_id": request_id,
            "studio": self.settings.is_dev and status == 404,
            "at_start": request.url.path == "/",
        }
        visitor = None
        if status < 500:
            visitor = await self.session_auth.current(request)
        response = self.render(request, f"{OWN}/error.html.j2", visitor, context, status)
        if error is not None:
            response.headers.update(headers_of(error))
        return response


class CurrentPages(BaseRoute):
    """Routes to the pages that the project has now: in development, they come and go with their files."""

    def __init__(self, page_routes: PageRoutes) -> None:
        """Route to these pages."""
        self._page_routes = page_routes
        self._pages: Sequence[Page] = ()
        self._routes: list[Route] = []

    @property
    def routes(self) -> list[Route]:
        """The pages of this moment."""
        pages = self._page_routes.pages()
        if pages is not self._pages:
            self._pages, self._routes = pages, self._page_routes.routes_of(pages)
        return self._routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return how a request matches, and which page takes it."""
        best: tuple[Match, Scope] = (Match.NONE, {})
        for route in self.routes:
            match, inner = route.matches(scope)
            if match.value > best[0].value:
                best = match, {**inner, "page_route": route}
            if match is Match.FULL:
                break
        return best

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show the page that matched."""
        await scope["page_route"].handle(scope, receive, send)


def _arguments(query: Query, scope: Mapping[str, Any], eval_context: EvalContext) -> dict[str, Any] | None:
    if query.when is not None and not query.when.test(scope, eval_context):
        return None
    return query.args.evaluate(scope, eval_context)
