"""The studio's roles: a list of their own, apart from the roles that a project gives its users."""

from __future__ import annotations

from typing import Literal, get_args

StudioRole = Literal["viewer", "support", "editor", "admin"]
STUDIO_ROLES: tuple[StudioRole, ...] = get_args(StudioRole)
"""From the least to the most: each may do what the ones before it may."""


def includes(role: StudioRole, needed: StudioRole) -> bool:
    """Whether `role` may do what `needed` may."""
    return STUDIO_ROLES.index(role) >= STUDIO_ROLES.index(needed)
