"""Changes that wait for their payment: put aside, carried out once it is made, dropped when it never comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import settings
from payloom_emulator.billing.invoices import collect_invoice, invoice_lifecycle
from payloom_emulator.billing.subscriptions import items, subscription_status, subscription_timers
from payloom_emulator.billing.subscriptions.changes import subscription_change
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem


def defer_update(
    unit: UnitOfWork,
    subscription: Subscription,
    change: subscription_change.SubscriptionChange,
    before: dict[str, SubscriptionItem],
    subscription_before: Subscription,
) -> None:
    """Put the old items back and remember what was asked; the change waits for its payment.

    before: copies of the items by id. subscription_before: a copy of the subscription, both from before the change.
    """
    wished = items.of(unit, subscription)
    expires = unit.now + settings.read(unit.store).incomplete_seconds
    waiting = {
        "billing_cycle_anchor": subscription["billing_cycle_anchor"] if change.anchor_now else None,
        "cancel_at_period_end": None,
        "discount": None,
        "discounts": None,
        "expires_at": expires,
        "metadata": None,
        "subscription_items": [i.copy() for i in wished],
        "trial_end": subscription["trial_end"] if change.trial_end else None,
        "trial_from_plan": None,
    }
    rows: list[SubscriptionItem] = []
    for old in before.values():
        row = unit.find(kinds.SUBSCRIPTION_ITEM, old["id"])
        if row is None:
            row = unit.create(kinds.SUBSCRIPTION_ITEM, {k: v for k, v in old.items() if k != "id"}, emits=())
        rows.append(unit.change(row, {k: v for k, v in old.items() if k not in {"id", "object"}}, emits=()))
    for row in wished:
        if row["id"] not in before:
            unit.delete(row, emits=())
    back = {
        "billing_cycle_anchor": subscription_before["billing_cycle_anchor"],
        "trial_end": subscription_before["trial_end"],
        "trial_start": subscription_before["trial_start"],
    }
    changes = {
        **back,
        "items": items.listed(subscription["id"], rows),
        "pending_update": waiting,
        "_wish": change.items,
    }
    subscription_status.set_status(unit, subscription, subscription_before["status"], changes)
    subscription_timers.plan(unit, subscription)
    unit.schedule("drop_update", subscription, expires)


def apply_pending(unit: UnitOfWork, subscription: Subscription, invoice: Invoice) -> bool:
    """Carry out the change that waited for this invoice. Emits customer.subscription.pending_update_applied."""
    if subscription.get("_pending_invoice") != invoice["id"] or not subscription["pending_update"]:
        return False
    unit.unschedule("drop_update", subscription)
    change = subscription_change.SubscriptionChange(
        items=subscription.get("_wish") or [], behavior="none", moment=unit.now
    )
    before = {i["id"]: i.copy() for i in items.of(unit, subscription)}
    rows, _ = subscription_change.new_items(unit, subscription, change, before)
    unit.change(
        subscription,
        {
            "items": items.listed(subscription["id"], rows),
            "pending_update": None,
            "_pending_invoice": None,
            "_wish": None,
        },
    )
    unit.emit("customer.subscription.pending_update_applied", subscription)
    return True


def drop_update(unit: UnitOfWork, subscription: Subscription) -> None:
    """Timer: the change was not paid for in time. Emits customer.subscription.pending_update_expired."""
    if not subscription["pending_update"]:
        return
    invoice = unit.find(kinds.INVOICE, subscription.get("_pending_invoice"))
    if invoice is not None and invoice["status"] == "open":
        collect_invoice.drop_payment(unit, invoice)
        invoice_lifecycle.void(unit, invoice)
    unit.change(subscription, {"pending_update": None, "_pending_invoice": None, "_wish": None})
    unit.emit("customer.subscription.pending_update_expired", subscription)
