"""Choosing a password: JSON at `/api/auth/password` for programs, the form at `/password` for people."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.api.http.audit import actor_of
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import SessionAuth, as_user
from payloom.api.http.errors import NO_SUCH_FIELD, NotSignedIn, wrong_fields
from payloom.api.http.middleware import set_route_label
from payloom.api.http.request_body import MAX_FORM, read_form, read_json_object
from payloom.api.http.same_origin import refuse_foreign
from payloom.api.limits.rate_limit import Counters, SharedLimiter
from payloom.api.page_routes import PageRoutes
from payloom.audit.trail import AuditNote, AuditTrail
from payloom.auth.accounts import Account
from payloom.kit.errors import PayloomError
from payloom.pages.templates import OWN

TRIES = (10, 60.0)
"""At most so many tries per so many seconds from one address."""


class PasswordRoutes:
    """The routes on which a signed-in user chooses a password."""

    def __init__(
        self,
        session_auth: SessionAuth,
        page_routes: PageRoutes,
        origin: str,
        counters: Counters,
        audit: AuditTrail,
    ) -> None:
        """origin: the site's own origin, for the check against other sites. counters: of tries, for every process."""
        self.audit = audit
        self.session_auth = session_auth
        self.page_routes = page_routes
        self.origin = origin
        self.limiter = SharedLimiter("password", *TRIES, counters)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/auth/password", self.api_password, methods=["POST"]),
            Route("/password", self.form, methods=["GET", "POST"]),
        ]

    async def api_password(self, request: Request) -> Response:
        """`{password, current?}` → 200 `{user}`. Every other session of the account ends."""
        set_route_label(request, "/api/auth/password")
        refuse_foreign(request, self.origin)
        await self.limiter.check(client_key(request))
        values = await read_json_object(request, MAX_FORM)
        fields = {name: NO_SUCH_FIELD for name in values if name not in {"password", "current"}}
        fields |= {name: "must be a text" for name, value in values.items() if not isinstance(value, str)}
        if "password" not in values:
            fields["password"] = "this is needed"  # noqa: S105 - a message
        if fields:
            raise wrong_fields(fields)
        visitor = await self._signed_in(request)
        await self._choose(request, visitor, values["password"], values.get("current"))
        return JSONResponse({"user": as_user(visitor)})

    async def form(self, request: Request) -> Response:
        """Show the form, or take it and show that the password is set."""
        set_route_label(request, "/password")
        visitor = await self.session_auth.current(request)
        if visitor is None:
            return RedirectResponse("/sign-in?next=/password", 303)
        if request.method != "POST":
            return self._draw(request, visitor, done="done" in request.query_params)
        refuse_foreign(request, self.origin, form=True)
        values = await read_form(request)
        self.session_auth.check_csrf(request, values)
        await self.limiter.check(client_key(request))
        try:
            await self._choose(request, visitor, values.get("password", ""), values.get("current"))
        except PayloomError as error:
            if error.status >= 500:
                raise
            return self._draw(request, visitor, error=error)
        return RedirectResponse("/password?done", 303)

    async def _signed_in(self, request: Request) -> Account:
        visitor = await self.session_auth.current(request)
        if visitor is None:
            raise NotSignedIn
        return visitor

    async def _choose(self, request: Request, visitor: Account, password: str, current: str | None) -> None:
        session = self.session_auth.token(request) or ""
        await self.session_auth.accounts.choose_password(
            visitor, password, current=current, caller=client_key(request), session=session
        )
        await self.audit.write(actor_of(request, visitor), AuditNote("account.password", visitor.id))

    def _draw(
        self, request: Request, visitor: Account, *, done: bool = False, error: PayloomError | None = None
    ) -> Response:
        context = {
            "title": "Password",
            "done": done,
            "email": visitor.email,
            "has_password": visitor.password_hash is not None,
            "error": {"message": error.message, "hint": error.hint} if error else None,
        }
        return self.page_routes.render(
            request, f"{OWN}/password.html.j2", visitor, context, error.status if error else 200
        )
