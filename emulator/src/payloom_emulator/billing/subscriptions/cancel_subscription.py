"""How a subscription ends: canceled now, at the period's end, or expired before it ever began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import collect_invoice, invoice_lifecycle, metering
from payloom_emulator.billing.subscriptions import (
    create_subscription,
    items,
    proration,
    subscription_status,
    subscription_timers,
)
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem


def cancel(
    unit: UnitOfWork,
    subscription: Subscription,
    *,
    reason: str,
    details: JsonMapping | None = None,
    invoice_now: bool = False,
    prorate: bool = False,
) -> Subscription:
    """End the subscription at once. Emits customer.subscription.deleted (and invoice events with `invoice_now`).

    One that is still incomplete becomes `incomplete_expired` instead, as at Stripe.
    """
    if subscription["status"] == "incomplete":
        return _abandon(unit, subscription, {"canceled_at": unit.now})
    subscription_timers.clear(unit, subscription)
    rows = items.of(unit, subscription)
    if prorate and subscription["status"] in {"active", "past_due"}:
        for item in rows:
            proration.credit(unit, subscription, item, unit.now)
    if invoice_now:
        _last_invoice(unit, subscription, rows)
    _hold_drafts(unit, subscription)
    new_details = {k: v or None for k, v in (details or {}).items()}
    current_details = subscription.get("cancellation_details") or {}
    changes = {
        "cancellation_details": {
            "comment": None,
            "feedback": None,
            "feedback_option": None,
            **current_details,
            **new_details,
            "reason": reason,
        },
        "canceled_at": subscription["canceled_at"] or unit.now,
        "ended_at": unit.now,
        "pending_update": None,
    }
    unit.transition(subscription, "cancel", changes)
    _release_schedule(unit, subscription)
    return subscription


def _release_schedule(unit: UnitOfWork, subscription: Subscription) -> None:
    schedule = unit.find(kinds.SUBSCRIPTION_SCHEDULE, subscription.get("schedule"))
    if schedule is not None and schedule["status"] in {"active", "not_started"}:
        unit.unschedule("step", schedule)
        unit.transition(schedule, "cancel", {"canceled_at": unit.now, "current_phase": None})


def _hold_drafts(unit: UnitOfWork, subscription: Subscription) -> None:
    """Drafts of an ended subscription are not finalized by themselves, and open ones are not tried again."""
    for invoice in unit.list(kinds.INVOICE, subscription=subscription["id"]):
        if invoice["status"] in {"draft", "open"}:
            unit.unschedule("finalize", invoice)
            unit.unschedule("collect", invoice)
            unit.change(
                invoice, {"auto_advance": False, "automatically_finalizes_at": None, "next_payment_attempt": None}
            )


def _last_invoice(unit: UnitOfWork, subscription: Subscription, rows: list[SubscriptionItem]) -> None:
    customer = unit.find(kinds.CUSTOMER, subscription["customer"])
    if customer is None:
        return
    charged = [
        metering.line(unit, subscription, item, item["current_period_start"], unit.now)
        for item in rows
        if metering.is_metered(item)
    ]
    charged += invoice_lifecycle.pending_lines(
        unit, customer["id"], subscription=subscription["id"], currency=subscription["currency"]
    )
    if not charged:
        return
    about = create_subscription.invoice_fields(subscription, "subscription_update", customer)
    about["parent"] = invoice_lifecycle.subscription_parent(subscription)
    invoice = invoice_lifecycle.draft(unit, customer, charged, about)
    unit.change(subscription, {"latest_invoice": invoice["id"]}, emits=())
    invoice_lifecycle.finalize(unit, invoice)
    collect_invoice.advance(unit, invoice)


def expire(unit: UnitOfWork, subscription: Subscription) -> None:
    """Timer: the first payment was not made within 23 hours; the subscription is over before it began."""
    if subscription["status"] == "incomplete":
        _abandon(unit, subscription, {})


def _abandon(unit: UnitOfWork, subscription: Subscription, changes: dict[str, object]) -> Subscription:
    """End a subscription that never began: its invoice is void, its PaymentIntent canceled."""
    subscription_timers.clear(unit, subscription)
    invoice = unit.find(kinds.INVOICE, subscription["latest_invoice"])
    if invoice is not None and invoice["status"] == "open":
        collect_invoice.drop_payment(unit, invoice)
        invoice_lifecycle.void(unit, invoice)
    return subscription_status.set_status(unit, subscription, "incomplete_expired", {**changes, "ended_at": unit.now})


def on_due(unit: UnitOfWork, subscription: Subscription) -> None:
    """Timer: the moment `cancel_at` names, inside a period."""
    if subscription["status"] in {"canceled", "incomplete_expired"} or subscription["cancel_at"] is None:
        return
    cancel(unit, subscription, reason="cancellation_requested", prorate=subscription.get("_prorate_cancel", True))
