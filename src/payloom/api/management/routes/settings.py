"""Return the effective settings, with secrets redacted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter

from payloom.api.http.serialization import to_plain
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.settings import SettingsView
from payloom.inbox.models import events

router = APIRouter(tags=["settings"])


@router.get("/settings", response_model=SettingsView)
async def get_settings(deps: Dependencies) -> Any:
    """Return the effective settings, with secrets redacted."""
    columns = sa.select(events.c.received_at).where(events.c.source == "webhook")
    query = columns.order_by(events.c.received_at.desc(), events.c.id.desc()).limit(1)
    last = await deps.database.read(lambda tx: tx.execute(query).scalar())
    public = {**deps.settings.public(), "webhook_url": deps.settings.webhook_url, "last_webhook": last}
    return to_plain(public)
