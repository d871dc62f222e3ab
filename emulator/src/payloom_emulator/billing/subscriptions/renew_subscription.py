"""The turn of a period: the end of a trial, the next invoice, the cancellation that was waiting for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import collect_invoice, invoice_lifecycle, lines, metering
from payloom_emulator.billing.subscriptions import (
    cancel_subscription,
    create_subscription,
    items,
    subscription_status,
    subscription_timers,
    trial_end,
)
from payloom_emulator.billing.subscriptions.changes import subscription_schedules
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.invoices import Invoice, InvoiceLineItem
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem

ENDED = frozenset({"canceled", "incomplete_expired", "incomplete", "paused"})


def renew(unit: UnitOfWork, subscription: Subscription) -> None:
    """Timer: a period has ended. Turns the items whose time has come and bills the next one."""
    if subscription["status"] in ENDED:
        return
    if subscription["cancel_at"] is not None and subscription["cancel_at"] <= unit.now:
        cancel_subscription.cancel(
            unit, subscription, reason="cancellation_requested", invoice_now=_has_usage(unit, subscription)
        )
        return
    trial_over = subscription["status"] == "trialing" and (subscription["trial_end"] or 0) <= unit.now
    if trial_over and not trial_end.continues(unit, subscription):
        return
    if subscription.get("schedule") and _step_schedule(unit, subscription):
        return
    turn(unit, subscription, trial_over=trial_over)


def _step_schedule(unit: UnitOfWork, subscription: Subscription) -> bool:
    """Let a schedule's next phase begin first; return whether the subscription is over or was billed by it."""
    schedule = unit.find(kinds.SUBSCRIPTION_SCHEDULE, subscription["schedule"])
    return schedule is not None and subscription_schedules.step(unit, schedule, subscription)


def _has_usage(unit: UnitOfWork, subscription: Subscription) -> bool:
    return any(metering.is_metered(i) for i in items.of(unit, subscription)) or bool(
        invoice_lifecycle.pending_lines(unit, subscription["customer"], subscription=subscription["id"])
    )


def turn(
    unit: UnitOfWork, subscription: Subscription, *, trial_over: bool = False, reason: str = "subscription_cycle"
) -> Invoice | None:
    """Move the due items into their next period and make the draft that bills it. Returns the invoice."""
    rows = items.of(unit, subscription)
    anchor = subscription["billing_cycle_anchor"]
    turned: list[tuple[SubscriptionItem, int, int]] = []
    for item in rows:
        if item["current_period_end"] <= unit.now:
            before = (item["current_period_start"], item["current_period_end"])
            end = items.period_end(anchor, item["price"], before[1])
            unit.change(item, {"current_period_start": before[1], "current_period_end": end}, emits=())
            turned.append((item, *before))
    changes: dict[str, object] = {"items": items.listed(subscription["id"], rows)}
    charged = cycle_lines(unit, subscription, turned, trial_over=trial_over)
    invoice = _draft(unit, subscription, charged, turned, reason)
    if invoice is not None:
        changes["latest_invoice"] = invoice["id"]
    changes["discounts"] = _lasting(unit, subscription)
    if trial_over:
        subscription_status.set_status(unit, subscription, "active", changes)
    else:
        unit.change(subscription, changes)
    subscription_timers.plan(unit, subscription)
    if invoice is not None:
        _hold_or_schedule(unit, subscription, invoice)
    return invoice


def cycle_lines(
    unit: UnitOfWork,
    subscription: Subscription,
    turned: list[tuple[SubscriptionItem, int, int]],
    *,
    trial_over: bool = False,
) -> list[InvoiceLineItem]:
    """Return what a cycle's invoice bills: usage of the past period, the next period of the rest, what was pending.

    turned: (item in its new period, old start, old end in Unix seconds).
    """
    charged: list[InvoiceLineItem] = []
    for item, start, end in turned:
        if metering.is_metered(item):
            if not trial_over:
                charged.append(metering.line(unit, subscription, item, start, end))
        else:
            charged.append(
                lines.for_item(
                    unit,
                    subscription,
                    item,
                    start=item["current_period_start"],
                    end=item["current_period_end"],
                )
            )
    charged += invoice_lifecycle.pending_lines(
        unit, subscription["customer"], subscription=subscription["id"], currency=subscription["currency"]
    )
    return charged


def _draft(
    unit: UnitOfWork,
    subscription: Subscription,
    charged: list[InvoiceLineItem],
    turned: list[tuple[SubscriptionItem, int, int]],
    reason: str,
) -> Invoice | None:
    customer = unit.find(kinds.CUSTOMER, subscription["customer"])
    if customer is None or not charged:
        return None
    about = create_subscription.invoice_fields(subscription, reason, customer)
    about["parent"] = invoice_lifecycle.subscription_parent(subscription)
    about["period_start"] = min((t[1] for t in turned), default=unit.now)
    about["period_end"] = max((t[2] for t in turned), default=unit.now)
    about["auto_advance"] = subscription["status"] != "unpaid" and not subscription.get("pause_collection")
    return invoice_lifecycle.draft(unit, customer, charged, about)


def _hold_or_schedule(unit: UnitOfWork, subscription: Subscription, invoice: Invoice) -> None:
    paused = subscription.get("pause_collection")
    if not paused:
        if invoice["auto_advance"]:
            invoice_lifecycle.schedule_finalization(unit, invoice)
        return
    if paused["behavior"] == "keep_as_draft":
        return
    invoice_lifecycle.finalize(unit, invoice)
    if invoice["amount_due"] == 0:
        collect_invoice.settle(unit, invoice, 0)
    elif paused["behavior"] == "void":
        invoice_lifecycle.void(unit, invoice)
    else:
        invoice_lifecycle.write_off(unit, invoice, "subscription_paused")


def _lasting(unit: UnitOfWork, subscription: Subscription) -> list[str]:
    """Return the discounts that still apply; those whose time is over leave with customer.discount.deleted."""
    remaining: list[str] = []
    for discount_id in subscription.get("discounts") or []:
        discount = unit.find(kinds.DISCOUNT, discount_id)
        if discount is None or discount.get("_used"):
            continue
        if discount["end"] is not None and discount["end"] <= unit.now:
            unit.change(discount, {"_used": True}, emits=())
            unit.emit("customer.discount.deleted", discount)
            continue
        remaining.append(discount_id)
    return remaining
