"""The settings in force, without secrets."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from payloom.api.jsonable import to_plain
from payloom.api.management.models.settings import SettingsView
from payloom.api.management.parts import Parts


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["settings"])

    @routes.get("/settings", response_model=SettingsView)
    async def get_settings() -> Any:
        """The settings in force, without secrets."""
        return {**to_plain(parts.settings.public()), "webhook_url": parts.settings.webhook_url}

    return routes
