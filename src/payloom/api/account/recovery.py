"""Proving an address and resetting a password: JSON below `/api/auth`, and pages at `/forgot`, `/reset`, `/verify`.

Opening a link changes nothing, because mail scanners open links as well: its page has a form, and the form does it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.api.account.context import AccountContext, for_the_form
from payloom.api.account.device import device_of
from payloom.api.account.mail_limit import MailLimit
from payloom.api.account.signing_in import begin_visit
from payloom.api.http.audit import actor_of
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import as_user
from payloom.api.http.middleware import set_route_label
from payloom.audit.trail import AuditNote
from payloom.auth.accounts import Account, clean_email, email_key
from payloom.auth.errors import AuthError
from payloom.auth.links import RESET, VERIFY
from payloom.kit.errors import PayloomError

ASKING = (10, 600.0)
"""Mails that one network address may ask for, per seconds."""
TRIES = (20, 60.0)
"""Uses of links by one network address, per seconds."""


class RecoveryRoutes:
    """The routes for links by mail."""

    def __init__(self, context: AccountContext) -> None:
        """Wire the routes."""
        self._context = context
        self._asking = context.limiter("account-mail", *ASKING)
        self._tries = context.limiter("account-link", *TRIES)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/auth/forgot", self.api_forgot, methods=["POST"]),
            Route("/api/auth/reset", self.api_reset, methods=["POST"]),
            Route("/api/auth/verification", self.api_verification, methods=["POST"]),
            Route("/api/auth/verify", self.api_verify, methods=["POST"]),
            Route("/forgot", self.forgot, methods=["GET", "POST"]),
            Route("/reset", self.reset, methods=["GET", "POST"]),
            Route("/verify", self.verify, methods=["GET", "POST"]),
            Route("/verification", self.verification, methods=["POST"]),
        ]

    async def api_forgot(self, request: Request) -> Response:
        """`{email}` → 202 `{}`, whether or not there is such an account. A mail with a link follows if there is."""
        set_route_label(request, "/api/auth/forgot")
        values = await self._context.json(request, self._asking, ["email"])
        await self._ask_for_reset(values["email"])
        return JSONResponse({}, 202)

    async def api_reset(self, request: Request) -> Response:
        """`{token, password}` → 200 `{}`. Every session of the account ends; sign in with the new password."""
        set_route_label(request, "/api/auth/reset")
        values = await self._context.json(request, self._tries, ["token", "password"])
        await self._reset(request, values["token"], values["password"])
        return JSONResponse({})

    async def api_verification(self, request: Request) -> Response:
        """`{}` → 202 `{}`: send the signed-in user another link that proves the address."""
        set_route_label(request, "/api/auth/verification")
        await self._context.json(request, self._asking, [])
        await self._ask_for_verification(await self._context.signed_in(request))
        return JSONResponse({}, 202)

    async def api_verify(self, request: Request) -> Response:
        """`{token, password?}` → 200 `{user}`. The password signs in; it is needed unless the account is signed in."""
        set_route_label(request, "/api/auth/verify")
        values = await self._context.json(request, self._tries, ["token"], ["password"])
        account = await self._verify(request, values["token"], values.get("password"))
        response = JSONResponse({"user": as_user(account)})
        return await self._sign_in(request, account, values.get("password"), response)

    async def forgot(self, request: Request) -> Response:
        """Ask for the address, and say the same for every one."""
        set_route_label(request, "/forgot")
        visitor = await self._context.session_auth.current(request)
        page = {"title": "Forgot your password?", "sent": "sent" in request.query_params, "email": ""}
        if request.method != "POST":
            return self._context.draw(request, "forgot", visitor, page)
        try:
            values = await self._context.form(request, self._asking)
            page["email"] = values.get("email", "")
            await self._ask_for_reset(values.get("email", ""))
        except PayloomError as error:
            return self._context.draw(request, "forgot", visitor, page, for_the_form(error))
        return RedirectResponse("/forgot?sent", 303)

    async def reset(self, request: Request) -> Response:
        """Show the form of a link, or take it and send the person to sign in."""
        set_route_label(request, "/reset")
        visitor = await self._context.session_auth.current(request)
        page = {"title": "Choose a new password", "token": request.query_params.get("token", ""), "email": None}
        values: dict[str, str] = {}
        try:
            if request.method == "POST":
                values = await self._context.form(request, self._tries)
                page["token"] = values.get("token", "")
            page["email"] = (await self._context.recovery.look(page["token"] or "", RESET)).email
            if request.method == "POST":
                await self._reset(request, page["token"] or "", values.get("password", ""))
                response = RedirectResponse("/sign-in?reset", 303)
                self._context.session_auth.forget(response)
                return response
        except PayloomError as error:
            return self._context.draw(request, "reset", visitor, page, for_the_form(error))
        return self._context.draw(request, "reset", visitor, page)

    async def verify(self, request: Request) -> Response:
        """Show what a link proves, or prove it."""
        set_route_label(request, "/verify")
        visitor = await self._context.session_auth.current(request)
        page = {"title": "Confirm your email address", "token": request.query_params.get("token", ""), "email": None}
        page |= {"signed_in": False, "done": "done" in request.query_params}
        if page["done"]:
            return self._context.draw(request, "verify", visitor, page)
        values: dict[str, str] = {}
        try:
            if request.method == "POST":
                values = await self._context.form(request, self._tries)
                page["token"] = values.get("token", "")
            account = await self._context.recovery.look(str(page["token"]), VERIFY)
            page |= {"email": account.email, "signed_in": visitor is not None and visitor.id == account.id}
            if request.method == "POST":
                account = await self._verify(request, str(page["token"]), values.get("password"))
                done = RedirectResponse("/verify?done", 303)
                return await self._sign_in(request, account, values.get("password"), done)
        except PayloomError as error:
            return self._context.draw(request, "verify", visitor, page, for_the_form(error))
        return self._context.draw(request, "verify", visitor, page)

    async def verification(self, request: Request) -> Response:
        """Send the signed-in user another link, and go back to the sessions page."""
        set_route_label(request, "/verification")
        await self._context.form(request, self._asking)
        await self._ask_for_verification(await self._context.signed_in(request))
        return RedirectResponse("/sessions?sent", 303)

    async def _ask_for_reset(self, email: str) -> None:
        address = clean_email(email)
        if await MailLimit(self._context.counters, RESET).allows(email_key(address)):
            self._context.mails.send_reset(address)

    async def _ask_for_verification(self, account: Account) -> None:
        if await MailLimit(self._context.counters, VERIFY).allows(email_key(account.email)):
            self._context.mails.send_verification(account.id)

    async def _reset(self, request: Request, token: str, password: str) -> None:
        account = await self._context.recovery.reset(token, password, caller=client_key(request))
        note = AuditNote("account.password", account.id, details={"by": "link"})
        await self._context.audit.write(actor_of(request, account), note)

    async def _sign_in(self, request: Request, account: Account, password: str | None, response: Response) -> Response:
        """Begin a session of who proved the address and gave the password; the link ends their sign-up."""
        visitor = await self._context.session_auth.current(request)
        if password is None or (visitor is not None and visitor.id == account.id):
            return response
        try:
            _, token = await self._context.session_auth.accounts.sign_in(
                account.email, password, client_key(request), device=device_of(request)
            )
        except AuthError:
            # The address is proved all the same; the sign-in form says more.
            return response
        return await begin_visit(self._context.session_auth, request, account, token, response)

    async def _verify(self, request: Request, token: str, password: str | None) -> Account:
        visitor = await self._context.session_auth.current(request)
        account = await self._context.recovery.verify(
            token,
            session_account=visitor.id if visitor else None,
            password=password,
            caller=client_key(request),
        )
        note = AuditNote("account.changed", account.id, after={"verified": True}, details={"by": "link"})
        await self._context.audit.write(actor_of(request, account), note)
        request.scope["state"].pop("visitor", None)
        return account
