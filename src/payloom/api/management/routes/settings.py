"""The settings in force, without secrets."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from payloom.api.http.serialization import to_plain
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.models.settings import SettingsView
from payloom.inbox.models import events


def router(parts: ManagementDependencies) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["settings"])

    @routes.get("/settings", response_model=SettingsView)
    async def get_settings() -> Any:
        """The settings in force, without secrets."""
        columns = sa.select(events.c.received_at).where(events.c.source == "webhook")
        query = columns.order_by(events.c.received_at.desc(), events.c.id.desc()).limit(1)
        last = await parts.database.read(lambda tx: tx.execute(query).scalar())
        shown = {**parts.settings.public(), "webhook_url": parts.settings.webhook_url, "last_webhook": last}
        return to_plain(shown)

    return routes
