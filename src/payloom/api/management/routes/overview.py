"""What needs attention, search, and the timeline of a payment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from starlette.requests import Request

from payloom.api.http.serialization import to_plain
from payloom.api.management.access.auth import caller_of
from payloom.api.management.access.roles import SEES_ACCOUNTS, has_role
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.overview import ApprovalList, JourneyView, Overview, SearchAnswer
from payloom.views.dashboard import dashboard
from payloom.views.payment_timeline import TimelineEntry, payment_timeline
from payloom.views.references.search import suggest

STUDIO = "/studio"
FRESH_WITHIN = 0.1
"""Seconds that a search may spend on what the index does not have yet."""
_DONE = frozenset({"succeeded", "canceled", "refunded", "partially_refunded", "disputed", "requires_capture"})
"""The states of an intent whose session, if it has one, has sent its event."""
_PAGES = {"event": "events", "run": "runs", "mail": "mail", "workflow": "workflows", "table": "tables"}


router = APIRouter(tags=["overview"])


@router.get("/overview", response_model=Overview)
async def get_overview(deps: Dependencies) -> Any:
    """Return what needs attention, the latest payments, and counts of the last 24 hours."""
    await deps.inbox.flush_rejections(force=True)
    # What became of a payment is known by what is linked to it: refunds, disputes, the session.
    await deps.index.catch_up(FRESH_WITHIN)
    now = deps.clock.now()
    seen = await deps.database.read(lambda tx: dashboard(tx, now))
    return to_plain({**seen, "alerts": await deps.alerts.firing()})


@router.get("/approvals", response_model=ApprovalList)
async def list_approvals(deps: Dependencies) -> Any:
    """List the approvals that runs wait for, oldest first."""
    return {"data": to_plain(await deps.run_queries.approvals())}


@router.get("/search", response_model=SearchAnswer)
async def search(deps: Dependencies, request: Request, q: Annotated[str, Query(min_length=1, max_length=200)]) -> Any:
    """Search by any ID (order, pi_, cs_, ch_, re_, sub_, in_, evt_, run, mail), email address, or workflow."""
    complete = await deps.index.catch_up(FRESH_WITHIN)
    workflows = {workflow.id: workflow.name for workflow in deps.publisher.workflows.values()}
    with_accounts = has_role(caller_of(request).role, SEES_ACCOUNTS)
    suggestions = await deps.database.read(
        lambda tx: suggest(tx, q, deps.tables, workflows, with_accounts=with_accounts)
    )
    hits = [{**to_plain(hit), "href": href(hit.kind, hit.id)} for hit in suggestions]
    return {"data": hits, "complete": complete}


@router.get("/journey/{any_id:path}", response_model=JourneyView)
async def get_journey(deps: Dependencies, any_id: Annotated[str, Path(min_length=1, max_length=200)]) -> Any:
    """Return everything related to an ID on one timeline, oldest first."""
    complete = await deps.index.catch_up(FRESH_WITHIN)
    timeline = await deps.database.read(lambda tx: payment_timeline(tx, any_id, deps.tables))
    linked = await _attempts(deps, timeline.entries)
    if linked:
        timeline = await deps.database.read(lambda tx: payment_timeline(tx, any_id, deps.tables, linked))
    return {
        "subject": {"id": timeline.id, "kind": timeline.kind},
        "entries": [{**to_plain(entry), "href": href(entry.kind, entry.id)} for entry in timeline.entries],
        "truncated": timeline.truncated,
        "complete": complete,
    }


async def _attempts(deps: ManagementDependencies, entries: Sequence[TimelineEntry]) -> list[str]:
    """Return what Stripe names of a Checkout session that is open: no event links a declined attempt with it."""
    sessions = [entry for entry in entries if entry.kind == "session"]
    intents = [entry for entry in entries if entry.kind == "intent"]
    if not sessions:
        return await deps.checkout_attempts.sessions_of(entry.id for entry in intents if entry.status not in _DONE)
    known = {entry.id for entry in intents}
    attempted = await deps.checkout_attempts.intents_of(entry.id for entry in sessions if entry.status == "open")
    return [intent for intent in attempted if intent not in known]


def href(kind: str, key: str) -> str:
    """Return the address of something in the studio."""
    return f"{STUDIO}/{_PAGES.get(kind, 'journey')}/{quote(key, safe='')}"
