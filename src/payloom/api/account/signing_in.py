"""What every way to sign in ends with: the cookies of the session, or of the wait for the second factor."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from payloom.api.http.audit import actor_of
from payloom.api.http.current_user import SessionAuth
from payloom.audit.trail import AuditNote, AuditTrail
from payloom.auth.accounts import Account

SECOND_FACTOR_PATH = "/sign-in/second-factor"


async def begin_visit(
    session_auth: SessionAuth, request: Request, visitor: Account, token: str, response: Response
) -> Response:
    """Put the session on the response. A session that was open before ends: nobody stays signed in as somebody else."""
    if before := session_auth.token(request):
        await session_auth.accounts.sign_out(before)
    request.scope["state"]["visitor"] = visitor
    session_auth.keep(response, token)
    session_auth.forget_waiting(response)
    session_auth.keep_device(response, await session_auth.accounts.device_cookie(visitor))
    return response


async def note_sign_in(audit: AuditTrail, request: Request, account: Account, by: str) -> None:
    """Record a sign-in of somebody who has a role. by: how they signed in."""
    if account.roles or account.studio_role:
        note = AuditNote("session.started", account.id, details={"by": by})
        await audit.write(actor_of(request, account), note)
