"""Who is asking: the seam between requests and accounts, and the cookies of a visit.

Four cookies, all unreadable by scripts and not sent along from other sites: the session, a sign-in that waits for the
second factor, a random value that forms must repeat (`csrf_token`), and the mark of a device on which somebody signed
in. Over https their names carry the
`__Host-` prefix, so no other subdomain can set them.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from payloom.api.http.errors import CrossSiteRequest, NotAllowed, NotSignedIn
from payloom.auth.accounts import Account
from payloom.auth.factors.sign_in import WAITS_FOR
from payloom.auth.service import AccountService
from payloom.auth.sessions import CurrentSession
from payloom.kit.ids import new_token
from payloom.runs.start_rights import auth_allows

CSRF_FIELD = "csrf_token"

FindUser = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""Returns the account with an email address as workflows see it, or None."""


def as_user(account: Account) -> dict[str, Any]:
    """Return what workflows and pages see as `user`: `{id, email, email_verified, name, roles}`."""
    return {
        "id": account.id,
        "email": account.email,
        "email_verified": account.verified,
        "name": account.name,
        "roles": list(account.roles),
    }


def sole_cookie(request: Request, name: str) -> str | None:
    """Return the value of the one cookie with exactly this name; None without one, and where there are several.

    A browser guards names that begin with `__Host-`. A neighbor's cookie whose name only becomes one of them when
    odd blanks are taken off, or that stands beside the real one, must not take its place.
    """
    pairs = [
        part.strip(" \t").partition("=") for field in request.headers.getlist("cookie") for part in field.split(";")
    ]
    values = [value for own, _, value in pairs if own == name]
    return values[0] or None if len(values) == 1 else None


class SessionAuth:
    """Reads and writes the cookies of a visit."""

    def __init__(self, accounts: AccountService, *, secure: bool) -> None:
        """secure: cookies are sent over https only."""
        self.accounts = accounts
        prefix = "__Host-" if secure else ""
        self._secure = secure
        self.session_cookie = f"{prefix}payloom_session"
        self.csrf_cookie = f"{prefix}payloom_csrf"
        self.device_cookie = f"{prefix}payloom_device"
        self.waiting_cookie = f"{prefix}payloom_sign_in"

    def token(self, request: Request) -> str | None:
        """Return the session's token as the browser sent it."""
        return sole_cookie(request, self.session_cookie)

    async def current(self, request: Request) -> Account | None:
        """Return the signed-in person, or None. Asked once per request."""
        state = request.scope.setdefault("state", {})
        if "visitor" not in state:
            session = await self.accounts.current_session(self.token(request))
            state["session"], state["visitor"] = session, session.account if session else None
        return state["visitor"]

    async def session(self, request: Request) -> CurrentSession | None:
        """Return the session of the signed-in person, or None."""
        await self.current(request)
        return request.scope["state"].get("session")

    async def allowed(self, request: Request, auth: str | Sequence[str]) -> Account | None:
        """Return the current user, if `auth` allows it; raises NotSignedIn or NotAllowed. `none`: no look-up."""
        if auth == "none":
            return None
        visitor = await self.current(request)
        if auth == "optional":
            return visitor
        if visitor is None:
            raise NotSignedIn(hint="Sign in at /sign-in, or POST /api/auth/sign-in.")
        if not auth_allows(auth, as_user(visitor)):
            needed = auth if isinstance(auth, str) else " or ".join(auth)
            raise NotAllowed(f"this needs the role {needed}", hint="Ask an admin for the role.")
        return visitor

    def keep(self, response: Response, token: str) -> None:
        """Set the session cookie."""
        self._set(response, self.session_cookie, token, max_age=60 * 60 * 24 * 30)

    def waiting(self, request: Request) -> str:
        """Return the token of a sign-in that waits for the second factor."""
        return sole_cookie(request, self.waiting_cookie) or ""

    def keep_waiting(self, response: Response, challenge: str) -> None:
        """Set the cookie of a sign-in that waits for the second factor."""
        self._set(response, self.waiting_cookie, challenge, max_age=int(WAITS_FOR.total_seconds()))

    def device(self, request: Request) -> str | None:
        """Return the mark of a device on which somebody signed in before."""
        return sole_cookie(request, self.device_cookie)

    def keep_device(self, response: Response, mark: str) -> None:
        """Set the mark; it stays when the session ends."""
        self._set(response, self.device_cookie, mark, max_age=60 * 60 * 24 * 365)

    def forget(self, response: Response) -> None:
        """Remove the session cookie."""
        self._delete(response, self.session_cookie)

    def forget_waiting(self, response: Response) -> None:
        """Remove the cookie of a sign-in that waited for the second factor."""
        self._delete(response, self.waiting_cookie)

    def csrf_token(self, request: Request) -> str:
        """Return the value this visit's forms must repeat; `keep_csrf` must set it on the answer."""
        state: dict[str, Any] = request.scope.setdefault("state", {})
        if "csrf" not in state:
            state["csrf"] = sole_cookie(request, self.csrf_cookie) or new_token()
        return state["csrf"]

    def keep_csrf(self, request: Request, response: Response) -> None:
        """Set the cookie that belongs to `csrf_token`, unless the browser has it."""
        token = self.csrf_token(request)
        if sole_cookie(request, self.csrf_cookie) != token:
            self._set(response, self.csrf_cookie, token, max_age=None)

    def check_csrf(self, request: Request, fields: Mapping[str, str]) -> None:
        """Raise CrossSiteRequest unless a posted form repeats the visit's value."""
        cookie = sole_cookie(request, self.csrf_cookie) or ""
        token = fields.get(CSRF_FIELD, "")
        if not cookie or not hmac.compare_digest(cookie.encode(), token.encode()):
            raise CrossSiteRequest("the form is not from this visit", hint="Go back, reload the page and try again.")

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def _set(self, response: Response, name: str, value: str, *, max_age: int | None) -> None:
        response.set_cookie(name, value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite="lax")
