"""Meter events of the v2 API, one by one and as a stream. https://docs.stripe.com/api/v2/billing-meter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.presentation.thin_events import seconds_of, timestamp
from payloom_emulator.protocol import auth
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import elements, integer, members, text
from payloom_emulator.resources.billing import meters

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.params.billing import (
        BillingMeterEventAdjustmentCreateParams,
        BillingMeterEventCreateParams,
    )

SESSION: Kind[dict[str, object]] = Kind("v2.billing.meter_event_session")
_LASTS = 15 * 60
_MOST = 100


def _record(call: RequestContext[Params], event: Mapping[str, object], param: str = "") -> Mapping[str, object]:
    """Store one event as its v1 twin does, and return it in the shape of v2."""
    moment = text(event.get("timestamp"))
    params = {name: event[name] for name in ("event_name", "identifier", "payload") if event.get(name) is not None}
    if moment is not None:
        try:
            params["timestamp"] = seconds_of(moment)
        except ValueError as error:
            raise invalid(f"`{moment}` is no time in ISO 8601.", f"{param}timestamp") from error
    stored = members(meters.record(call.with_params(cast("BillingMeterEventCreateParams", params))))
    return {
        "object": "v2.billing.meter_event",
        "created": timestamp(call.unit.now),
        "event_name": stored["event_name"],
        "identifier": stored["identifier"],
        "livemode": False,
        "payload": stored["payload"],
        "timestamp": timestamp(integer(stored["timestamp"]) or call.unit.now),
    }


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    return _record(call, call.params)


def _adjust(call: RequestContext[Params]) -> Mapping[str, object]:
    adjusted = members(meters.adjust(call.with_params(cast("BillingMeterEventAdjustmentCreateParams", call.params))))
    return {
        "id": call.unit.environment.ids.new("mtradj_test_", 24),
        "object": "v2.billing.meter_event_adjustment",
        "cancel": adjusted["cancel"],
        "created": timestamp(call.unit.now),
        "event_name": adjusted["event_name"],
        "livemode": False,
        "status": "complete",
        "type": "cancel",
    }


def _session(call: RequestContext[Params]) -> Mapping[str, object]:
    unit = call.unit
    session_id = unit.new_id(SESSION)
    return unit.create(
        SESSION,
        {
            "id": session_id,
            "authentication_token": f"{auth.STREAM_TOKEN}{unit.account}.{session_id}",
            "created": timestamp(unit.now),
            "expires_at": timestamp(unit.now + _LASTS),
            "_expires": unit.now + _LASTS,
        },
    )


def _stream(call: RequestContext[Params]) -> Mapping[str, object]:
    """Take many events. What is wrong with one of them is told by an event, as the answer came first."""
    if not call.caller.key.startswith(auth.STREAM_TOKEN):
        raise StripeError(
            "Meter event streams take the authentication token of a meter event session, not an API key.", status=401
        )
    events = elements(call.params.get("events"))
    if len(events) > _MOST:
        raise invalid(f"At most {_MOST} events may be sent at once.", "events")
    errors: dict[tuple[str, str], list[tuple[str, str | None]]] = {}
    for index, row in enumerate(events):
        event = members(row)
        try:
            _record(call, event, f"events[{index}].")
        except StripeError as error:
            key = (str(event.get("event_name")), _CODES.get(error.code or "", "meter_event_invalid_value"))
            errors.setdefault(key, []).append((error.message, text(event.get("identifier"))))
    for (name, code), samples in errors.items():
        _report(call, name, code, samples)
    return {}


_CODES = {
    "archived_meter": "archived_meter",
    "no_meter": "no_meter",
    "resource_missing": "meter_event_customer_not_found",
    "timestamp_in_future": "timestamp_in_future",
    "timestamp_too_far_in_past": "timestamp_too_far_in_past",
}


def _report(call: RequestContext[Params], event_name: str, code: str, samples: list[tuple[str, str | None]]) -> None:
    """Emit the report on events that were refused."""
    found_meters = call.unit.list(kinds.BILLING_METER, event_name=event_name)
    listed = [{"error_message": message, "request": {"identifier": name}} for message, name in samples]
    count = len(samples)
    data = {
        "developer_message_summary": f"There is {count} invalid event"
        if count == 1
        else f"There are {count} invalid events",
        "reason": {
            "error_count": count,
            "error_types": [{"code": code, "error_count": count, "sample_errors": listed}],
        },
        "validation_end": timestamp(call.unit.now),
        "validation_start": timestamp(call.unit.now),
    }
    about: dict[str, object] = {"object": "billing.meter", "thin_data": data}
    if code != "no_meter" and found_meters:
        about["id"] = found_meters[0]["id"]
    call.unit.emit(
        "billing.meter.no_meter_found" if code == "no_meter" else "billing.meter.error_report_triggered", about
    )


RESOURCES = (
    Resource(
        schema=Schema(
            object="v2.billing.meter_event_session",
            prefix="mes_test_",
            id_length=40,
            fields=(read_only("livemode", False),),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("POST", "/v2/billing/meter_events", _create),
                Operation("POST", "/v2/billing/meter_event_adjustments", _adjust),
                Operation("POST", "/v2/billing/meter_event_session", _session),
                Operation("POST", "/v2/billing/meter_event_stream", _stream),
            ),
        ),
    ),
)
