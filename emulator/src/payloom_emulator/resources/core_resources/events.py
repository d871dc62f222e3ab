"""Events: what happened to an object. https://docs.stripe.com/api/events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.declarations.schema import Schema, read_only

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.params.events import EventListParams


def _list_types(call: RequestContext[EventListParams]) -> Mapping[str, object]:
    types = call.params.get("types")
    return {"type": types} if types else {}


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
    endpoints=Endpoints(can=("retrieve", "list"), listing=_list_types),
)


RESOURCES = (EVENT,)
