"""Usage of metered prices: meter events of a customer, added up for a period, and alerts on them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict, cast

from payloom_emulator.billing.invoices import lines
from payloom_emulator.billing.pricing import amounts
from payloom_emulator.kit.kind import Kind
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import elements, integer, members, texts

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.invoices import InvoiceLineItem
    from payloom_emulator.objects.subscriptions import Meter, MeterEvent, Subscription, SubscriptionItem


def is_metered(item: SubscriptionItem) -> bool:
    """Return whether the item's price is metered."""
    return amounts.is_metered(item["price"])


def usage(unit: UnitOfWork, meter_id: str | None, customer_id: str, start: int, end: int) -> Decimal:
    """Return a customer's usage by the meter's formula. start (inclusive), end (exclusive): Unix seconds."""
    meter = unit.find(kinds.BILLING_METER, meter_id)
    if meter is None:
        return Decimal(0)
    events = [
        event
        for event in unit.list(
            kinds.BILLING_METER_EVENT, event_name=meter["event_name"], _customer=customer_id, oldest_first=True
        )
        if start <= event["timestamp"] < end and not event.get("_canceled")
    ]
    return total(meter, events)


def total(meter: Meter, events: list[MeterEvent]) -> Decimal:
    """Return what a meter makes of these events: their sum, their number, or the last value."""
    values = [Decimal(str(e["_value"])) for e in sorted(events, key=lambda e: e["timestamp"])]
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return Decimal(len(values))
    if formula == "last":
        return values[-1] if values else Decimal(0)
    return sum(values, Decimal(0))


class UsageRecord(TypedDict):
    """What was used at a moment, recorded on a subscription item until basil."""

    id: str
    object: str
    quantity: int
    subscription_item: str
    timestamp: int


USAGE_RECORD: Kind[UsageRecord] = Kind("usage_record")


def takes_records(item: SubscriptionItem) -> bool:
    """Return whether usage is recorded on the item itself, since its price has no meter."""
    return is_metered(item) and not present(item["price"]["recurring"]).get("meter")


def recorded(unit: UnitOfWork, item: SubscriptionItem, start: int, end: int) -> Decimal:
    """Return what was recorded on an item from `start` to `end`, by how its price adds usage up."""
    rule = cast("JsonMapping", present(item["price"]["recurring"])).get("aggregate_usage") or "sum"
    records = sorted(unit.list(USAGE_RECORD, subscription_item=item["id"]), key=lambda r: r["timestamp"])
    ever = [r["quantity"] for r in records if r["timestamp"] < end]
    during = [r["quantity"] for r in records if start <= r["timestamp"] < end]
    match rule:
        case "max":
            return Decimal(max(during, default=0))
        case "last_ever":
            return Decimal(ever[-1] if ever else 0)
        case "last_during_period":
            return Decimal(during[-1] if during else 0)
        case _:
            return Decimal(sum(during))


def line(unit: UnitOfWork, subscription: Subscription, item: SubscriptionItem, start: int, end: int) -> InvoiceLineItem:
    """Return the line for what was used from `start` to `end`, in Unix seconds."""
    meter = present(item["price"]["recurring"]).get("meter")
    used = (
        recorded(unit, item, start, end)
        if takes_records(item)
        else usage(unit, meter, subscription["customer"], start, end)
    )
    return lines.for_item(unit, subscription, item, start=start, end=end, quantity=int(used))


ALERT: Kind[dict[str, object]] = Kind("billing.alert")


def usage_recorded(unit: UnitOfWork, meter: Meter, customer_id: str) -> None:
    """Trigger the alerts whose threshold this customer's usage reached, once for each customer.

    Emits billing.alert.triggered.
    """
    for alert in unit.list(ALERT, status="active", oldest_first=True):
        threshold = members(alert["usage_threshold"])
        triggered = texts(alert["_triggered"])
        if threshold["meter"] != meter["id"] or customer_id in triggered or not _concerns(threshold, customer_id):
            continue
        used = usage(unit, meter["id"], customer_id, integer(alert["_since"]) or 0, unit.now + 1)
        if used < (integer(threshold["gte"]) or 0):
            continue
        unit.change(alert, {"_triggered": [*triggered, customer_id]}, emits=())
        happened: dict[str, object] = {
            "object": "billing.alert_triggered",
            "alert": unit.snapshot(alert),
            "created": unit.now,
            "customer": customer_id,
            "livemode": False,
            "value": int(used),
        }
        unit.emit("billing.alert.triggered", happened)


def _concerns(threshold: object, customer_id: str) -> bool:
    """Return whether an alert is about this customer: it names none, or this one."""
    filters = elements(members(threshold).get("filters"))
    return not filters or any(members(row).get("customer") == customer_id for row in filters)
