"""Signing in to the management API: with the token of a one-time link, in every environment.

No address and no missing header signs anybody in: a proxy or a tunnel that says nothing of itself looks like a program
on this machine.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from payloom.api.account.device import device_of
from payloom.api.account.signing_in import SECOND_FACTOR_PATH
from payloom.api.http.audit import audit_note
from payloom.api.http.client_address import client_key
from payloom.api.management.access.audit import audited
from payloom.api.management.access.roles import anybody
from payloom.api.management.injection import Auth, Dependencies
from payloom.api.management.models.answers import SessionState, SignedIn, SignIn
from payloom.auth.errors import SecondFactorNeeded

router = APIRouter(prefix="/session", tags=["access"])


@router.get("", response_model=SessionState, openapi_extra=anybody())
async def get_session(deps: Dependencies, request: Request) -> Any:
    """Return whether a user is signed in."""
    visitor = await deps.session_auth.current(request)
    return {
        "signed_in": visitor is not None,
        "email": visitor.email if visitor else None,
        "role": visitor.studio_role if visitor else None,
    }


@router.post("", response_model=SignedIn, openapi_extra=anybody() | audited("session.started"))
async def sign_in(deps: Dependencies, auth: Auth, request: Request, response: Response, body: SignIn) -> Any:
    """Sign in with the token of a link, which `payloom dev` and `payloom studio` print. Sets the session cookie.

    Where the account has a second factor, the answer is 202: the sign-in waits for it at `next`.
    """
    await auth.sign_in_limiter.check(client_key(request))
    try:
        account, token = await deps.studio_users.open(body.token, deps.session_auth.token(request), device_of(request))
    except SecondFactorNeeded as error:
        deps.session_auth.keep_waiting(response, str(error.data["challenge"]))
        audit_note(request).recorded = True  # It is recorded when the second factor ends the sign-in.
        response.status_code = 202
        return {"email": None, "role": None, "next": SECOND_FACTOR_PATH}
    if before := deps.session_auth.token(request):
        await deps.session_auth.accounts.sign_out(before)
    request.scope["state"]["visitor"] = account
    audit_note(request).on(account.id, by="link")
    deps.session_auth.keep(response, token)
    return {"email": account.email, "role": account.studio_role, "next": None}


@router.delete("", response_model=SessionState, openapi_extra=anybody() | audited("session.ended"))
async def sign_out(deps: Dependencies, request: Request, response: Response) -> Any:
    """End the session, if there is one."""
    if token := deps.session_auth.token(request):
        visitor = await deps.session_auth.current(request)
        audit_note(request).on(visitor.id if visitor else None)
        await deps.session_auth.accounts.sign_out(token)
    deps.session_auth.forget(response)
    return {"signed_in": False, "email": None, "role": None}
