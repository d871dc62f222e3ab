"""The phases of a subscription schedule: from their parameters, or from a running subscription."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.pricing import periods
from payloom_emulator.billing.subscriptions import items
from payloom_emulator.catalog import prices
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.params.shared import PhaseAddInvoiceItemParams, PhaseItemParams
    from payloom_emulator.objects.params.subscription_schedules import (
        SubscriptionScheduleCreateParamsPhases,
        SubscriptionScheduleUpdateParamsPhases,
    )
    from payloom_emulator.objects.state import DiscountChoice
    from payloom_emulator.objects.subscriptions import (
        Subscription,
        SubscriptionScheduleCurrentPhase,
        SubscriptionSchedulePhase,
        SubscriptionSchedulePhaseItem,
    )

DEFAULTS: Mapping[str, object] = {
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor": "automatic",
    "billing_thresholds": None,
    "collection_method": "charge_automatically",
    "default_payment_method": None,
    "description": None,
    "invoice_settings": {
        "account_tax_ids": None,
        "custom_fields": None,
        "days_until_due": None,
        "description": None,
        "footer": None,
        "issuer": {"type": "self"},
    },
    "on_behalf_of": None,
    "transfer_data": None,
}


_PHASE: Mapping[str, object] = {
    "add_invoice_items": [],
    "application_fee_percent": None,
    "automatic_tax": None,
    "billing_cycle_anchor": None,
    "billing_thresholds": None,
    "collection_method": None,
    "default_payment_method": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "invoice_settings": None,
    "metadata": {},
    "on_behalf_of": None,
    "proration_behavior": "create_prorations",
    "transfer_data": None,
    "trial_end": None,
}


_COPIED = (
    "application_fee_percent",
    "billing_cycle_anchor",
    "collection_method",
    "default_payment_method",
    "description",
    "on_behalf_of",
    "proration_behavior",
    "transfer_data",
    "trial_end",
)

PhaseParams: TypeAlias = "SubscriptionScheduleCreateParamsPhases | SubscriptionScheduleUpdateParamsPhases"


def phases(unit: UnitOfWork, phase_params: Sequence[PhaseParams], start: int) -> list[SubscriptionSchedulePhase]:
    """Return the phases in Stripe's shape, with their dates; each begins where the one before ends.

    start: when the first begins, in Unix seconds.
    """
    built: list[SubscriptionSchedulePhase] = []
    begin = start
    for index, params in enumerate(phase_params):
        phase = _phase(unit, params, begin, index, last=index == len(phase_params) - 1)
        built.append(phase)
        begin = phase["end_date"]
    return built


def _phase(unit: UnitOfWork, params: PhaseParams, begin: int, index: int, *, last: bool) -> SubscriptionSchedulePhase:
    param = f"phases[{index}]"
    if not params.get("items"):
        raise parameter_missing(f"{param}[items]")
    rows = [_item(unit, item, f"{param}[items][{i}]") for i, item in enumerate(params["items"])]
    item_prices = [unit.get(kinds.PRICE, row["price"]) for row in rows]
    start = params.get("start_date")
    if isinstance(start, int):
        if index and start != begin:
            raise invalid("A phase must start where the one before ends.", f"{param}[start_date]")
        begin = start
    end = _end(unit, params, item_prices[0], begin, param, last=last)
    trial_end = end if params.get("trial") else params.get("trial_end") or None
    fields: dict[str, object] = {
        **_PHASE,
        **{n: value for n in _COPIED if (value := params.get(n)) not in (None, "")},
        "currency": params.get("currency") or item_prices[0]["currency"],
        "items": rows,
        "start_date": begin,
        "end_date": end,
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "default_tax_rates": tax_rates(unit, params.get("default_tax_rates"), f"{param}[default_tax_rates]"),
        "discounts": [_discount(d) for d in _discounts(params)],
        "add_invoice_items": [_extra(unit, e) for e in params.get("add_invoice_items") or []],
        "_extras": params.get("add_invoice_items") or [],
        "trial_end": None if trial_end == "now" else trial_end,
    }
    return cast("SubscriptionSchedulePhase", fields)  # `_PHASE` has the rest


def _discounts(params: PhaseParams) -> Sequence[DiscountChoice]:
    """Return the discounts of a phase; until basil it could name one coupon."""
    coupon = text(cast("JsonMapping", params).get("coupon"))
    return [{"coupon": coupon}] if coupon else params.get("discounts") or []


def _discount(choice: DiscountChoice) -> dict[str, object]:
    return {"coupon": None, "discount": None, "promotion_code": None, **{k: v for k, v in choice.items() if v}}


def _extra(unit: UnitOfWork, extra: PhaseAddInvoiceItemParams) -> dict[str, object]:
    price_id, price_data = extra.get("price"), extra.get("price_data")
    if not price_id and price_data:
        price_id = prices.make(unit, price_data, "add_invoice_items")["id"]
    period = extra.get("period") or {"end": {"type": "min_item_period_end"}, "start": {"type": "phase_start"}}
    return {
        "discounts": [_discount(d) for d in extra.get("discounts") or []],
        "metadata": extra.get("metadata") or {},
        "period": period,
        "price": price_id,
        "quantity": extra.get("quantity", 1),
        "tax_rates": [],
    }


def _item(unit: UnitOfWork, choice: PhaseItemParams, param: str) -> SubscriptionSchedulePhaseItem:
    price = items.price_for(unit, choice, param)
    return {
        "billing_thresholds": None,
        "discounts": [
            {
                "coupon": d.get("coupon") or None,
                "discount": d.get("discount") or None,
                "promotion_code": d.get("promotion_code") or None,
            }
            for d in choice.get("discounts") or []
        ],
        "metadata": merge_metadata({}, choice.get("metadata") or {}),
        "plan": price["id"],
        "price": price["id"],
        "quantity": items.quantity_of(choice, price, param),
        "tax_rates": tax_rates(unit, choice.get("tax_rates"), f"{param}[tax_rates]"),
    }


def _end(unit: UnitOfWork, params: PhaseParams, price: Price, begin: int, param: str, *, last: bool) -> int:
    end = params.get("end_date")
    if end == "now":
        return unit.now
    if end is not None:
        if end <= begin:
            raise invalid("A phase must end after it starts.", f"{param}[end_date]")
        return end
    length = params.get("duration")
    if length:
        return periods.at(begin, length["interval"], length.get("interval_count", 1), 1)
    interval, count = periods.cycle(price)
    # Until clover a phase could last a number of its price's periods.
    iterations = integer(cast("JsonMapping", params).get("iterations"))
    if iterations is not None:
        if iterations < 1:
            raise invalid("This value must be greater than or equal to 1.", f"{param}[iterations]")
        return periods.at(begin, interval, count, iterations)
    if not last:
        raise invalid("Every phase but the last needs an end: give `end_date` or `duration`.", f"{param}[end_date]")
    return periods.at(begin, interval, count, 1)


def from_subscription(unit: UnitOfWork, subscription: Subscription) -> SubscriptionSchedulePhase:
    """Return the one phase that describes a running subscription."""
    rows = items.of(unit, subscription)
    fields: dict[str, object] = {
        **_PHASE,
        "currency": subscription["currency"],
        "default_tax_rates": list(subscription["default_tax_rates"] or []),
        "discounts": [{"coupon": None, "discount": d, "promotion_code": None} for d in subscription["discounts"]],
        "items": [
            {
                "billing_thresholds": None,
                "discounts": [],
                "metadata": dict(r["metadata"]),
                "plan": r["price"]["id"],
                "price": r["price"]["id"],
                "quantity": r["quantity"],
                "tax_rates": list(r["tax_rates"] or []),
            }
            for r in rows
        ],
        "metadata": dict(subscription["metadata"]),
        "start_date": min(r["current_period_start"] for r in rows),
        "end_date": items.next_end(rows),
        "trial_end": subscription["trial_end"] if subscription["status"] == "trialing" else None,
    }
    return cast("SubscriptionSchedulePhase", fields)  # `_PHASE` has the rest


def current(unit: UnitOfWork, built: list[SubscriptionSchedulePhase]) -> SubscriptionScheduleCurrentPhase | None:
    """Return the dates (Unix seconds) of the phase that is on now, or None."""
    phase = next((p for p in built if p["start_date"] <= unit.now < p["end_date"]), None)
    return {"end_date": phase["end_date"], "start_date": phase["start_date"]} if phase else None
