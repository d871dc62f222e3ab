"""What needs attention, search, and the timeline of a payment."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query

from payloom.api.http.serialization import to_plain
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.overview import ApprovalList, JourneyView, Overview, SearchAnswer
from payloom.views.dashboard import dashboard
from payloom.views.payment_timeline import payment_timeline
from payloom.views.references.search import suggest

STUDIO = "/studio"
FRESH_WITHIN = 0.1
"""Seconds that a search may spend on what the index does not have yet."""
_PAGES = {"event": "events", "run": "runs", "mail": "mail", "workflow": "workflows", "table": "tables"}


router = APIRouter(tags=["overview"])


@router.get("/overview", response_model=Overview)
async def get_overview(deps: Dependencies) -> Any:
    """Return what needs attention, the latest payments, and counts of the last 24 hours."""
    await deps.inbox.flush_rejections(force=True)
    now = deps.clock.now()
    seen = await deps.database.read(lambda tx: dashboard(tx, now))
    return to_plain({**seen, "alerts": await deps.alerts.firing()})


@router.get("/approvals", response_model=ApprovalList)
async def list_approvals(deps: Dependencies) -> Any:
    """List the approvals that runs wait for, oldest first."""
    return {"data": to_plain(await deps.run_queries.approvals())}


@router.get("/search", response_model=SearchAnswer)
async def search(deps: Dependencies, q: Annotated[str, Query(min_length=1, max_length=200)]) -> Any:
    """Search by any ID (order, pi_, cs_, ch_, re_, sub_, in_, evt_, run, mail), email address, or workflow."""
    complete = await deps.index.catch_up(FRESH_WITHIN)
    workflows = {workflow.id: workflow.name for workflow in deps.publisher.workflows.values()}
    suggestions = await deps.database.read(lambda tx: suggest(tx, q, deps.tables, workflows))
    hits = [{**to_plain(hit), "href": href(hit.kind, hit.id)} for hit in suggestions]
    return {"data": hits, "complete": complete}


@router.get("/journey/{any_id:path}", response_model=JourneyView)
async def get_journey(deps: Dependencies, any_id: Annotated[str, Path(min_length=1, max_length=200)]) -> Any:
    """Return everything related to an ID on one timeline, oldest first."""
    complete = await deps.index.catch_up(FRESH_WITHIN)
    timeline = await deps.database.read(lambda tx: payment_timeline(tx, any_id, deps.tables))
    return {
        "subject": {"id": timeline.id, "kind": timeline.kind},
        "entries": [{**to_plain(entry), "href": href(entry.kind, entry.id)} for entry in timeline.entries],
        "truncated": timeline.truncated,
        "complete": complete,
    }


def href(kind: str, key: str) -> str:
    """Return the address of something in the studio."""
    return f"{STUDIO}/{_PAGES.get(kind, 'journey')}/{quote(key, safe='')}"
