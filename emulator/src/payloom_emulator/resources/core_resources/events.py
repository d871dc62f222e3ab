"""Events: what happened to an object. https://docs.stripe.com/api/events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.events import is_thin_only
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.params.events import EventListParams


def _list(call: RequestContext[EventListParams]) -> Mapping[str, object]:
    """Answer a page of the events that have a snapshot form."""
    types = call.params.get("types") or call.params.get("type")
    page = call.page(kinds.EVENT, **({"type": types} if types else {}))
    return {**page, "data": [event for event in page["data"] if not is_thin_only(event["type"])]}


def _retry(call: RequestContext[Mapping[str, object]]) -> object:
    """`stripe events resend`: send an event once more, to an endpoint or to the CLI that listens."""
    event = call.unit.get(kinds.EVENT, call.ids["id"])
    endpoint = text(call.params.get("webhook_endpoint"))
    if endpoint:
        call.unit.get(kinds.WEBHOOK_ENDPOINT, endpoint, "webhook_endpoint")
    call.unit.environment.outbox.resend(call.unit.account, event, endpoint)
    return event


EVENT = Resource(
    schema=Schema(
        object="event",
        prefix="evt_1",
        id_length=23,
        path="/v1/events",
        fields=(
            read_only("api_version"),
            read_only("created"),
            read_only("data"),
            read_only("livemode", False),
            read_only("pending_webhooks", 0),
            read_only("request"),
            read_only("type"),
        ),
        filters=("type",),
    ),
    endpoints=Endpoints(
        can=("retrieve",),
        operations=(
            Operation("GET", "/v1/events", _list),
            Operation("POST", "/v1/events/{id}/retry", _retry, private=True),
        ),
    ),
)


RESOURCES = (EVENT,)
