"""A fresh proof: for a dangerous change it is not enough to be signed in; the owner proved to be there lately."""

from __future__ import annotations

import datetime as dt

from payloom.api.http.errors import ProofNeeded
from payloom.auth.sessions import CurrentSession

PROVE_PATH = "/prove"


def require_fresh(session: CurrentSession, now: dt.datetime, minutes: int) -> None:
    """Raise `ProofNeeded` if the owner proved to be there more than so many minutes ago."""
    if now - session.proved_at > dt.timedelta(minutes=minutes):
        raise ProofNeeded(
            "confirm that it is you: the last proof is too old",
            hint=f"Open {PROVE_PATH}, or POST /api/auth/prove; then try again.",
        )
