"""Who asks, and where they are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from payloom import __version__
from payloom.api.management.access.auth import caller_of
from payloom.api.management.access.roles import has_role
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.answers import Me
from payloom.pages.document import SUFFIX
from payloom.project.publish_rights import least_publisher

router = APIRouter(tags=["access"])


@router.get("/me", response_model=Me)
async def get_me(deps: Dependencies, request: Request) -> Any:
    """Return the current user, their role, and the project."""
    caller, settings = caller_of(request), deps.settings
    session = await deps.session_auth.session(request) if caller.via == "session" else None
    return {
        "email": caller.email,
        "name": caller.name,
        "role": caller.role,
        "roles": list(caller.roles),
        "via": caller.via,
        "second_factor": session is not None and session.second_factor,
        "project": settings.name,
        "env": settings.environment,
        "livemode": settings.stripe.livemode,
        "local_stripe": settings.stripe.api_base if settings.stripe.mode == "local" else None,
        "site_url": settings.site_url,
        "has_pages": any((settings.root / "pages").glob(f"*{SUFFIX}")),
        "editable": settings.studio_edit and has_role(caller.role, "editor"),
        "publishes": settings.studio_edit and has_role(caller.role, least_publisher(settings.studio_publish)),
        "publish_policy": settings.studio_publish,
        "version": __version__,
    }
