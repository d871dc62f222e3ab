"""Alerts: what is watched, what fires, and a test of the receivers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request

from payloom.api.http.audit import audit_note
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.overview import AlertList, SentAlerts

router = APIRouter(prefix="/alerts", tags=["alerts"])


@router.get("", response_model=AlertList)
async def list_alerts(deps: Dependencies) -> Any:
    """List every alert with its threshold, its state, and what is measured now."""
    await deps.inbox.flush_rejections(force=True)
    alerts = deps.settings.alerts
    receivers = [*alerts.emails, *([alerts.origin] if alerts.origin else [])]
    return {"data": to_plain(await deps.alerts.list()), "receivers": receivers}


@router.post(
    "/test",
    response_model=SentAlerts,
    openapi_extra=audited("alerts.tested", after="the receivers are other programs") | begins_anew(),
)
async def test_alerts(deps: Dependencies, request: Request) -> Any:
    """Send a test message to every receiver now, and return what became of each."""
    results = await deps.alerts.send_test()
    audit_note(request).on(", ".join(str(result["to"]) for result in results))
    return {"data": to_plain(results)}
