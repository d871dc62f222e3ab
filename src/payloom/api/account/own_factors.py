"""One's own second factors: JSON below `/api/auth/second-factor`, and the page `/second-factor`.

Every change needs a fresh proof, so that an open laptop is not enough to take an account over.
"""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.api.account.context import AccountContext, for_the_form
from payloom.api.account.proof import PROVE_PATH, require_fresh
from payloom.api.http.audit import actor_of
from payloom.api.http.client_address import client_key
from payloom.api.http.errors import BadRequest, NotSignedIn, ProofNeeded
from payloom.api.http.middleware import set_route_label
from payloom.api.http.request_body import MAX_FORM, read_json_object
from payloom.api.http.same_origin import refuse_foreign
from payloom.api.http.serialization import to_plain
from payloom.auth.accounts import Account
from payloom.auth.factors.service import Change
from payloom.auth.factors.store import Factors
from payloom.auth.factors.totp import qr_image
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict
from payloom.settings.sections.access import PROOF_MINUTES

TRIES = (20, 60.0)
"""Changes by one network address, per seconds."""
_API = "/api/auth/second-factor"
_PAGE = "/second-factor"


class OwnFactorRoutes:
    """The routes on which somebody adds and removes second factors."""

    def __init__(self, context: AccountContext) -> None:
        """Wire the routes."""
        self._context = context
        self._factors = context.factors
        self._tries = context.limiter("factor-change", *TRIES)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(_API, self.api_read, methods=["GET"]),
            Route(f"{_API}/app", self.api_offer, methods=["POST"]),
            Route(f"{_API}/app", self.api_remove_app, methods=["DELETE"]),
            Route(f"{_API}/app/confirm", self.api_confirm, methods=["POST"]),
            Route(f"{_API}/recovery-codes", self.api_codes, methods=["POST"]),
            Route(f"{_API}/passkeys/options", self.api_passkey_options, methods=["POST"]),
            Route(f"{_API}/passkeys", self.api_add_passkey, methods=["POST"]),
            Route(f"{_API}/passkeys/{{passkey}}", self.api_remove_passkey, methods=["DELETE"]),
            Route(_PAGE, self.page, methods=["GET", "POST"]),
        ]

    async def api_read(self, request: Request) -> Response:
        """200 `{app, passkeys: [{id, name, created_at, last_used_at}], recovery_codes, passkeys_usable}`."""
        set_route_label(request, _API)
        visitor = await self._context.signed_in(request)
        return JSONResponse(self._view(await self._factors.read(visitor.id)))

    async def api_offer(self, request: Request) -> Response:
        """`{}` → 200 `{secret, address, qr}`: for an authenticator app. It counts once a code confirms it."""
        set_route_label(request, f"{_API}/app")
        await self._context.json(request, self._tries, [])
        return JSONResponse(await self._offer((await self._proved(request)).account))

    async def api_confirm(self, request: Request) -> Response:
        """`{code}` → 200 `{recovery_codes}`, which are shown once. Other sessions end."""
        set_route_label(request, f"{_API}/app/confirm")
        values = await self._context.json(request, self._tries, ["code"])
        return JSONResponse({"recovery_codes": await self._confirm(request, values["code"])})

    async def api_remove_app(self, request: Request) -> Response:
        """Remove the authenticator app; 200 with what is left."""
        set_route_label(request, f"{_API}/app")
        refuse_foreign(request, self._context.origin)
        change = await self._proved(request)
        await self._factors.remove_app(change)
        return JSONResponse(self._view(await self._factors.read(change.account.id)))

    async def api_codes(self, request: Request) -> Response:
        """`{}` → 200 `{recovery_codes}`: new ones; the ones before work no more."""
        set_route_label(request, f"{_API}/recovery-codes")
        await self._context.json(request, self._tries, [])
        return JSONResponse({"recovery_codes": await self._factors.new_codes(await self._proved(request))})

    async def api_passkey_options(self, request: Request) -> Response:
        """`{}` → 200: what `navigator.credentials.create` takes."""
        set_route_label(request, f"{_API}/passkeys/options")
        await self._context.json(request, self._tries, [])
        return JSONResponse(await self._factors.options_to_add((await self._proved(request)).account))

    async def api_add_passkey(self, request: Request) -> Response:
        """`{credential, name}` → 201 `{recovery_codes}`, which are empty unless it is the first second factor."""
        set_route_label(request, f"{_API}/passkeys")
        refuse_foreign(request, self._context.origin)
        await self._tries.check(client_key(request))
        values = await read_json_object(request, MAX_FORM)
        credential, name = values.get("credential"), values.get("name", "")
        if not is_dict(credential) or not isinstance(name, str) or set(values) - {"credential", "name"}:
            raise BadRequest("the body must have `credential`, as the browser returned it, and can have `name`")
        codes = await self._factors.add_passkey(await self._proved(request), credential, name)
        return JSONResponse({"recovery_codes": codes}, 201)

    async def api_remove_passkey(self, request: Request) -> Response:
        """Remove a passkey; 200 with what is left."""
        set_route_label(request, f"{_API}/passkeys/{{passkey}}")
        refuse_foreign(request, self._context.origin)
        change = await self._proved(request)
        await self._factors.remove_passkey(change, request.path_params["passkey"])
        return JSONResponse(self._view(await self._factors.read(change.account.id)))

    async def page(self, request: Request) -> Response:
        """Show what the account has, or do what a form of the page asks for."""
        set_route_label(request, _PAGE)
        visitor = await self._context.session_auth.current(request)
        if visitor is None:
            return RedirectResponse(f"/sign-in?next={_PAGE}", 303)
        page: dict[str, Any] = {"title": "Second factor", "email": visitor.email, "offer": None, "codes": None}
        problem: PayloomError | None = None
        try:
            if request.method == "POST":
                page |= await self._posted(request, visitor)
        except ProofNeeded:
            return RedirectResponse(f"{PROVE_PATH}?next={_PAGE}", 303)
        except PayloomError as error:
            problem = for_the_form(error)
        page |= self._view(await self._factors.read(visitor.id))
        return self._context.draw(request, "second-factor", visitor, page, problem)

    async def _posted(self, request: Request, visitor: Account) -> dict[str, Any]:
        values = await self._context.form(request, self._tries)
        change = await self._proved(request)
        match values.get("do"):
            case "offer":
                return {"offer": await self._offer(visitor)}
            case "confirm":
                return {"codes": await self._confirm(request, values.get("code", ""))}
            case "codes":
                return {"codes": await self._factors.new_codes(change)}
            case "remove-app":
                await self._factors.remove_app(change)
            case "remove-passkey":
                await self._factors.remove_passkey(change, values.get("passkey", ""))
            case _:
                raise BadRequest("the form asks for nothing that can be done here")
        return {}

    async def _offer(self, account: Account) -> dict[str, str]:
        secret, address = await self._factors.offer_app(account)
        return {"secret": secret, "address": address, "qr": qr_image(address)}

    async def _confirm(self, request: Request, code: str) -> list[str]:
        return await self._factors.confirm_app(await self._proved(request), code, caller=client_key(request))

    async def _proved(self, request: Request) -> Change:
        """Return who changes; raises `NotSignedIn`, and `ProofNeeded` without a fresh proof."""
        session = await self._context.session_auth.session(request)
        if session is None:
            raise NotSignedIn
        require_fresh(session, self._context.clock.now(), self._context.proof_minutes or PROOF_MINUTES)
        token = self._context.session_auth.token(request) or ""
        return Change(session.account, actor_of(request, session.account), token)

    def _view(self, factors: Factors) -> dict[str, Any]:
        return to_plain(
            {
                "app": factors.app,
                "passkeys": [
                    {name: getattr(passkey, name) for name in ("id", "name", "created_at", "last_used_at")}
                    for passkey in factors.passkeys
                ],
                "recovery_codes": factors.recovery_codes,
                "passkeys_usable": self._factors.site.usable,
            }
        )
