"""What the routes around one's own account share: their collaborators, and how they read bodies and draw pages."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from payloom.api.account.mails import AccountMails
from payloom.api.http.client_address import client_key
from payloom.api.http.current_user import SessionAuth
from payloom.api.http.errors import NO_SUCH_FIELD, NotSignedIn, wrong_fields
from payloom.api.http.request_body import MAX_FORM, read_form, read_json_object
from payloom.api.http.same_origin import refuse_foreign
from payloom.api.limits.rate_limit import Counters, SharedLimiter
from payloom.api.page_routes import PageRoutes
from payloom.audit.trail import AuditTrail
from payloom.auth.accounts import Account
from payloom.auth.factors.service import SecondFactors
from payloom.auth.lifecycle.recovery import AccountRecovery
from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.kit.errors import PayloomError
from payloom.pages.templates import OWN
from payloom.settings.sections.access import SignUpAnswer


@dataclasses.dataclass(frozen=True, slots=True)
class AccountContext:
    """The collaborators of the routes. origin: the site's own. counters: of tries, for every process.

    proof_minutes: for which a proof of the owner holds; None: as long as where nothing is set.
    """

    session_auth: SessionAuth
    page_routes: PageRoutes
    origin: str
    counters: Counters
    audit: AuditTrail
    mails: AccountMails
    recovery: AccountRecovery
    factors: SecondFactors
    proof_minutes: int | None
    sign_up: SignUpAnswer
    database: Database
    clock: Clock

    def limiter(self, purpose: str, count: int, seconds: float) -> SharedLimiter:
        """Return a limit of tries."""
        return SharedLimiter(purpose, count, seconds, self.counters)

    async def signed_in(self, request: Request) -> Account:
        """Return who asks; raises `NotSignedIn`."""
        visitor = await self.session_auth.current(request)
        if visitor is None:
            raise NotSignedIn
        return visitor

    async def json(
        self, request: Request, limiter: SharedLimiter, needed: Collection[str], optional: Collection[str] = ()
    ) -> dict[str, str]:
        """Return the fields of a body of texts; raises `BadRequest` with what is wrong with each, and counts a try."""
        refuse_foreign(request, self.origin)
        await limiter.check(client_key(request))
        values = await read_json_object(request, MAX_FORM)
        fields = {name: NO_SUCH_FIELD for name in values if name not in {*needed, *optional}}
        fields |= {name: "this is needed" for name in needed if name not in values}
        fields |= {name: "must be a text" for name, value in values.items() if not isinstance(value, str)}
        if fields:
            raise wrong_fields(fields)
        return values

    async def form(self, request: Request, limiter: SharedLimiter | None = None) -> dict[str, str]:
        """Return the fields of a posted form of this visit, and count a try."""
        refuse_foreign(request, self.origin, form=True)
        values = await read_form(request)
        self.session_auth.check_csrf(request, values)
        if limiter is not None:
            await limiter.check(client_key(request))
        return values

    def draw(
        self,
        request: Request,
        page: str,
        visitor: Account | None,
        context: dict[str, Any],
        error: PayloomError | None = None,
    ) -> Response:
        """Return one of Payloom's own pages. What a link opens is not told to other sites, nor kept."""
        problem = {"message": error.message, "hint": error.hint, "code": error.code} if error else None
        status = error.status if error else 200
        response = self.page_routes.render(
            request, f"{OWN}/{page}.html.j2", visitor, {**context, "error": problem}, status
        )
        response.headers["referrer-policy"] = "no-referrer"
        response.headers["cache-control"] = "no-store"
        if error is not None and "retry_after" in error.data:
            response.headers["retry-after"] = str(error.data["retry_after"])
        return response


def for_the_form(error: PayloomError) -> PayloomError:
    """Return an error that a form shows; raise one that is the server's."""
    if error.status >= 500 and error.code != "sign_in_busy":
        raise error
    return error
