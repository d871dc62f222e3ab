"""Event destinations and thin events of the v2 API. https://docs.stripe.com/api/v2/core/event-destinations.

A thin event says what happened to which object and carries nothing else; it is a view of the snapshot event.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.events import is_thin_only
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.presentation import thin_events
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.json_shapes import integer, is_array, is_object, text, texts
from payloom_emulator.protocol.param_types import event_types

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.resource import Handler
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.kit.kind import Kind
    from payloom_emulator.objects.params.core import (
        V2CoreEventDestinationCreateParams,
        V2CoreEventDestinationDeleteParams,
        V2CoreEventDestinationDisableParams,
        V2CoreEventDestinationEnableParams,
        V2CoreEventDestinationListParams,
        V2CoreEventDestinationPingParams,
        V2CoreEventDestinationUpdateParams,
        V2CoreEventListParams,
    )
    from payloom_emulator.objects.webhooks import EventDestination

T = TypeVar("T", bound=Mapping[str, object])

_BEFORE = "before_"
"""Prefix of `page` in an address that leads back. After it comes the id of the object that the page ends before."""
_SETTABLE = frozenset({"description", "enabled_events", "event_payload", "name", "type"})
PING = "v2.core.event_destination.ping"


def _check_events(names: list[str]) -> None:
    known = event_types()
    for name in names:
        plain = name.removeprefix("v1.")
        if name != "*" and plain not in known and not is_thin_only(plain):
            raise invalid(f"Unknown event type: {name}.", "enabled_events")


def _create(call: RequestContext[V2CoreEventDestinationCreateParams]) -> Mapping[str, object]:
    params, unit = call.params, call.unit
    if params["type"] != "webhook_endpoint":
        raise invalid("The local Stripe delivers to webhook endpoints only.", "type")
    endpoint = required(params.get("webhook_endpoint"), "webhook_endpoint")
    _check_events(params["enabled_events"])
    destination = unit.create(
        kinds.EVENT_DESTINATION,
        {
            **{name: value for name, value in params.items() if name in _SETTABLE},
            "created": thin_events.timestamp(unit.now),
            "updated": thin_events.timestamp(unit.now),
            "events_from": params.get("events_from", ["self"]),
            "metadata": params.get("metadata") or {},
            "snapshot_api_version": (params.get("snapshot_api_version") or call.version)
            if params["event_payload"] == "snapshot"
            else None,
            "_url": endpoint.get("url"),
            "_secret": unit.environment.ids.new("whsec_", 32),
        },
    )
    return _changed(call, destination)


def _changed(call: RequestContext[Params], destination: EventDestination) -> dict[str, object]:
    call.unit.flush()
    call.unit.environment.outbox.invalidate()
    return _shown(call, destination)


def _shown(call: RequestContext[Params], destination: EventDestination) -> dict[str, object]:
    include = texts(call.params.get("include"))
    hook = {
        "signing_secret": destination["_secret"] if "webhook_endpoint.signing_secret" in include else None,
        "url": destination["_url"] if "webhook_endpoint.url" in include else None,
    }
    return {**destination, "webhook_endpoint": hook}


def _target(call: RequestContext[Params]) -> EventDestination:
    return call.unit.get(kinds.EVENT_DESTINATION, call.ids["id"])


def _update(call: RequestContext[V2CoreEventDestinationUpdateParams]) -> dict[str, object]:
    names = ("description", "enabled_events", "name")
    changes: dict[str, object] = {name: value for name, value in call.params.items() if name in names}
    if "enabled_events" in call.params:
        _check_events(call.params["enabled_events"])
    if metadata := call.params.get("metadata"):
        merged: JsonMapping = {**(_target(call)["metadata"] or {}), **metadata}
        changes["metadata"] = {k: v for k, v in merged.items() if v is not None}
    if endpoint := call.params.get("webhook_endpoint"):
        changes["_url"] = endpoint["url"]
    changes["updated"] = thin_events.timestamp(call.unit.now)
    return _changed(call, call.unit.change(_target(call), changes))


def _switch(status: str) -> Handler:
    def run(
        call: RequestContext[V2CoreEventDestinationDisableParams | V2CoreEventDestinationEnableParams],
    ) -> dict[str, object]:
        reason = {"disabled": {"reason": "user"}} if status == "disabled" else None
        return _changed(call, call.unit.change(_target(call), {"status": status, "status_details": reason}))

    return run


def _ping(call: RequestContext[V2CoreEventDestinationPingParams]) -> Mapping[str, object]:
    event = call.unit.emit(PING, _target(call))
    call.unit.environment.outbox.enqueue(
        call.unit.account,
        event,
        [e for e in call.unit.environment.outbox.endpoints_of(call.unit.account) if e["id"] == call.ids["id"]],
    )
    return thin_events.thin_event(call.unit, event)


def _delete(call: RequestContext[V2CoreEventDestinationDeleteParams]) -> Mapping[str, object]:
    deleted = call.unit.delete(_target(call))
    call.unit.environment.outbox.invalidate()
    return deleted


def page_of_v2(
    call: RequestContext[V2CoreEventDestinationListParams | V2CoreEventListParams] | RequestContext[Params],
    kind: Kind[T],
    filters: Mapping[str, object],
) -> tuple[list[T], dict[str, object]]:
    """Return the rows of a page of the v2 API, and the addresses beside them."""
    limit = integer(call.params.get("limit", 20)) or 20
    page = text(call.params.get("page")) or ""
    backwards = page.startswith(_BEFORE)
    rows = call.unit.page(kind, filters, {"limit": min(limit, 100), **_cursor(page)}, url=call.path)
    data, more = rows["data"], rows["has_more"]
    follows, precedes = (True, more) if backwards else (more, bool(page))
    # A client that follows the address sends nothing else: the address carries the filters.
    query = {**{k: v for k, v in call.params.items() if k != "page"}, "limit": limit}
    return data, {
        "next_page_url": _address(call.path, query, data[-1]["id"]) if data and follows else None,
        "previous_page_url": _address(call.path, query, _BEFORE + str(data[0]["id"])) if data and precedes else None,
    }


def _address(path: str, query: JsonMapping, page: object) -> str:
    return f"{path}?{_encoded({**query, 'page': page})}"


def _encoded(query: JsonMapping) -> str:
    pairs: list[tuple[str, object]] = []
    for name, value in query.items():
        if is_array(value):
            pairs += [(f"{name}[{index}]", item) for index, item in enumerate(value)]
        elif is_object(value):
            pairs += [(f"{name}[{key}]", item) for key, item in value.items()]
        else:
            pairs.append((name, value))
    return urlencode(pairs)


def _cursor(page: str) -> Mapping[str, object]:
    if not page:
        return {}
    return {"ending_before": page.removeprefix(_BEFORE)} if page.startswith(_BEFORE) else {"starting_after": page}


def _list(call: RequestContext[V2CoreEventDestinationListParams]) -> Mapping[str, object]:
    rows, page = page_of_v2(call, kinds.EVENT_DESTINATION, {})
    return {"data": [_shown(call, row) for row in rows], **page}


def _events(call: RequestContext[V2CoreEventListParams]) -> Mapping[str, object]:
    types = [t.removeprefix("v1.") for t in call.params.get("types") or []]
    rows, page = page_of_v2(call, kinds.EVENT, {"type": types} if types else {})
    if object_id := call.params.get("object_id"):
        rows = [event for event in rows if event["data"]["object"]["id"] == object_id]
    return {"data": [thin_events.thin_event(call.unit, event) for event in rows], **page}


def _event(call: RequestContext[Params]) -> Mapping[str, object]:
    event = call.unit.find(kinds.EVENT, call.ids["id"])
    if event is None:
        raise missing("event", call.ids["id"])
    return {**thin_events.thin_event(call.unit, event), "snapshot_event": event["id"]}


EVENT_DESTINATION = Resource(
    schema=Schema(
        object="v2.core.event_destination",
        prefix="ed_test_",
        id_length=40,
        fields=(
            read_only("created"),
            settable("description", ""),
            settable("enabled_events", []),
            create_only("event_payload", "thin"),
            create_only("events_from"),
            read_only("livemode", False),
            settable("metadata", {}),
            settable("name"),
            read_only("snapshot_api_version"),
            read_only("status", "enabled"),
            read_only("status_details"),
            create_only("type", "webhook_endpoint"),
            read_only("updated"),
        ),
        has_created=False,
    ),
    endpoints=Endpoints(
        operations=(
            Operation("POST", "/v2/core/event_destinations", _create),
            Operation("GET", "/v2/core/event_destinations", _list),
            Operation("GET", "/v2/core/event_destinations/{id}", lambda call: _shown(call, _target(call))),
            Operation("POST", "/v2/core/event_destinations/{id}", _update),
            Operation("DELETE", "/v2/core/event_destinations/{id}", _delete),
            Operation("POST", "/v2/core/event_destinations/{id}/disable", _switch("disabled")),
            Operation("POST", "/v2/core/event_destinations/{id}/enable", _switch("enabled")),
            Operation("POST", "/v2/core/event_destinations/{id}/ping", _ping),
            Operation("GET", "/v2/core/events", _events),
            Operation("GET", "/v2/core/events/{id}", _event),
        )
    ),
)


RESOURCES = (EVENT_DESTINATION,)
