"""One's own sessions: JSON at `/api/auth/sessions`, and the page `/sessions`."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.api.account.context import AccountContext
from payloom.api.http.audit import actor_of
from payloom.api.http.errors import NoSuchRoute
from payloom.api.http.middleware import set_route_label
from payloom.api.http.same_origin import refuse_foreign
from payloom.api.http.serialization import to_plain
from payloom.audit.trail import AuditNote
from payloom.auth.accounts import Account
from payloom.auth.sessions import Session, end_session_named, end_sessions, list_sessions, session_id, token_hash


class SessionRoutes:
    """The routes on which somebody who is signed in sees and ends sessions."""

    def __init__(self, context: AccountContext) -> None:
        """Wire the routes."""
        self._context = context

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/auth/sessions", self.api_list, methods=["GET"]),
            Route("/api/auth/sessions", self.api_end_others, methods=["DELETE"]),
            Route("/api/auth/sessions/{name}", self.api_end, methods=["DELETE"]),
            Route("/sessions", self.page, methods=["GET", "POST"]),
        ]

    async def api_list(self, request: Request) -> Response:
        """200 `{data: [{id, current, agent, address, created_at, last_seen_at, expires_at}]}`."""
        set_route_label(request, "/api/auth/sessions")
        visitor = await self._context.signed_in(request)
        return JSONResponse({"data": await self._list(request, visitor)})

    async def api_end_others(self, request: Request) -> Response:
        """End every session but this one; 200 `{ended}`."""
        set_route_label(request, "/api/auth/sessions")
        refuse_foreign(request, self._context.origin)
        visitor = await self._context.signed_in(request)
        return JSONResponse({"ended": await self._end_others(request, visitor)})

    async def api_end(self, request: Request) -> Response:
        """End one session; 200 `{ended}`, or 404."""
        set_route_label(request, "/api/auth/sessions/{name}")
        refuse_foreign(request, self._context.origin)
        visitor = await self._context.signed_in(request)
        await self._end(request, visitor, request.path_params["name"])
        return JSONResponse({"ended": 1})

    async def page(self, request: Request) -> Response:
        """Show the sessions with a button for each, or end what was posted."""
        set_route_label(request, "/sessions")
        visitor = await self._context.session_auth.current(request)
        if visitor is None:
            return RedirectResponse("/sign-in?next=/sessions", 303)
        if request.method == "POST":
            values = await self._context.form(request)
            if values.get("session"):
                await self._end(request, visitor, values["session"])
            else:
                await self._end_others(request, visitor)
            return RedirectResponse("/sessions?done", 303)
        context = {
            "title": "Your sessions",
            "sessions": await self._list(request, visitor),
            "email": visitor.email,
            "verified": visitor.verified,
            "done": "done" in request.query_params,
            "sent": "sent" in request.query_params,
        }
        return self._context.draw(request, "sessions", visitor, context)

    async def _list(self, request: Request, visitor: Account) -> list[dict[str, Any]]:
        now = self._context.clock.now()
        sessions = await self._context.database.read(lambda tx: list_sessions(tx, visitor.id, now))
        return [session_view(session, current=session.id == self._current(request)) for session in sessions]

    def _current(self, request: Request) -> str:
        return session_id(token_hash(self._context.session_auth.token(request) or ""))

    async def _end(self, request: Request, visitor: Account, name: str) -> None:
        if not await self._context.database.write(lambda tx: end_session_named(tx, visitor.id, name)):
            raise NoSuchRoute("there is no such session", hint="It may have ended already. Reload the list.")
        await self._note(request, visitor, 1)

    async def _end_others(self, request: Request, visitor: Account) -> int:
        token = self._context.session_auth.token(request)
        ended = await self._context.database.write(lambda tx: end_sessions(tx, visitor.id, keep=token))
        await self._note(request, visitor, ended)
        return ended

    async def _note(self, request: Request, visitor: Account, ended: int) -> None:
        note = AuditNote("session.ended", visitor.id, details={"ended": ended})
        await self._context.audit.write(actor_of(request, visitor), note)


def session_view(session: Session, *, current: bool = False) -> dict[str, Any]:
    """Return what is shown of a session."""
    return to_plain(
        {
            "id": session.id,
            "current": current,
            "agent": session.device.agent,
            "address": session.device.address,
            "created_at": session.created_at,
            "last_seen_at": session.last_seen_at,
            "expires_at": session.expires_at,
        }
    )
