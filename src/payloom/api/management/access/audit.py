"""Records every change that goes through the management API: one place for all routes.

A route says in its OpenAPI document what it does (`x-audit`); one that changes nothing says why it is left out. What it
is done to is the route's own id, unless the route says more with `audit_note`.

The entry is written in the transaction of the change: the first that the route's function writes. So both stand, or
neither does. A route whose change is no single transaction, such as that of a file, says why it is recorded after it.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payloom.api.http.audit import actor_of, audit_note
from payloom.api.http.same_origin import SAFE_METHODS
from payloom.api.management.access.auth import Caller
from payloom.api.management.access.marks import marks_of
from payloom.audit.actions import ACTIONS, Outcome
from payloom.audit.trail import Actor, AuditNote, AuditTrail
from payloom.db.database import Database
from payloom.db.transactions import Joined, join_next_write
from payloom.kit.errors import PayloomError

log = structlog.get_logger("payloom.manage")

KEY = "x-audit"
AFTER = "x-audit-after"
NOTHING = "nothing: "
_JOINED = "audit_joined"
OPERATOR = "payloom-operator"
"""The header in which the command line says who uses it. It is believed of the bearer of the admin token only."""


def audited(action: str, *, after: str | None = None) -> dict[str, Any]:
    """Mark a route: what the audit trail records when it is done.

    after: why the entry is not written in the change's transaction, but after it.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is not one of the audit trail's actions")
    return {KEY: action} | ({AFTER: after} if after else {})


def not_audited(reason: str) -> dict[str, Any]:
    """Mark a route that changes nothing although its method could."""
    return {KEY: NOTHING + reason}


def audited_action(route: Any, method: str) -> str | None:
    """Return what is recorded of a route; None if nothing is."""
    mark = marks_of(route).get(KEY)
    if mark is None:
        return None if method in SAFE_METHODS else "other"
    return None if str(mark).startswith(NOTHING) else str(mark)


def record_with_the_change(request: Request, database: Database, trail: AuditTrail) -> None:
    """Have the route's next write transaction record what it does. Who was let in must be known."""
    route = request.scope.get("route")
    action, caller = audited_action(route, request.method), request.scope["state"].get("caller")
    if action is None or caller is None or AFTER in marks_of(route):
        return
    note = audit_note(request)

    def record(tx: sa.Connection, result: Any) -> None:
        _complete(note, request, action)
        if note.details_of is not None:
            note.on(**note.details_of(result))
        trail.record(tx, caller_actor(request, caller), note)

    request.scope["state"][_JOINED] = join_next_write(database, record)


def _complete(note: AuditNote, request: Request, action: str) -> None:
    if note.action == "other":
        note.action = action
    if note.target is None:
        note.target = "/".join(str(value) for value in request.path_params.values()) or None


class AuditMiddleware:
    """Records what was done before its answer leaves, and what was refused or failed."""

    def __init__(self, app: ASGIApp, trail: AuditTrail) -> None:
        """Wrap the management API."""
        self._app = app
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def record_then_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self._record(request, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, record_then_send)
        except Exception:
            await self._record(request, 500)
            raise

    async def _record(self, request: Request, status: int) -> None:
        route, outcome = request.scope.get("route"), _outcome(status)
        caller: Caller | None = request.scope.get("state", {}).get("caller")
        if status == 401 and request.headers.get("authorization"):
            await self._write(actor_of(request), AuditNote("token.refused", outcome="refused"), stranger=True)
            return
        action = audited_action(route, request.method)
        note = audit_note(request)
        joined: Joined | None = request.scope.get("state", {}).get(_JOINED)
        if joined is not None:
            joined.used = True
        if action is None or outcome is None or (note.recorded if joined is None else joined.done):
            return
        _complete(note, request, action)
        note.outcome = outcome
        stranger = caller is None and outcome != "done"
        await self._write(caller_actor(request, caller), note, stranger=stranger)

    async def _write(self, actor: Actor, note: AuditNote, *, stranger: bool) -> None:
        write = self._trail.write_failure if stranger else self._trail.write
        try:
            await write(actor, note)
        except (PayloomError, SQLAlchemyError):
            # It is done and cannot be taken back: the log has it.
            log.exception("audit_not_written", action=note.action, target=note.target, actor=actor.name)


def caller_actor(request: Request, caller: Caller | None) -> Actor:
    """Return who manages."""
    if caller is None:
        return actor_of(request, request.scope.get("state", {}).get("visitor"))
    if caller.via == "session":
        return actor_of(request, request.scope["state"].get("visitor"))
    base = actor_of(request)
    operator = request.headers.get(OPERATOR)
    name = f"admin token ({operator[:60]})" if operator else "admin token"
    return Actor("token", name, None, base.address, base.request_id)


def _outcome(status: int) -> Outcome | None:
    """Return how it ended; None if the request was invalid, so that nothing was done or refused."""
    if status < 400:
        return "done"
    if status == 403:
        return "refused"
    return "failed" if status >= 500 else None
