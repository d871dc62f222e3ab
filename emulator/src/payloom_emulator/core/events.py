"""The only file that makes events: the envelope, what changed, and which endpoints are owed a delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.core.errors import UnknownEventType
from payloom_emulator.protocol.param_types import event_types

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.environment import Environment
    from payloom_emulator.objects.webhooks import Event

# Events that only event destinations get, as thin ones, beside those of the v2 API.
_THIN_ONLY = frozenset({"billing.meter.error_report_triggered", "billing.meter.no_meter_found"})


def is_thin_only(event_type: str) -> bool:
    """Return whether an event has no snapshot form: v1 webhooks and lists do not know it."""
    return event_type.startswith("v2.") or event_type in _THIN_ONLY


_WITH_PREVIOUS = frozenset({"updated", "updating"})


def make(
    environment: Environment,
    event_type: str,
    snapshot: dict[str, object],
    previous: Mapping[str, object] | None = None,
    *,
    account: str,
    now: int,
    request: Mapping[str, object],
) -> Event:
    """Store one event about an object, `snapshot` as it is now, and one delivery for each endpoint that wants it.

    previous: the changed fields' old values; only events whose type ends in "updated" carry them. now: Unix seconds.
    request: `{id, idempotency_key}` of the call that caused it.
    """
    if event_type not in event_types() and not is_thin_only(event_type):
        raise UnknownEventType(f"Stripe has no event {event_type!r}.")
    data: dict[str, object] = {"object": snapshot}
    if previous is not None and event_type.rsplit(".", 1)[-1] in _WITH_PREVIOUS:
        data["previous_attributes"] = previous
    endpoints = environment.outbox.matching_endpoints(account, event_type)
    schema = environment.schema("event")
    event = schema.skeleton() | {
        "id": environment.ids.new(schema.prefix, schema.id_length),
        "api_version": environment.config.api_version,
        "created": now,
        "data": data,
        "pending_webhooks": len(endpoints),
        "request": request,
        "type": event_type,
    }
    if account != environment.config.account:
        event["account"] = account
    environment.store.insert(account, event, schema.links(event))
    if is_thin_only(event_type):
        endpoints = [endpoint for endpoint in endpoints if endpoint.get("_thin")]
        event["pending_webhooks"] = len(endpoints)
    stored = cast("Event", event)
    environment.outbox.enqueue(account, stored, endpoints)
    return stored
