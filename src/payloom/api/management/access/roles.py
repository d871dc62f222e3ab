"""Which role in the studio a call needs, as an extension of the OpenAPI document (`x-role`).

Viewers read, support does things again, editors change workflows, admins do everything. Unmarked routes need a viewer
to be read and an admin for everything else. `payloom.api.management.access.rights` has the rights in words.
"""

from __future__ import annotations

from typing import Any

from payloom.api.http.same_origin import SAFE_METHODS
from payloom.api.management.access.marks import marks_of
from payloom.settings.studio_roles import StudioRole, includes

KEY = "x-role"
ANYBODY = "anybody"
SEES_ACCOUNTS: StudioRole = "support"
"""The role from which on a person sees who has an account, at every door."""


def anybody() -> dict[str, Any]:
    """Mark a route that is open to people who are not signed in."""
    return {KEY: ANYBODY}


def viewer() -> dict[str, Any]:
    """Mark a route for viewers, also when it is no reading one."""
    return {KEY: "viewer"}


def support() -> dict[str, Any]:
    """Mark a route for support."""
    return {KEY: "support"}


def editor() -> dict[str, Any]:
    """Mark a route for editors."""
    return {KEY: "editor"}


def admin() -> dict[str, Any]:
    """Mark a route for admins, also when it only reads."""
    return {KEY: "admin"}


def role_for(method: str) -> StudioRole:
    """Return what an unmarked operation needs."""
    return "viewer" if method.upper() in SAFE_METHODS else "admin"


def required_role(route: Any, method: str) -> Any:
    """Return the role that a route needs, or `anybody`."""
    return marks_of(route).get(KEY) or role_for(method)


def has_role(role: StudioRole, required: StudioRole) -> bool:
    """Whether `role` is at least `required`."""
    return includes(role, required)
