"""Signing in to the management API: with a one-time link, or with one click on the developer's machine."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from payloom.api.http.audit import audit_note
from payloom.api.http.client_address import FORWARDED, client_key
from payloom.api.http.errors import BadRequest, NotAllowed
from payloom.api.http.same_origin import host_name
from payloom.api.management.access.audit import audited
from payloom.api.management.access.roles import anybody
from payloom.api.management.injection import Auth, Dependencies
from payloom.api.management.models.answers import SessionState, SignedIn, SignIn
from payloom.kit.addresses.loopback import is_loopback
from payloom.settings.model import Settings

router = APIRouter(prefix="/session", tags=["access"])


@router.get("", response_model=SessionState, openapi_extra=anybody())
async def get_session(deps: Dependencies, request: Request) -> Any:
    """Return whether a user is signed in, and the ways to sign in."""
    visitor = await deps.session_auth.current(request)
    return {
        "signed_in": visitor is not None,
        "email": visitor.email if visitor else None,
        "role": visitor.studio_role if visitor else None,
        "one_click": at_the_machine(request, deps.settings),
    }


@router.post("", response_model=SignedIn, openapi_extra=anybody() | audited("session.started"))
async def sign_in(deps: Dependencies, auth: Auth, request: Request, response: Response, body: SignIn) -> Any:
    """Sign in with the token of a link, or (`local`) with one click. Sets the session cookie."""
    await auth.sign_in_limiter.check(client_key(request))
    if body.token:
        account, token = await deps.studio_users.open(body.token, deps.session_auth.token(request))
    elif body.local:
        if not at_the_machine(request, deps.settings):
            raise NotAllowed(
                "one-click sign-in works only in development, on the server's own machine",
                hint="Run `payloom studio` where the server runs; it prints a link.",
            )
        account, token = await deps.studio_users.sign_in_locally()
    else:
        hint = "Send the `token` of a link, or `local: true` in development."
        raise BadRequest("the request has neither a token nor `local`", hint=hint)
    if before := deps.session_auth.token(request):
        await deps.session_auth.accounts.sign_out(before)
    request.scope["state"]["visitor"] = account
    audit_note(request).on(account.id, by="link" if body.token else "one click")
    deps.session_auth.keep(response, token)
    return {"email": account.email, "role": account.studio_role}


@router.delete("", response_model=SessionState, openapi_extra=anybody() | audited("session.ended"))
async def sign_out(deps: Dependencies, request: Request, response: Response) -> Any:
    """End the session, if there is one."""
    if token := deps.session_auth.token(request):
        visitor = await deps.session_auth.current(request)
        audit_note(request).on(visitor.id if visitor else None)
        await deps.session_auth.accounts.sign_out(token)
    deps.session_auth.forget(response)
    one_click = at_the_machine(request, deps.settings)
    return {"signed_in": False, "email": None, "role": None, "one_click": one_click}


def at_the_machine(request: Request, settings: Settings) -> bool:
    """Whether a request to a development server comes from its own machine, under its own name, without a proxy.

    The name is checked because another site's name can point here (DNS rebinding).
    """
    if not settings.is_dev or settings.stripe.livemode or request.client is None:
        return False
    if any(name in request.headers for name in FORWARDED):
        return False
    return is_loopback(request.client.host) and is_loopback(host_name(request.headers.get("host", "")))
