"""Subscription schedules: phases that follow one another, each with its items, and what comes after the last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.pricing import discounts, periods
from payloom_emulator.billing.subscriptions import cancel_subscription, create_subscription, items
from payloom_emulator.billing.subscriptions.changes import subscription_change, update_subscription
from payloom_emulator.catalog import prices
from payloom_emulator.objects import kinds
from payloom_emulator.objects.present import present
from payloom_emulator.objects.subscriptions import Subscription, SubscriptionSchedule, SubscriptionSchedulePhase
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.unit_of_work import UnitOfWork

DEFAULTS: Body = {
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


_PHASE: Body = {
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


def phases(unit: UnitOfWork, given: list[Body], start: int) -> list[Body]:
    """Return the phases in Stripe's shape, with their dates; each begins where the one before ends."""
    made, begin = [], start
    for index, wanted in enumerate(given):
        phase = _phase(unit, wanted, begin, index, last=index == len(given) - 1)
        made.append(phase)
        begin = phase["end_date"]
    return made


def _phase(unit: UnitOfWork, wanted: Body, begin: int, index: int, *, last: bool) -> Body:
    param = f"phases[{index}]"
    if not wanted.get("items"):
        raise parameter_missing(f"{param}[items]")
    rows = [_item(unit, g, f"{param}[items][{i}]") for i, g in enumerate(wanted["items"])]
    if isinstance(wanted.get("start_date"), int):
        if index and wanted["start_date"] != begin:
            raise invalid("A phase must start where the one before ends.", f"{param}[start_date]")
        begin = wanted["start_date"]
    phase = {
        **_PHASE,
        **{n: wanted[n] for n in _COPIED if wanted.get(n) not in {None, ""} or isinstance(wanted.get(n), dict)},
        "currency": wanted.get("currency") or rows[0]["_currency"],
        "items": [{k: v for k, v in r.items() if k != "_currency"} for r in rows],
        "start_date": begin,
        "end_date": _end(unit, wanted, rows, begin, param, last=last),
        "metadata": merge_metadata({}, wanted.get("metadata") or {}),
        "default_tax_rates": tax_rates(unit, wanted.get("default_tax_rates"), f"{param}[default_tax_rates]"),
        "discounts": [_discount(d) for d in wanted.get("discounts") or []],
        "add_invoice_items": [_extra(unit, e) for e in wanted.get("add_invoice_items") or []],
        "_extras": wanted.get("add_invoice_items") or [],
    }
    if wanted.get("trial"):
        phase["trial_end"] = phase["end_date"]
    if phase["trial_end"] == "now":
        phase["trial_end"] = None
    return phase


def _discount(entry: Body) -> Body:
    return {"coupon": None, "discount": None, "promotion_code": None, **{k: v for k, v in entry.items() if v}}


def _extra(unit: UnitOfWork, entry: Body) -> Body:
    price = entry.get("price") or prices.make(unit, entry["price_data"], "add_invoice_items")["id"]
    period = entry.get("period") or {"end": {"type": "min_item_period_end"}, "start": {"type": "phase_start"}}
    return {
        "discounts": [_discount(d) for d in entry.get("discounts") or []],
        "metadata": entry.get("metadata") or {},
        "period": period,
        "price": price,
        "quantity": entry.get("quantity", 1),
        "tax_rates": [],
    }


def _item(unit: UnitOfWork, given: Body, param: str) -> Body:
    price = items.price_for(unit, given, param)
    return {
        "billing_thresholds": None,
        "discounts": [_discount(d) for d in given.get("discounts") or []],
        "metadata": merge_metadata({}, given.get("metadata") or {}),
        "plan": price["id"],
        "price": price["id"],
        "quantity": items.quantity_of(given, price, param),
        "tax_rates": tax_rates(unit, given.get("tax_rates"), f"{param}[tax_rates]"),
        "_currency": price["currency"],
    }


def _end(unit: UnitOfWork, wanted: Body, rows: list[Body], begin: int, param: str, *, last: bool) -> int:
    end = wanted.get("end_date")
    if end == "now":
        return unit.now
    if end is not None:
        if end <= begin:
            raise invalid("A phase must end after it starts.", f"{param}[end_date]")
        return end
    if wanted.get("duration"):
        length = wanted["duration"]
        return periods.at(begin, length["interval"], length.get("interval_count", 1), 1)
    price = unit.get(kinds.PRICE, rows[0]["price"])
    interval, count = periods.cycle(price)
    if not last and not wanted.get("iterations"):
        raise invalid("Every phase but the last needs an end: give `end_date` or `duration`.", f"{param}[end_date]")
    return periods.at(begin, interval, count, wanted.get("iterations") or 1)


def from_subscription(unit: UnitOfWork, subscription: Subscription) -> Body:
    """Return the one phase that describes a running subscription."""
    rows = items.of(unit, subscription)
    return {
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


def plan(unit: UnitOfWork, schedule: SubscriptionSchedule) -> None:
    """Plan the schedule's next step: its beginning, or the end of the phase it is in."""
    if schedule["status"] == "not_started":
        unit.schedule("step", schedule, schedule["phases"][0]["start_date"])
    elif schedule["status"] == "active" and schedule["current_phase"]:
        unit.schedule("step", schedule, schedule["current_phase"]["end_date"])


def begin(unit: UnitOfWork, schedule: SubscriptionSchedule) -> Subscription:
    """Start the first phase: make its subscription."""
    phase = schedule["phases"][0]
    params = {
        **_params(unit, schedule, phase),
        "customer": schedule["customer"],
        "currency": phase["currency"],
        "billing_mode": {"type": schedule["billing_mode"]["type"]},
        "payment_behavior": "allow_incomplete",
    }
    if phase["trial_end"]:
        params["trial_end"] = phase["trial_end"]
    defaults = schedule["default_settings"]
    if params["collection_method"] == "charge_automatically" and not _has_method(unit, schedule, params):
        params["payment_behavior"] = "default_incomplete"
    if params["collection_method"] == "send_invoice":
        settings = phase["invoice_settings"] or defaults["invoice_settings"]
        params["days_until_due"] = settings.get("days_until_due") or 30
    subscription = create_subscription.begin(unit, params, extra={"schedule": schedule["id"]})
    current = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    changes = {"subscription": subscription["id"], "current_phase": current}
    if schedule["status"] == "not_started":
        unit.transition(schedule, "start", changes)
    else:
        unit.change(schedule, changes, emits=())
    plan(unit, schedule)
    return subscription


def _has_method(unit: UnitOfWork, schedule: SubscriptionSchedule, params: Body) -> bool:
    customer = unit.get(kinds.CUSTOMER, schedule["customer"])
    own = (customer.get("invoice_settings") or {}).get("default_payment_method")
    return bool(params.get("default_payment_method") or own or customer.get("default_source"))


def _params(unit: UnitOfWork, schedule: SubscriptionSchedule, phase: SubscriptionSchedulePhase) -> Body:
    """Return a phase as parameters of a subscription."""
    defaults = schedule["default_settings"]
    params: Body = {
        "items": [
            {
                "price": i["price"],
                "metadata": i["metadata"],
                **({"quantity": i["quantity"]} if i["quantity"] is not None else {}),
                "tax_rates": [r["id"] for r in present(i["tax_rates"])],
                "discounts": [{k: v for k, v in d.items() if v} for d in i["discounts"]],
            }
            for i in phase["items"]
        ],
        "metadata": phase["metadata"],
        "default_tax_rates": [r["id"] for r in present(phase["default_tax_rates"])],
        "discounts": [{k: v for k, v in d.items() if v} for d in phase["discounts"]],
        "collection_method": phase["collection_method"] or defaults["collection_method"] or "charge_automatically",
        "add_invoice_items": [dict(e) for e in phase.get("_extras") or []],
    }
    for name in ("default_payment_method", "description"):
        value = phase[name] or defaults[name]
        if value:
            params[name] = value
    del unit
    return params


def on_due(unit: UnitOfWork, schedule: SubscriptionSchedule) -> None:
    """Timer: the schedule begins, or a phase ends without a renewal at the same moment."""
    if schedule["status"] == "not_started":
        begin(unit, schedule)
        return
    subscription = unit.find(kinds.SUBSCRIPTION, schedule["subscription"])
    if schedule["status"] == "active" and subscription is not None:
        _next(unit, schedule, subscription)


def step(unit: UnitOfWork, schedule: SubscriptionSchedule, subscription: Subscription) -> bool:
    """Called as a period ends: enter the next phase if it is time. Returns whether the renewal is dealt with."""
    if schedule["status"] != "active" or not schedule["current_phase"]:
        return False
    if schedule["current_phase"]["end_date"] > unit.now:
        return False
    return _next(unit, schedule, subscription)


def _next(unit: UnitOfWork, schedule: SubscriptionSchedule, subscription: Subscription) -> bool:
    """Leave the current phase; return True when nothing is left for a renewal to do."""
    unit.unschedule("step", schedule)
    following = next(
        (p for p in schedule["phases"] if p["start_date"] >= present(schedule["current_phase"])["end_date"]), None
    )
    if following is None:
        return _finish(unit, schedule, subscription)
    current = {"end_date": following["end_date"], "start_date": following["start_date"]}
    unit.change(schedule, {"current_phase": current})
    enter(unit, schedule, subscription, following)
    plan(unit, schedule)
    return subscription["status"] in {"canceled", "paused"}


def enter(
    unit: UnitOfWork, schedule: SubscriptionSchedule, subscription: Subscription, phase: SubscriptionSchedulePhase
) -> None:
    """Give the subscription the items and terms of a phase."""
    params = _params(unit, schedule, phase)
    held = {i["price"]["id"]: i for i in items.of(unit, subscription)}
    wanted: list[Body] = []
    free = [i for i in held.values() if i["price"]["id"] not in {p["price"] for p in params["items"]}]
    for entry in params["items"]:
        if entry["price"] in held:
            wanted.append({"id": held[entry["price"]]["id"], **{k: v for k, v in entry.items() if k != "price"}})
        elif free:
            wanted.append({"id": free.pop(0)["id"], **entry})
        else:
            wanted.append(entry)
    wanted += [{"id": gone["id"], "deleted": True} for gone in free]
    at_renewal = items.next_end(list(held.values())) <= unit.now
    fields: dict[str, object] = {"metadata": merge_metadata(subscription["metadata"], phase["metadata"])}
    if params.get("default_payment_method"):
        fields["default_payment_method"] = params["default_payment_method"]
    if phase["collection_method"]:
        fields["collection_method"] = phase["collection_method"]
    if params["discounts"]:
        fields["discounts"] = discounts.attach(
            unit, params["discounts"], customer=subscription["customer"], subscription=subscription["id"]
        )
    elif subscription["discounts"] and phase["discounts"] == []:
        for gone in subscription["discounts"]:
            discounts.detach(unit, gone)
        fields["discounts"] = []
    update_subscription.apply_change(
        unit,
        subscription,
        subscription_change.SubscriptionChange(
            items=wanted,
            behavior="none" if at_renewal else phase["proration_behavior"],
            moment=unit.now,
            anchor_now=phase["billing_cycle_anchor"] == "phase_start" and not at_renewal,
            trial_end=phase["trial_end"] if phase["trial_end"] and phase["trial_end"] > unit.now else None,
            fields=fields,
            extras=params["add_invoice_items"],
            param="phases[items]",
        ),
    )


def _finish(unit: UnitOfWork, schedule: SubscriptionSchedule, subscription: Subscription) -> bool:
    if schedule["end_behavior"] == "cancel":
        unit.change(subscription, {"schedule": None}, emits=())
        cancel_subscription.cancel(unit, subscription, reason="cancellation_requested")
        unit.transition(schedule, "complete", {"completed_at": unit.now, "current_phase": None})
        return True
    release(unit, schedule, subscription)
    return False


def release(
    unit: UnitOfWork, schedule: SubscriptionSchedule, subscription: Subscription | None
) -> SubscriptionSchedule:
    """Let the subscription go on by itself. Emits subscription_schedule.released."""
    unit.unschedule("step", schedule)
    changes: dict[str, object] = {"current_phase": None, "released_at": unit.now}
    if subscription is not None:
        changes.update({"released_subscription": subscription["id"], "subscription": None})
        unit.change(subscription, {"schedule": None})
    return unit.transition(schedule, "release", changes)


def cancel(
    unit: UnitOfWork, schedule: SubscriptionSchedule, *, invoice_now: bool, prorate: bool
) -> SubscriptionSchedule:
    """Cancel the schedule and its subscription."""
    unit.unschedule("step", schedule)
    subscription = unit.find(kinds.SUBSCRIPTION, schedule["subscription"])
    unit.transition(schedule, "cancel", {"canceled_at": unit.now, "current_phase": None})
    if subscription is not None and subscription["status"] not in {"canceled", "incomplete_expired"}:
        cancel_subscription.cancel(
            unit, subscription, reason="cancellation_requested", invoice_now=invoice_now, prorate=prorate
        )
    return schedule


def create(unit: UnitOfWork, values: Body) -> SubscriptionSchedule:
    """Store a schedule and, when its time has come, start it."""
    schedule = unit.create(kinds.SUBSCRIPTION_SCHEDULE, values)
    if schedule["subscription"] is not None:
        plan(unit, schedule)
    elif schedule["status"] == "active":
        begin(unit, schedule)
    else:
        plan(unit, schedule)
    return schedule


def current(unit: UnitOfWork, made: list[Body]) -> Any:
    """Return `{start_date, end_date}` of the phase that is on now, or None."""
    phase = next((p for p in made if p["start_date"] <= unit.now < p["end_date"]), None)
    return {"end_date": phase["end_date"], "start_date": phase["start_date"]} if phase else None
