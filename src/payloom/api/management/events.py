"""The inbox: events as they arrived, what was turned away, replay and catch-up."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from payloom.api.jsonable import to_plain
from payloom.api.management.models.events import CatchUpReport, EventDetail, EventList, RejectionList, Started
from payloom.api.management.parts import Parts
from payloom.api.management.roles import editor


def router(parts: Parts) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/events", tags=["events"])

    @routes.get("", response_model=EventList)
    async def list_events(
        type: str | None = None,  # noqa: A002 - Stripe's own word
        object: str | None = None,  # noqa: A002 - Stripe's own word
        before: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Any:
        """Newest first, without payloads."""
        found = await parts.inbox.list(type=type, object_id=object, before=before, limit=limit)
        return {"data": to_plain(found), "next": found[-1]["id"] if len(found) == limit else None}

    @routes.get("/rejected", response_model=RejectionList)
    async def list_rejections() -> Any:
        """What was turned away, counted by reason."""
        return {"data": to_plain(await parts.inbox.rejected())}

    @routes.get("/{event_id}", response_model=EventDetail)
    async def get_event(event_id: str) -> Any:
        """One event with its payload and the runs it started."""
        event = await parts.inbox.get(event_id)
        found = await parts.runs.queries.list(event_id=event_id, limit=50)
        shown = to_plain(event)
        shown.pop("raw")
        return {**shown, "runs": [to_plain({**one, "workflow": one["workflow_id"]}) for one in found]}

    @routes.post("/{event_id}/replay", response_model=Started, openapi_extra=editor())
    async def replay_event(event_id: str, workflow: str | None = None) -> Any:
        """Run the matching workflows again, as new runs."""
        return {"runs": list(await parts.runs.replay(event_id, workflow_id=workflow))}

    @routes.post("/catch-up", response_model=CatchUpReport, openapi_extra=editor())
    async def catch_up() -> Any:
        """Ask Stripe for events that never arrived."""
        return to_plain(await parts.catch_up())

    return routes
