"""The only file that makes events: the envelope, what changed, and which endpoints are owed a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.core.errors import UnknownEventType
from payloom_emulator.core.schema import Operation, Resource, fixed
from payloom_emulator.core.store import dump
from payloom_emulator.presentation.expand import difference
from payloom_emulator.protocol.params import event_types

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit


def _list_types(call: Call) -> dict[str, Any]:
    types = call.params.get("types")
    return {"type": types} if types else {}


EVENT = Resource(
    object="event",
    prefix="evt_1",
    id_length=23,
    path="/v1/events",
    can=("retrieve", "list"),
    fields=(
        fixed("api_version"),
        fixed("created"),
        fixed("data"),
        fixed("livemode", False),
        fixed("pending_webhooks", 0),
        fixed("request"),
        fixed("type"),
    ),
    filters=("type",),
    listing=_list_types,
)


def make(unit: Unit, event_type: str, obj: dict[str, Any], previous: dict[str, Any] | None = None) -> dict[str, Any]:
    """Store one event about `obj` as it is now, and one delivery for each endpoint that wants it.

    previous: the changed fields' old values; only events whose type ends in "updated" carry them.
    """
    if event_type not in event_types() and not event_type.startswith(_LEGACY):
        raise UnknownEventType(f"Stripe has no event {event_type!r}.")
    data: dict[str, Any] = {"object": unit.snapshot(obj)}
    if previous is not None and event_type.rsplit(".", 1)[-1] in {"updated", "updating"}:
        data["previous_attributes"] = previous
    wanted = unit.emulator.delivery.interested(unit, event_type)
    body = EVENT.skeleton() | {
        "id": unit.emulator.ids.new(EVENT.prefix, EVENT.id_length),
        "api_version": unit.emulator.config.api_version,
        "created": unit.now,
        "data": data,
        "pending_webhooks": len(wanted),
        "request": {"id": unit.request_id, "idempotency_key": unit.idempotency_key},
        "type": event_type,
    }
    if unit.account != unit.emulator.config.account:
        body["account"] = unit.account
    unit.store.insert(unit.account, body, EVENT.links(body))
    unit.emulator.delivery.owe(unit, body, wanted)
    return body


_LEGACY = ("v2.",)


__all__ = ["EVENT", "Operation", "difference", "dump", "make"]
