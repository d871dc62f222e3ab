"""Billing meters and their events: usage counted for metered prices. https://docs.stripe.com/api/billing/meter."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import metering
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import (
    Schema,
    StateMachine,
    Transition,
    create_only,
    read_only,
    settable,
)
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import StripeError, invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.objects.params.billing import (
        BillingMeterCreateParams,
        BillingMeterEventAdjustmentCreateParams,
        BillingMeterEventCreateParams,
        BillingMeterEventSummaryListParams,
    )
    from payloom_emulator.objects.subscriptions import Meter

DAY, HOUR = 86_400, 3_600


OLDEST, NEWEST = 35 * DAY, 300


def _creating(call: RequestContext[BillingMeterCreateParams], draft: Meter) -> None:
    name = draft["event_name"]
    if any(m["status"] == "active" for m in call.unit.list(kinds.BILLING_METER, event_name=name)):
        raise invalid(
            f"An active meter with the event name `{name}` already exists.", "event_name", "resource_already_exists"
        )
    given_mapping, given_value = call.params.get("customer_mapping"), call.params.get("value_settings")
    draft["customer_mapping"] = given_mapping or {"event_payload_key": "stripe_customer_id", "type": "by_id"}
    draft["value_settings"] = given_value or {"event_payload_key": "value"}
    draft["default_aggregation"] = {"formula": call.params["default_aggregation"]["formula"]}
    draft["updated"] = call.unit.now


def _updating(call: RequestContext[Params], meter: Meter, changes: dict[str, object]) -> None:
    del meter
    changes["updated"] = call.unit.now


def _deactivate(call: ActionContext[Params, Meter]) -> Mapping[str, object]:
    return _switch(call, "deactivate", call.unit.now)


def _reactivate(call: ActionContext[Params, Meter]) -> Mapping[str, object]:
    return _switch(call, "reactivate", None)


def _switch(call: ActionContext[Params, Meter], move: str, at: int | None) -> Meter:
    machine = METER.schema.machine
    assert machine is not None
    if not machine.allows(move, call.target["status"]):
        raise invalid(f"The meter is {call.target['status']} already.")
    return call.unit.transition(
        call.target, move, {"status_transitions": {"deactivated_at": at}, "updated": call.unit.now}
    )


def _summaries(call: RequestContext[BillingMeterEventSummaryListParams]) -> Mapping[str, object]:
    meter = call.unit.get(kinds.BILLING_METER, call.ids["id"])
    params = call.params
    customer = call.unit.get(kinds.CUSTOMER, params["customer"], "customer")
    start, end = params["start_time"], params["end_time"]
    step = {"day": DAY, "hour": HOUR}.get(params.get("value_grouping_window", ""), max(1, end - start))
    if end <= start or start % 60 or end % 60:
        raise invalid("start_time and end_time must be whole minutes, and end_time the later one.", "start_time")
    rows: list[dict[str, object]] = []
    events = [
        e
        for e in call.unit.list(kinds.BILLING_METER_EVENT, event_name=meter["event_name"], _customer=customer["id"])
        if not e.get("_canceled")
    ]
    grouped = "value_grouping_window" in params
    for begin in range(start, end, step):
        inside = [e for e in events if begin <= e["timestamp"] < begin + step]
        if not inside and grouped:
            continue
        total = metering.total(meter, inside)
        rows.append(
            {
                "id": f"mtrusg_test_{meter['id'][-8:]}{begin}",
                "object": "billing.meter_event_summary",
                "aggregated_value": float(total) if total != int(total) else int(total),
                "end_time": min(end, begin + step),
                "livemode": False,
                "meter": meter["id"],
                "start_time": begin,
            }
        )
    rows.reverse()
    return list_of(rows, call.path, {"limit": 10, **params})


def record(call: RequestContext[BillingMeterEventCreateParams]) -> Mapping[str, object]:
    """Store one meter event, checked against its meter."""
    unit, params = call.unit, call.params
    name, payload = params["event_name"], params.get("payload") or {}
    meters = unit.list(kinds.BILLING_METER, event_name=name)
    meter = next((m for m in meters if m["status"] == "active"), None)
    if meter is None:
        if meters:
            raise StripeError("The meter is archived.", code="archived_meter", param="event_name")
        raise StripeError(f"No active meter found for event name `{name}`.", code="no_meter", param="event_name")
    key = meter["customer_mapping"]["event_payload_key"]
    customer = unit.get(kinds.CUSTOMER, str(payload.get(key) or ""), f"payload[{key}]")
    unit.use_clock_of(customer)
    moment = params.get("timestamp") or unit.now
    if isinstance(moment, str):
        moment = unit.now
    if not unit.now - OLDEST <= moment <= unit.now + NEWEST:
        raise StripeError(
            "The timestamp must be within the past 35 days and at most 5 minutes ahead.",
            code="timestamp_too_far_in_past" if moment < unit.now else "timestamp_in_future",
            param="timestamp",
        )
    identifier = params.get("identifier") or unit.environment.ids.new("", 32)
    if unit.list(kinds.BILLING_METER_EVENT, identifier=identifier, limit=1):
        raise StripeError(
            f"An event already exists with identifier {identifier}.", code="duplicate_meter_event", param="identifier"
        )
    value = (
        1
        if meter["default_aggregation"]["formula"] == "count"
        else payload.get(meter["value_settings"]["event_payload_key"])
    )
    event = unit.create(
        kinds.BILLING_METER_EVENT,
        {
            "event_name": name,
            "identifier": identifier,
            "payload": payload,
            "timestamp": moment,
            "_customer": customer["id"],
            "_value": str(_number(value, meter)),
        },
    )
    metering.usage_recorded(unit, meter, customer["id"])
    return event


def _number(value: object, meter: Meter) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        name = f"payload[{meter['value_settings']['event_payload_key']}]"
        raise StripeError("The value must be a number.", code="invalid_value", param=name) from error


def adjust(call: RequestContext[BillingMeterEventAdjustmentCreateParams]) -> Mapping[str, object]:
    """Cancel one meter event by its identifier."""
    identifier = (call.params.get("cancel") or {}).get("identifier")
    if not identifier:
        raise invalid("Name the event to cancel.", "cancel[identifier]", "parameter_missing")
    events = call.unit.list(kinds.BILLING_METER_EVENT, identifier=identifier, limit=1)
    if not events or events[0]["event_name"] != call.params["event_name"]:
        raise StripeError(
            f"No meter event with identifier {identifier}.", code="resource_missing", param="cancel[identifier]"
        )
    call.unit.change(events[0], {"_canceled": True}, emits=())
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": call.params["event_name"],
        "livemode": False,
        "status": "complete",
        "type": "cancel",
    }


METER = Resource(
    schema=Schema(
        object="billing.meter",
        prefix="mtr_test_",
        id_length=30,
        path="/v1/billing/meters",
        fields=(
            read_only("created"),
            read_only("customer_mapping"),
            read_only("default_aggregation"),
            settable("display_name"),
            create_only("event_name"),
            create_only("event_time_window"),
            read_only("livemode", False),
            read_only("status", "active"),
            read_only("status_transitions", {"deactivated_at": None}),
            read_only("updated"),
            read_only("value_settings"),
        ),
        machine=StateMachine(
            initial=("active",),
            transitions=(
                Transition("deactivate", {"active"}, "inactive", ("billing.meter.deactivated",)),
                Transition("reactivate", {"inactive"}, "active", ("billing.meter.reactivated",)),
            ),
        ),
        on_create=("billing.meter.created",),
        on_update=("billing.meter.updated",),
        filters=("status", "event_name"),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list"),
        creating=_creating,
        updating=_updating,
        actions={"deactivate": _deactivate, "reactivate": _reactivate},
        operations=(Operation("GET", "/v1/billing/meters/{id}/event_summaries", _summaries),),
    ),
)


METER_EVENT = Resource(
    schema=Schema(
        object="billing.meter_event",
        prefix="mtrevt_test_",
        fields=(
            read_only("created"),
            read_only("event_name"),
            read_only("identifier"),
            read_only("livemode", False),
            read_only("payload"),
            read_only("timestamp"),
        ),
        filters=("event_name", "identifier", ("_customer", "_customer")),
    ),
    endpoints=Endpoints(can=(), operations=(Operation("POST", "/v1/billing/meter_events", record),)),
)


METER_EVENT_ADJUSTMENT = Resource(
    schema=Schema(object="billing.meter_event_adjustment", prefix=""),
    endpoints=Endpoints(can=(), operations=(Operation("POST", "/v1/billing/meter_event_adjustments", adjust),)),
)


RESOURCES = (METER, METER_EVENT, METER_EVENT_ADJUSTMENT)
