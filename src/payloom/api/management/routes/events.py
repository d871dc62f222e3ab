"""The inbox: events as they arrived, rejected requests, replay, and backfill."""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar

import sqlalchemy as sa
from fastapi import APIRouter, Query
from starlette.requests import Request

from payloom.api.http.audit import audit_note
from payloom.api.http.errors import ApiError
from payloom.api.http.serialization import to_plain
from payloom.api.management.access.audit import audited
from payloom.api.management.access.auth import person_of
from payloom.api.management.access.repeats import begins_anew
from payloom.api.management.access.roles import support
from payloom.api.management.dependencies import ManagementDependencies
from payloom.api.management.injection import Dependencies
from payloom.api.management.models.answers import Outcomes
from payloom.api.management.models.events import (
    CatchUpReport,
    EventDetail,
    EventList,
    LastCatchUp,
    RejectionList,
    ReplayMany,
    Started,
)
from payloom.api.management.routes.bulk import bulk_item, bulk_result, note_bulk
from payloom.api.management.routes.overview import FRESH_WITHIN
from payloom.connectors.port import StepFailed
from payloom.inbox.errors import EventUnknown
from payloom.inbox.models import events
from payloom.inbox.service import load
from payloom.inbox.set_aside import why
from payloom.kit.json_types import is_dict
from payloom.kit.secrets.redaction import redact
from payloom.runs.explaining.events import explain_event
from payloom.runs.models import cursors
from payloom.views.event_list import list_events, states_of
from payloom.views.event_state import Source, State

CATCH_UP = "catch_up"


class StripeUnavailable(ApiError):
    """Stripe did not respond."""

    code: ClassVar[str] = "stripe_away"
    status: ClassVar[int] = 502


router = APIRouter(prefix="/events", tags=["events"])


@router.get("", response_model=EventList, name="list_events")
async def listed(  # noqa: PLR0917 - FastAPI fills them in by name
    deps: Dependencies,
    type: str | None = None,  # noqa: A002 - Stripe's own word
    family: str | None = None,
    object: str | None = None,  # noqa: A002 - Stripe's own word
    source: Source | None = None,
    state: State | None = None,
    search: Annotated[str | None, Query(max_length=200)] = None,
    before: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Any:
    """List events, newest first, without payloads. `type`: a type or a family. `search`: any ID, address, or value."""
    if search:
        await deps.index.catch_up(FRESH_WITHIN)
    filters = {"type": type, "family": family, "object_id": object, "source": source, "state": state}
    rows = await deps.database.read(
        lambda tx: list_events(tx, **filters, search=search, before=before, limit=limit)  # type: ignore[arg-type] - the filters' names are the parameters'
    )
    return {"data": to_plain(rows), "next": rows[-1]["id"] if len(rows) == limit else None}


@router.get("/rejected", response_model=RejectionList)
async def list_rejections(deps: Dependencies) -> Any:
    """Count rejected requests by reason."""
    return {"data": to_plain(await deps.inbox.rejected())}


@router.get("/catch-up", response_model=LastCatchUp)
async def last_catch_up(deps: Dependencies) -> Any:
    """Return the result of the last backfill."""
    query = sa.select(cursors.c.at, cursors.c.value).where(cursors.c.name == CATCH_UP)
    row = await deps.database.read(lambda tx: tx.execute(query).one_or_none())
    return {"at": None, "report": None} if row is None else to_plain({"at": row.at, "report": row.value})


@router.post(
    "/catch-up",
    response_model=CatchUpReport,
    openapi_extra=support() | audited("events.fetched", after="each event has its transaction"),
)
async def catch_up(deps: Dependencies) -> Any:
    """Backfill events that never arrived from Stripe."""
    try:
        return to_plain(await deps.backfill())
    except StepFailed as failed:
        failure = failed.failure
        raise StripeUnavailable(failure.message, hint=failure.hint, **failure.data) from failed


@router.post(
    "/replay",
    response_model=Outcomes,
    openapi_extra=support() | audited("events.replayed", after="each event has its transaction") | begins_anew(),
)
async def replay_events(deps: Dependencies, body: ReplayMany, request: Request) -> Any:
    """Replay several events, one after another."""
    person = person_of(request)

    async def replay(event_id: str) -> list[str]:
        return list(await deps.runs.replay(event_id, person=person, workflow_id=body.workflow))

    result = bulk_result([await bulk_item(event_id, replay) for event_id in dict.fromkeys(body.ids)])
    note_bulk(request, result)
    return result


@router.get("/{event_id}", response_model=EventDetail)
async def get_event(deps: Dependencies, event_id: str) -> Any:
    """Return one event with its payload and the runs that it started."""

    def work(tx: sa.Connection) -> dict[str, Any] | None:
        row = tx.execute(sa.select(events).where(events.c.id == event_id)).mappings().one_or_none()
        return None if row is None else {**row, **states_of(tx, [event_id])[event_id]}

    outcome = await deps.database.read(work)
    if outcome is None:
        raise EventUnknown(f"There is no event {event_id!r}.", hint="List them with `payloom events list`.")
    explanations = await deps.database.read(lambda tx: _explanations(deps, tx, event_id))
    its_runs = await deps.run_queries.list(event_id=event_id, limit=50)
    payload = redact(json.loads(outcome["payload"]))
    verified = outcome["source"] == "webhook"
    return to_plain(
        {
            **outcome,
            "payload": payload,
            "explanations": explanations,
            "previous_attributes": data.get("previous_attributes") if is_dict(data := payload.get("data")) else None,
            "set_aside": why(outcome["set_aside"]) if outcome["set_aside"] else None,
            "signature": "verified" if verified else "fetched",
            "runs": [{**run, "workflow": run["workflow_id"]} for run in its_runs],
        }
    )


@router.post(
    "/{event_id}/replay", response_model=Started, openapi_extra=support() | audited("event.replayed") | begins_anew()
)
async def replay_event(deps: Dependencies, event_id: str, request: Request, workflow: str | None = None) -> Any:
    """Replay an event: start new runs of the matching workflows."""
    audit_note(request).on(event_id, workflow=workflow)
    audit_note(request).details_of = lambda started: {"runs": list(started)}
    return {"runs": list(await deps.runs.replay(event_id, person=person_of(request), workflow_id=workflow))}


def _explanations(deps: ManagementDependencies, tx: sa.Connection, event_id: str) -> list[dict[str, Any]]:
    event = load(tx, event_id)
    if event is None:
        return []
    names = ("workflow", "reason", "message", "values", "where", "run")
    explained = explain_event(tx, deps.library, event)
    return [redact(to_plain({name: getattr(explanation, name) for name in names})) for explanation in explained]
