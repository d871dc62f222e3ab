"""The second factor of a sign-in, and a fresh proof: JSON below `/api/auth`, and two pages."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.api.account.context import AccountContext, for_the_form
from payloom.api.account.device import device_of
from payloom.api.account.proof import PROVE_PATH
from payloom.api.account.signing_in import SECOND_FACTOR_PATH, begin_visit, note_sign_in
from payloom.api.http.audit import actor_of
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import as_user
from payloom.api.http.errors import NO_SUCH_FIELD, wrong_fields
from payloom.api.http.middleware import set_route_label
from payloom.api.http.request_body import MAX_FORM, read_json_object
from payloom.api.http.same_origin import refuse_foreign, safe_next
from payloom.audit.trail import AuditNote
from payloom.auth.accounts import Account
from payloom.auth.errors import AuthError, FactorRefused, LinkNotValid, TooManyAttempts
from payloom.auth.factors.service import Proof
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict

TRIES = (20, 60.0)
"""Proofs by one network address, per seconds."""
_FIELDS = frozenset({"code", "passkey", "password"})


class SecondFactorRoutes:
    """The routes on which somebody proves to be the owner of an account."""

    def __init__(self, context: AccountContext) -> None:
        """Wire the routes."""
        self._context = context
        self._factors = context.factors
        self._tries = context.limiter("second-factor", *TRIES)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/auth/sign-in/second-factor", self.api_finish, methods=["POST"]),
            Route("/api/auth/sign-in/passkey", self.api_sign_in_options, methods=["POST"]),
            Route("/api/auth/prove", self.api_prove, methods=["POST"]),
            Route("/api/auth/prove/passkey", self.api_prove_options, methods=["POST"]),
            Route(SECOND_FACTOR_PATH, self.finish, methods=["GET", "POST"]),
            Route(PROVE_PATH, self.prove, methods=["GET", "POST"]),
        ]

    async def api_finish(self, request: Request) -> Response:
        """`{code}` or `{passkey}` → 200 `{user}` and a session cookie, after a sign-in that asked for it."""
        set_route_label(request, "/api/auth/sign-in/second-factor")
        account, token = await self._finish(request, await self._proof(request))
        response = JSONResponse({"user": as_user(account)})
        return await begin_visit(self._context.session_auth, request, account, token, response)

    async def api_sign_in_options(self, request: Request) -> Response:
        """`{}` → 200: what `navigator.credentials.get` takes, after a sign-in that asked for a second factor."""
        set_route_label(request, "/api/auth/sign-in/passkey")
        await self._context.json(request, self._tries, [])
        account = await self._factors.waiting(self._context.session_auth.waiting(request))
        return JSONResponse(await self._factors.passkey_options(account.id))

    async def api_prove(self, request: Request) -> Response:
        """`{code}`, `{passkey}`, or without a second factor `{password}` → 200 `{}`: a fresh proof."""
        set_route_label(request, "/api/auth/prove")
        proof = await self._proof(request)
        await self._prove(request, await self._context.signed_in(request), proof)
        return JSONResponse({})

    async def api_prove_options(self, request: Request) -> Response:
        """`{}` → 200: what `navigator.credentials.get` takes."""
        set_route_label(request, "/api/auth/prove/passkey")
        await self._context.json(request, self._tries, [])
        visitor = await self._context.signed_in(request)
        return JSONResponse(await self._factors.passkey_options(visitor.id))

    async def finish(self, request: Request) -> Response:
        """Ask for the second factor of a sign-in, or take it."""
        set_route_label(request, SECOND_FACTOR_PATH)
        page: dict[str, Any] = {"title": "Second step", "next": safe_next(request.query_params.get("next"))}
        page["passkeys"] = False
        try:
            values = await self._context.form(request, self._tries) if request.method == "POST" else {}
            page["next"] = safe_next(values.get("next")) if values else page["next"]
            account = await self._factors.waiting(self._context.session_auth.waiting(request))
            page["passkeys"] = bool((await self._factors.read(account.id)).passkeys)
            if request.method == "POST":
                visitor, token = await self._finish(request, Proof(code=values.get("code", "")))
                response = RedirectResponse(page["next"], 303)
                return await begin_visit(self._context.session_auth, request, visitor, token, response)
        except LinkNotValid:
            return RedirectResponse("/sign-in", 303)
        except PayloomError as error:
            return self._context.draw(request, "second-step", None, page, for_the_form(error))
        return self._context.draw(request, "second-step", None, page)

    async def prove(self, request: Request) -> Response:
        """Ask for a fresh proof, or take it and go on to `next`."""
        set_route_label(request, PROVE_PATH)
        visitor = await self._context.session_auth.current(request)
        if visitor is None:
            return RedirectResponse(f"/sign-in?next={PROVE_PATH}", 303)
        factors = await self._factors.read(visitor.id)
        page: dict[str, Any] = {"title": "Confirm that it's you", "next": safe_next(request.query_params.get("next"))}
        page |= {"enrolled": factors.enrolled, "passkeys": bool(factors.passkeys), "email": visitor.email}
        page["has_password"] = visitor.password_hash is not None
        if request.method != "POST":
            return self._context.draw(request, "prove", visitor, page)
        try:
            values = await self._context.form(request, self._tries)
            page["next"] = safe_next(values.get("next"))
            await self._prove(request, visitor, Proof(code=values.get("code"), password=values.get("password")))
        except PayloomError as error:
            return self._context.draw(request, "prove", visitor, page, for_the_form(error))
        return RedirectResponse(page["next"], 303)

    async def _proof(self, request: Request) -> Proof:
        refuse_foreign(request, self._context.origin)
        await self._tries.check(client_key(request))
        values = await read_json_object(request, MAX_FORM)
        fields = {name: NO_SUCH_FIELD for name in values if name not in _FIELDS}
        if len(values) != 1 and not fields:
            fields = {"code": "give one of `code`, `passkey` and `password`"}
        fields |= {name: "must be a text" for name in ("code", "password") if not isinstance(values.get(name, ""), str)}
        passkey = values.get("passkey")
        if passkey is not None and not is_dict(passkey):
            fields["passkey"] = "must be what the browser returned"
        if fields:
            raise wrong_fields(fields)
        return Proof(values.get("code"), passkey if is_dict(passkey) else None, values.get("password"))

    async def _finish(self, request: Request, proof: Proof) -> tuple[Account, str]:
        waiting = self._context.session_auth.waiting(request)
        try:
            account, token = await self._factors.finish_sign_in(
                waiting, proof, caller=client_key(request), device=device_of(request)
            )
        except (FactorRefused, TooManyAttempts) as error:
            await self._note_failure(request, await self._factors.waiting(waiting), error)
            raise
        await note_sign_in(self._context.audit, request, account, "second factor")
        return account, token

    async def _prove(self, request: Request, visitor: Account, proof: Proof) -> None:
        session = self._context.session_auth.token(request) or ""
        try:
            await self._factors.prove(visitor, proof, session=session, caller=client_key(request))
        except (AuthError, TooManyAttempts) as error:
            await self._note_failure(request, visitor, error)
            raise

    async def _note_failure(self, request: Request, account: Account, error: AuthError) -> None:
        note = AuditNote("session.failed", account.id, "refused", details={"reason": error.code})
        await self._context.audit.write_failure(actor_of(request), note)
