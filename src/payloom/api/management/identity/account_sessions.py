"""The sessions of somebody's account, for staff: see them, end one, end all."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.requests import Request

from payloom.api.account.sessions import session_view
from payloom.api.http.audit import audit_note
from payloom.api.http.errors import NoSuchRoute
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import caller_of
from payloom.api.management.access.roles import support
from payloom.api.management.identity.users import require_one, require_rank
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.answers import AccountSessions, Ended
from payloom.auth.sessions import end_session_named, end_sessions, list_sessions, session_id, token_hash

router = APIRouter(prefix="/accounts/{account_id}/sessions", tags=["access"])


@router.get("", response_model=AccountSessions, openapi_extra=support())
async def list_account_sessions(deps: Dependencies, account_id: str, request: Request) -> Any:
    """List an account's open sessions."""
    now, caller = deps.clock.now(), caller_of(request)

    def work(tx: sa.Connection) -> Any:
        account = require_one(tx, account_id)
        require_rank(caller, account)
        return list_sessions(tx, account.id, now)

    sessions = await deps.database.read(work)
    own = session_id(token_hash(deps.session_auth.token(request) or ""))
    return {"data": [session_view(session, current=session.id == own) for session in sessions]}


@router.delete("", response_model=Ended, openapi_extra=support() | audited("session.ended"))
async def end_account_sessions(deps: Dependencies, account_id: str, request: Request) -> Any:
    """End all sessions of an account, at once."""
    caller = caller_of(request)

    def work(tx: sa.Connection) -> int:
        account = require_one(tx, account_id)
        require_rank(caller, account)
        ended = end_sessions(tx, account.id)
        audit_note(request).on(account.id, account=account.email, ended=ended)
        return ended

    return {"ended": await deps.database.write(work)}


@router.delete("/{session}", response_model=Ended, openapi_extra=support() | audited("session.ended"))
async def end_account_session(deps: Dependencies, account_id: str, session: str, request: Request) -> Any:
    """End one session of an account."""
    caller = caller_of(request)

    def work(tx: sa.Connection) -> int:
        account = require_one(tx, account_id)
        require_rank(caller, account)
        if not end_session_named(tx, account.id, session):
            raise NoSuchRoute("there is no such session", hint="It may have ended already.")
        audit_note(request).on(account.id, account=account.email, ended=1)
        return 1

    return {"ended": await deps.database.write(work)}
