"""The account that a run is to act as."""

from __future__ import annotations

from typing import Any

from payloom.api.http.current_user import FindUser
from payloom.api.http.errors import BadRequest


async def account_as_user(find_user: FindUser, email: str | None) -> dict[str, Any] | None:
    """Return the account with this address as workflows see it; None if no address is given. Raises `BadRequest`."""
    if email is None:
        return None
    user = await find_user(email)
    if user is None:
        raise BadRequest(f"there is no account {email!r}", hint="Make one at /sign-up.")
    return dict(user)
