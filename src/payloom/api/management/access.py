"""Who may manage: whoever has the admin token, or is signed in here with the role `admin`."""

from __future__ import annotations

import hmac

from pydantic import SecretStr
from starlette.requests import Request

from payloom.api.errors import NotAllowed, NotSignedIn
from payloom.api.origin import refuse_foreign
from payloom.api.visitors import Visitors

ROLE = "admin"


class Gate:
    """Lets managers in. Used as a FastAPI dependency; returns who it is, for the record."""

    def __init__(self, visitors: Visitors, token: SecretStr | None, origin: str) -> None:
        """token: None means that only signed-in admins may."""
        self._visitors = visitors
        self._token = token
        self._origin = origin

    async def __call__(self, request: Request) -> str:
        """Return `token` or the admin's e-mail address; raises NotSignedIn, NotAllowed or CrossSiteRequest."""
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if given and kind.lower() == "bearer":
            if self._token and hmac.compare_digest(given.encode(), self._token.get_secret_value().encode()):
                return "token"
            raise NotSignedIn("the admin token is not right", hint="It is the value of PAYLOOM_ADMIN_TOKEN.")
        visitor = await self._visitors.current(request)
        if visitor is None:
            raise NotSignedIn(hint="Sign in as an admin, or send the admin token as a bearer token.")
        if ROLE not in visitor.roles:
            raise NotAllowed("this needs the role admin")
        refuse_foreign(request, self._origin)
        return visitor.email
