"""Subscription schedules: phases that follow one another, each with its items, and what comes after the last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.subscriptions import cancel_subscription, create_subscription, items
from payloom_emulator.billing.subscriptions.changes import subscription_change, update_subscription
from payloom_emulator.kit.named_members import with_filled, with_named
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.objects.state import DiscountChoice
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.params.shared import ItemParams, PhaseAddInvoiceItemParams
    from payloom_emulator.objects.params.subscriptions import (
        AddInvoiceItemParams,
        SubscriptionCreateParams,
        SubscriptionCreateParamsItem,
    )
    from payloom_emulator.objects.state import ItemChoice
    from payloom_emulator.objects.subscriptions import (
        Subscription,
        SubscriptionItem,
        SubscriptionSchedule,
        SubscriptionSchedulePhase,
        SubscriptionSchedulePhaseDiscount,
        SubscriptionSchedulePhaseItem,
    )


def plan(unit: UnitOfWork, schedule: SubscriptionSchedule) -> None:
    """Plan the schedule's next step: its beginning, or the end of the phase it is in."""
    if schedule["status"] == "not_started":
        unit.schedule("step", schedule, schedule["phases"][0]["start_date"])
    elif schedule["status"] == "active" and schedule["current_phase"]:
        unit.schedule("step", schedule, schedule["current_phase"]["end_date"])
    _plan_warning(unit, schedule)


WARNS_BEFORE = 7 * 86_400


def _plan_warning(unit: UnitOfWork, schedule: SubscriptionSchedule) -> None:
    """Plan the event that says, seven days before, that the last phase ends."""
    at = schedule["phases"][-1]["end_date"] - WARNS_BEFORE
    if schedule["status"] in {"not_started", "active"} and at >= unit.now:
        unit.schedule("expiring", schedule, at)
    else:
        unit.unschedule("expiring", schedule)


def on_expiring(unit: UnitOfWork, schedule: SubscriptionSchedule) -> None:
    """Timer: the schedule ends in seven days. Emits subscription_schedule.expiring."""
    if schedule["status"] == "active":
        unit.emit("subscription_schedule.expiring", schedule)


def begin(unit: UnitOfWork, schedule: SubscriptionSchedule) -> Subscription:
    """Start the first phase: make its subscription."""
    phase = schedule["phases"][0]
    params = _creation_params(schedule, phase)
    subscription = create_subscription.begin(unit, params, extra={"schedule": schedule["id"]}, draft_first=True)
    current = {"end_date": phase["end_date"], "start_date": phase["start_date"]}
    changes = {"subscription": subscription["id"], "current_phase": current}
    if schedule["status"] == "not_started":
        unit.transition(schedule, "start", changes)
    else:
        unit.change(schedule, changes, emits=())
    plan(unit, schedule)
    return subscription


def _creation_params(schedule: SubscriptionSchedule, phase: SubscriptionSchedulePhase) -> SubscriptionCreateParams:
    """Return a phase as parameters of a new subscription."""
    defaults = schedule["default_settings"]
    by_invoice = _collection_method(schedule, phase) == "send_invoice"
    params: SubscriptionCreateParams = {
        "items": [_item_params(item) for item in phase["items"]],
        "metadata": phase["metadata"] or {},
        "default_tax_rates": [r["id"] for r in present(phase["default_tax_rates"])],
        "discounts": [_choice(d) for d in phase["discounts"]],
        "collection_method": "send_invoice" if by_invoice else "charge_automatically",
        "add_invoice_items": [_now(e) for e in phase.get("_extras") or []],
        "customer": schedule["customer"],
        "currency": phase["currency"],
        "billing_mode": {"type": "classic" if schedule["billing_mode"]["type"] == "classic" else "flexible"},
        "payment_behavior": "allow_incomplete",
    }
    if method_id := phase["default_payment_method"] or defaults["default_payment_method"]:
        params["default_payment_method"] = method_id
    if description := phase["description"] or defaults["description"]:
        params["description"] = description
    if phase["trial_end"]:
        params["trial_end"] = phase["trial_end"]
    if by_invoice:
        own = phase["invoice_settings"]
        days = own["days_until_due"] if own else defaults["invoice_settings"]["days_until_due"]
        params["days_until_due"] = days or 30
    return params


def _collection_method(schedule: SubscriptionSchedule, phase: SubscriptionSchedulePhase) -> str:
    chosen = phase["collection_method"] or schedule["default_settings"]["collection_method"]
    return chosen or "charge_automatically"


def _item_params(item: SubscriptionSchedulePhaseItem) -> SubscriptionCreateParamsItem:
    params: SubscriptionCreateParamsItem = {
        "price": item["price"],
        "metadata": item["metadata"] or {},
        "tax_rates": [r["id"] for r in present(item["tax_rates"])],
        "discounts": [_choice(d) for d in item["discounts"]],
    }
    return with_named(params, item, "quantity")


def _choice(discount: SubscriptionSchedulePhaseDiscount) -> DiscountChoice:
    return with_filled(DiscountChoice(), discount, "coupon", "discount", "promotion_code")


def _now(extra: PhaseAddInvoiceItemParams) -> AddInvoiceItemParams:
    """Return an extra item of a phase as one of a subscription that begins now."""
    names = ("discountable", "discounts", "metadata", "price", "price_data", "quantity", "tax_rates")
    params: AddInvoiceItemParams = {}
    return with_named(params, extra, *names)


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
    rows = items.of(unit, subscription)
    at_renewal = items.next_end(rows) <= unit.now
    fields: dict[str, object] = {"metadata": merge_metadata(subscription["metadata"], phase["metadata"])}
    method_id = phase["default_payment_method"] or schedule["default_settings"]["default_payment_method"]
    if method_id:
        fields["default_payment_method"] = method_id
    if phase["collection_method"]:
        fields["collection_method"] = phase["collection_method"]
    if phase["discounts"]:
        fields["discounts"] = discounts.attach(
            unit,
            [_choice(d) for d in phase["discounts"]],
            customer=subscription["customer"],
            subscription=subscription["id"],
        )
    elif subscription["discounts"]:
        for discount_id in subscription["discounts"]:
            discounts.detach(unit, discount_id)
        fields["discounts"] = []
    update_subscription.apply_change(
        unit,
        subscription,
        subscription_change.SubscriptionChange(
            items=_item_changes(rows, phase),
            behavior="none" if at_renewal else phase["proration_behavior"],
            moment=unit.now,
            anchor_now=phase["billing_cycle_anchor"] == "phase_start" and not at_renewal,
            trial_end=phase["trial_end"] if phase["trial_end"] and phase["trial_end"] > unit.now else None,
            fields=fields,
            extras=phase.get("_extras") or [],
            param="phases[items]",
        ),
    )


def _item_changes(rows: list[SubscriptionItem], phase: SubscriptionSchedulePhase) -> list[ItemChoice]:
    """Return what turns the subscription's items into those of the phase: kept, changed, added, or deleted."""
    stays = {row["price"]["id"]: row for row in rows}
    item_choices = [_item_params(item) for item in phase["items"]]
    free = [row for row in stays.values() if row["price"]["id"] not in {item["price"] for item in phase["items"]}]
    changes: list[ItemChoice] = []
    for params in item_choices:
        same = stays.get(params.get("price", ""))
        if same is not None:
            item_params: ItemParams = {"id": same["id"], "metadata": params.get("metadata", {})}
        elif free:
            item_params = {
                "id": free.pop(0)["id"],
                "price": params.get("price", ""),
                "metadata": params.get("metadata", {}),
            }
        else:
            changes.append(params)
            continue
        item_params = with_named(item_params, params, "quantity")
        item_params["tax_rates"] = params.get("tax_rates", [])
        item_params["discounts"] = params.get("discounts", [])
        changes.append(item_params)
    deletions: list[ItemParams] = [{"id": item["id"], "deleted": True} for item in free]
    return [*changes, *deletions]


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
    unit.unschedule("expiring", schedule)
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
    unit.unschedule("expiring", schedule)
    subscription = unit.find(kinds.SUBSCRIPTION, schedule["subscription"])
    unit.transition(schedule, "cancel", {"canceled_at": unit.now, "current_phase": None})
    if subscription is not None and subscription["status"] not in {"canceled", "incomplete_expired"}:
        cancel_subscription.cancel(
            unit, subscription, reason="cancellation_requested", invoice_now=invoice_now, prorate=prorate
        )
    return schedule


def create(unit: UnitOfWork, values: Mapping[str, object]) -> SubscriptionSchedule:
    """Store a schedule and, when its time has come, start it."""
    schedule = unit.create(kinds.SUBSCRIPTION_SCHEDULE, values)
    if schedule["subscription"] is not None:
        plan(unit, schedule)
    elif schedule["status"] == "active":
        begin(unit, schedule)
    else:
        plan(unit, schedule)
    return schedule
