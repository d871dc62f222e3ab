"""Who does something, as the audit trail records it, and what becomes known of it while a request is answered."""

from __future__ import annotations

from starlette.requests import Request

from payloom.audit.trail import Actor, AuditNote
from payloom.auth.accounts import Account

_NOTE = "audit"


def actor_of(request: Request, account: Account | None = None) -> Actor:
    """Return who makes a request: an account, or a guest."""
    address = request.client.host if request.client else None
    request_id = request.scope.get("state", {}).get("request_id")
    if account is None:
        return Actor("guest", None, None, address, request_id)
    return Actor("person", account.email, account.id, address, request_id)


def audit_note(request: Request) -> AuditNote:
    """Return what is recorded of a request: say on it what is done to what, and what changes."""
    state = request.scope.setdefault("state", {})
    note = state.get(_NOTE)
    if note is None:
        note = state[_NOTE] = AuditNote("other")
    return note
