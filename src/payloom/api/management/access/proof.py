"""Which calls of the management API need a fresh proof of their caller, as an extension of the OpenAPI document.

The admin token is a proof of its own. Where `auth.staff.proof_minutes` is not set, as in dev, nothing is asked for.
"""

from __future__ import annotations

from typing import Any

from payloom.api.management.access.marks import marks_of

KEY = "x-proof"


def needs_proof() -> dict[str, Any]:
    """Mark a dangerous route: who is signed in must have proved to be there lately."""
    return {KEY: "fresh"}


def proof_needed(route: Any) -> bool:
    """Whether a route needs a fresh proof."""
    return KEY in marks_of(route)
