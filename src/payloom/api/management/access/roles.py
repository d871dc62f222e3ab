"""Who may do what: viewers read, editors change workflows and do things again, admins do everything.

A route says its role in the OpenAPI document (`x-role`), and that is what the gate reads. Unmarked routes need a viewer
to be read and an admin for everything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from payloom.api.http.same_origin import SAFE_METHODS
from payloom.api.management.models.answers import Role

ORDER: tuple[Role, ...] = ("viewer", "editor", "admin")
KEY = "x-role"
ANYBODY = "anybody"


def anybody() -> dict[str, Any]:
    """Mark a route that is open to people who are not signed in."""
    return {KEY: ANYBODY}


def viewer() -> dict[str, Any]:
    """Mark a route for viewers, also when it is no reading one."""
    return {KEY: "viewer"}


def editor() -> dict[str, Any]:
    """Mark a route for editors."""
    return {KEY: "editor"}


def admin() -> dict[str, Any]:
    """Mark a route for admins, also when it only reads."""
    return {KEY: "admin"}


def role_of(roles: Iterable[str]) -> Role | None:
    """Return the strongest of an account's roles that counts here, or None."""
    names = set(roles)
    return next((role for role in reversed(ORDER) if role in names), None)


def role_for(method: str) -> Role:
    """Return what an unmarked operation needs."""
    return "viewer" if method.upper() in SAFE_METHODS else "admin"


def required_role(route: Any, method: str) -> str:
    """Return the role that a route needs, or `anybody`."""
    marks: Mapping[str, Any] = getattr(route, "openapi_extra", None) or {}
    return str(marks.get(KEY) or role_for(method))


def has_role(role: Role, required: str) -> bool:
    """Whether `role` is at least `required`."""
    return ORDER.index(role) >= ORDER.index(required)
