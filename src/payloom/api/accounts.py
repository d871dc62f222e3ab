"""Signing up, in and out: JSON under `/api/auth/…` for programs, forms at `/sign-in` and `/sign-up` for people."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from payloom.api.account.context import AccountContext, for_the_form
from payloom.api.account.device import device_of
from payloom.api.account.mail_limit import MailLimit
from payloom.api.account.signing_in import SECOND_FACTOR_PATH, begin_visit, note_sign_in
from payloom.api.http.audit import actor_of
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import as_user
from payloom.api.http.errors import NO_SUCH_FIELD, NotSignedIn, error_body, wrong_fields
from payloom.api.http.middleware import request_id_of, set_route_label
from payloom.api.http.request_body import MAX_FORM, read_form, read_json_object
from payloom.api.http.same_origin import refuse_foreign, safe_next
from payloom.audit.trail import AuditNote
from payloom.auth.accounts import Account, clean_email, email_key
from payloom.auth.errors import AuthError, SecondFactorNeeded, SignInRefused, TooManyAttempts
from payloom.auth.links import RESET
from payloom.kit.errors import PayloomError
from payloom.pages.templates import OWN

SIGN_INS = (30, 60.0)
"""At most so many tries per so many seconds from one address; password hashing costs us more than it costs them."""


_FIELDS = {"bad_email": "email", "email_taken": "email", "bad_password": "password"}
"""Which field of the form an error is about."""


class AccountRoutes:
    """The routes around accounts."""

    def __init__(self, context: AccountContext) -> None:
        """Wire the routes."""
        self.audit = context.audit
        self.mails = context.mails
        self.session_auth = context.session_auth
        self.page_routes = context.page_routes
        self.origin = context.origin
        self.limiter = context.limiter("sign-in", *SIGN_INS)
        self.by_mail = context.sign_up == "by_mail"
        self.mail_limit = MailLimit(context.counters, RESET)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/auth/sign-up", self.api_sign_up, methods=["POST"]),
            Route("/api/auth/sign-in", self.api_sign_in, methods=["POST"]),
            Route("/api/auth/sign-out", self.api_sign_out, methods=["POST"]),
            Route("/api/auth/me", self.api_me, methods=["GET"]),
            Route("/sign-in", self.form, methods=["GET", "POST"]),
            Route("/sign-up", self.form, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def api_sign_up(self, request: Request) -> Response:
        """`{email, password, name?}` → 201 `{user}` and a session cookie; 202 `{}` where the mailed link signs in."""
        set_route_label(request, "/api/auth/sign-up")
        values = await self._json(request, {"email", "password", "name"})
        if self.by_mail:
            await self._sign_up_by_mail(request, values["email"], values["password"], values.get("name"))
            return JSONResponse({}, 202)
        visitor, token = await self._sign_up(request, values["email"], values["password"], values.get("name"))
        return await begin_visit(
            self.session_auth, request, visitor, token, JSONResponse({"user": as_user(visitor)}, 201)
        )

    async def api_sign_in(self, request: Request) -> Response:
        """`{email, password}` → 200 `{user}` and a session cookie; 401 `second_factor_needed` where there is one."""
        set_route_label(request, "/api/auth/sign-in")
        values = await self._json(request, {"email", "password"})
        try:
            visitor, token = await self._sign_in(request, values["email"], values["password"])
        except SecondFactorNeeded as error:
            return self._wait(error, JSONResponse(error_body(error, request_id_of(request)), error.status))
        return await begin_visit(self.session_auth, request, visitor, token, JSONResponse({"user": as_user(visitor)}))

    async def api_sign_out(self, request: Request) -> Response:
        """End the session; 200 `{}` also when there is none."""
        set_route_label(request, "/api/auth/sign-out")
        refuse_foreign(request, self.origin)
        await read_json_object(request, MAX_FORM)
        return await self._end(request, JSONResponse({}))

    async def api_me(self, request: Request) -> Response:
        """200 `{user}`, or 401."""
        set_route_label(request, "/api/auth/me")
        visitor = await self.session_auth.current(request)
        if visitor is None:
            raise NotSignedIn
        return JSONResponse({"user": as_user(visitor)})

    async def form(self, request: Request) -> Response:
        """Show the form, or process it and redirect to `next`."""
        is_new = request.url.path == "/sign-up"
        set_route_label(request, request.url.path)
        if request.method != "POST":
            target = safe_next(request.query_params.get("next"))
            return self._draw(request, is_new, target, {})
        refuse_foreign(request, self.origin, form=True)
        values = await read_form(request)
        self.session_auth.check_csrf(request, values)
        target = safe_next(values.get("next"))
        email, password = values.get("email", ""), values.get("password", "")
        try:
            if is_new and self.by_mail:
                await self.limiter.check(client_key(request))
                await self._sign_up_by_mail(request, email, password, values.get("name") or None)
                return RedirectResponse("/sign-up?sent", 303)
            if is_new:
                await self.limiter.check(client_key(request))
                signed_in = await self._sign_up(request, email, password, values.get("name") or None)
            else:
                signed_in = await self._sign_in(request, email, password)
        except SecondFactorNeeded as error:
            path = f"{SECOND_FACTOR_PATH}?next={quote(target, safe='')}"
            return self._wait(error, RedirectResponse(path, 303))
        except PayloomError as error:
            return self._draw(request, is_new, target, values, for_the_form(error))
        return await begin_visit(self.session_auth, request, *signed_in, RedirectResponse(target, 303))

    async def sign_out(self, request: Request) -> Response:
        """Take the posted sign-out form and go to the start page."""
        set_route_label(request, "/sign-out")
        refuse_foreign(request, self.origin, form=True)
        self.session_auth.check_csrf(request, await read_form(request))
        return await self._end(request, RedirectResponse("/", 303))

    async def _json(self, request: Request, known: set[str]) -> dict[str, str]:
        refuse_foreign(request, self.origin)
        await self.limiter.check(client_key(request))
        values = await read_json_object(request, MAX_FORM)
        fields = {name: NO_SUCH_FIELD for name in values if name not in known}
        fields |= {name: "this is needed" for name in ("email", "password") if name not in values}
        fields |= {name: "must be a text" for name, value in values.items() if value is not None and not _text(value)}
        if fields:
            raise wrong_fields(fields)
        return values

    async def _sign_up(self, request: Request, email: str, password: str, name: str | None) -> tuple[Account, str]:
        with _fields_of_the_form():
            account, token = await self.session_auth.accounts.sign_up(
                email, password, name, caller=client_key(request), device=device_of(request)
            )
        self.mails.send_verification(account.id)
        return account, token

    async def _sign_up_by_mail(self, request: Request, email: str, password: str, name: str | None) -> None:
        """Make an account, or tell the owner of the one that is there. The answer is the same, and so is its time."""
        with _fields_of_the_form():
            address = clean_email(email)
            account = await self.session_auth.accounts.sign_up_by_mail(
                email, password, name, caller=client_key(request)
            )
        may_mail = await self.mail_limit.allows(email_key(address))
        if account is not None:
            self.mails.send_verification(account.id)
        elif may_mail:
            self.mails.send_exists(address)

    async def _sign_in(self, request: Request, email: str, password: str) -> tuple[Account, str]:
        if request.url.path == "/sign-in":
            await self.limiter.check(client_key(request))
        try:
            account, token = await self.session_auth.accounts.sign_in(
                email,
                password,
                client_key(request),
                device=device_of(request),
                known=self.session_auth.device(request),
            )
        except (SignInRefused, TooManyAttempts) as error:
            await self._note_failure(request, email, error)
            raise
        await note_sign_in(self.audit, request, account, "password")
        return account, token

    def _wait(self, error: SecondFactorNeeded, response: Response) -> Response:
        """Put the wait for the second factor on the response."""
        self.session_auth.keep_waiting(response, str(error.data["challenge"]))
        return response

    async def _note_failure(self, request: Request, email: str, error: AuthError) -> None:
        """Record a failed sign-in: of an account by its ID, of an unknown address without it (it may be a password)."""
        account = await self.session_auth.accounts.find(email=email)
        note = AuditNote("session.failed", account.id if account else None, "refused", details={"reason": error.code})
        await self.audit.write_failure(actor_of(request), note)

    async def _end(self, request: Request, response: Response) -> Response:
        if token := self.session_auth.token(request):
            visitor = await self.session_auth.current(request)
            await self.session_auth.accounts.sign_out(token)
            if visitor is not None and (visitor.roles or visitor.studio_role):
                await self.audit.write(actor_of(request, visitor), AuditNote("session.ended", visitor.id))
        self.session_auth.forget(response)
        return response

    def _draw(
        self, request: Request, is_new: bool, target: str, values: dict[str, str], error: PayloomError | None = None
    ) -> Response:
        problem: dict[str, Any] | None = None
        if error is not None:
            problem = {"message": error.message, "hint": error.hint, "field": error.data.get("field")}
        context = {
            "title": "Create an account" if is_new else "Sign in",
            "is_new": is_new,
            "next": target,
            "reset": "reset" in request.query_params,
            "sent": is_new and "sent" in request.query_params,
            "values": {"email": values.get("email"), "name": values.get("name")},
            "error": problem,
        }
        status = error.status if error else 200
        return self.page_routes.render(request, f"{OWN}/sign-in.html.j2", None, context, status)


@contextlib.contextmanager
def _fields_of_the_form() -> Generator[None]:
    """Note on an error which field of the form it is about."""
    try:
        yield
    except AuthError as error:
        if field := _FIELDS.get(error.code):
            error.data["errors"] = [{"field": field, "message": error.message, "hint": error.hint}]
            error.data["field"] = field
        raise


def _text(value: Any) -> bool:
    return isinstance(value, str)
