"""Authentication: the admin token, or a signed-in user with the role of the route."""

from __future__ import annotations

import dataclasses
import hmac
from typing import Literal

import structlog
from pydantic import SecretStr
from starlette.requests import Request

from payloom.api.account.proof import require_fresh
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import SessionAuth, as_user
from payloom.api.http.errors import NotAllowed, NotSignedIn, SecondFactorMissing
from payloom.api.http.same_origin import refuse_foreign
from payloom.api.limits.rate_limit import Counters, SharedLimiter
from payloom.api.management.access.proof import proof_needed
from payloom.api.management.access.roles import ANYBODY, has_role, required_role
from payloom.db.errors import DatabaseError
from payloom.kit.clock import Clock
from payloom.runs.start_rights import Person
from payloom.settings.sections.access import AccessSettings
from payloom.settings.studio_roles import StudioRole

log = structlog.get_logger("payloom.http")

GUESSES = (10, 60.0)
"""Wrong tokens per seconds from one address; then none from there is looked at for a while, the right one neither."""


SIGN_INS = (30, 60.0)
"""Tries to sign in per seconds from one client."""


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Who manages. email: None for the bearer of the admin token. roles: the project's own."""

    role: StudioRole
    via: Literal["token", "session"]
    email: str | None = None
    name: str | None = None
    roles: tuple[str, ...] = ()

    @property
    def by(self) -> str:
        """What is written down of who did something."""
        return self.email or "token"

    @property
    def decides_as(self) -> tuple[str, ...] | None:
        """The project's roles in which this person decides; None: in any, because an admin may give them to anybody."""
        return None if self.role == "admin" else self.roles


class ManagementAuth:
    """Lets managers in. Used as a FastAPI dependency; what it finds is read with `caller_of`."""

    def __init__(
        self,
        session_auth: SessionAuth,
        token: SecretStr | None,
        origin: str,
        counters: Counters,
        *,
        access: AccessSettings,
        clock: Clock,
    ) -> None:
        """token: None means that only people who are signed in may. counters: of wrong tokens, for every process.

        access: what staff must show.
        """
        self._access = access
        self._clock = clock
        self.sign_in_limiter = SharedLimiter("session", *SIGN_INS, counters)
        """Counts tries to sign in, by client."""
        self._guesses = SharedLimiter("admin-token", *GUESSES, counters)
        self._session_auth = session_auth
        self._token = token
        self._origin = origin

    async def __call__(self, request: Request) -> None:
        """Raise NotSignedIn, NotAllowed or CrossSiteRequest, or note who it is."""
        required = required_role(request.scope.get("route"), request.method)
        if required == ANYBODY:
            refuse_foreign(request, self._origin)
            return
        caller = await self.caller(request)
        request.scope["state"]["caller"] = caller
        if not has_role(caller.role, required):
            raise NotAllowed(
                f"this needs the role {required}, and yours is {caller.role}", hint="Ask an admin.", role=required
            )
        if proof_needed(request.scope.get("route")):
            await self.require_proof(request)

    async def require_proof(self, request: Request) -> None:
        """Raise `ProofNeeded` unless who was let in proved to be there lately, or has the admin token."""
        minutes = self._access.proof_minutes
        if minutes is None or caller_of(request).via == "token":
            return
        session = await self._session_auth.session(request)
        if session is None:
            raise NotSignedIn
        require_fresh(session, self._clock.now(), minutes)

    async def again(self, request: Request) -> None:
        """Look anew at who made a request that is still being answered. Raises as the first look did."""
        request.scope["state"].pop("visitor", None)
        await self(request)

    async def caller(self, request: Request) -> Caller:
        """Return who asks; raises NotSignedIn, NotAllowed or CrossSiteRequest."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if token and kind.lower() == "bearer":
            # Before the token is looked at, or else a right guess would still get through.
            self._guesses.peek(client_key(request))
            if self._token and hmac.compare_digest(token.encode(), self._token.get_secret_value().encode()):
                return Caller("admin", "token")
            await self._count(request)
            raise NotSignedIn("the admin token is wrong", hint="Send the value of PAYLOOM_ADMIN_TOKEN.")
        visitor = await self._session_auth.current(request)
        if visitor is None:
            raise NotSignedIn(hint="Sign in as an admin, or send the admin token as a bearer token.")
        role = visitor.studio_role
        if role is None:
            raise NotAllowed("your account has no role in the studio", hint="Ask an admin.")
        refuse_foreign(request, self._origin)
        session = await self._session_auth.session(request)
        if self._access.second_factor == "required" and not (session and session.second_factor):
            raise SecondFactorMissing(hint="Add one at /second-factor, then reload the studio.")
        return Caller(role, "session", visitor.email, visitor.name, visitor.roles)

    async def _count(self, request: Request) -> None:
        try:
            await self._guesses.check(client_key(request))
        except DatabaseError:
            # Counted in memory all the same. The right token must open while the database is away.
            log.warning("wrong_token_not_counted")


def caller_of(request: Request) -> Caller:
    """Return who was let in."""
    return request.scope["state"]["caller"]


def person_of(request: Request) -> Person:
    """Return who was let in, as the one who starts runs."""
    caller = caller_of(request)
    visitor = request.scope["state"].get("visitor") if caller.via == "session" else None
    return Person(caller.by, caller.role, as_user(visitor) if visitor is not None else None)
