"""How subscriptions react to what becomes of their invoices and SetupIntents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import settings
from payloom_emulator.billing.invoices import invoice_lifecycle
from payloom_emulator.billing.subscriptions import cancel_subscription, subscription_status
from payloom_emulator.billing.subscriptions.changes import pending_updates
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.subscriptions import Subscription


def invoice_paid(unit: UnitOfWork, invoice: Invoice, *, method: str | None) -> None:
    """React to a paid invoice. method: what it was paid with, if by a payment."""
    subscription = unit.find(kinds.SUBSCRIPTION, invoice_lifecycle.subscription_of(invoice))
    if subscription is None:
        return
    if pending_updates.apply_pending(unit, subscription, invoice):
        return
    if subscription["status"] == "paused" and subscription["latest_invoice"] == invoice["id"]:
        resumed = ("customer.subscription.updated", "customer.subscription.resumed")
        subscription_status.set_status(unit, subscription, "active", {"status_details": None}, emits=resumed)
        return
    changes: dict[str, object] = {}
    saving = (subscription.get("payment_settings") or {}).get("save_default_payment_method")
    if method and saving == "on_subscription":
        changes["default_payment_method"] = method
    status = subscription["status"]
    if status == "incomplete":
        trialing = subscription["trial_end"] is not None and subscription["trial_end"] > unit.now
        unit.unschedule("expire", subscription)
        subscription_status.set_status(unit, subscription, "trialing" if trialing else "active", changes)
        return
    if status in {"past_due", "unpaid"} and subscription["latest_invoice"] == invoice["id"]:
        subscription_status.set_status(unit, subscription, "active", changes)
        return
    unit.change(subscription, changes)


def invoice_overdue(unit: UnitOfWork, invoice: Invoice) -> None:
    """React to an invoice that was not paid by its due date."""
    subscription = unit.find(kinds.SUBSCRIPTION, invoice_lifecycle.subscription_of(invoice))
    if subscription is not None and subscription["status"] == "active":
        subscription_status.set_status(unit, subscription, "past_due")


def set_up(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """React to a SetupIntent that succeeded: the subscription waits for none any more and may keep the method."""
    subscription = unit.find(kinds.SUBSCRIPTION, intent.get("_subscription"))
    if subscription is None or subscription["pending_setup_intent"] != intent["id"]:
        return
    changes: dict[str, object] = {"pending_setup_intent": None}
    saving = (subscription.get("payment_settings") or {}).get("save_default_payment_method")
    if saving == "on_subscription":
        changes["default_payment_method"] = intent["payment_method"]
    unit.change(subscription, changes)


def invoice_failed(unit: UnitOfWork, invoice: Invoice, *, last: bool) -> None:
    """React to a failed payment. last: no further retry is planned."""
    subscription = unit.find(kinds.SUBSCRIPTION, invoice_lifecycle.subscription_of(invoice))
    if subscription is None or subscription.get("_pending_invoice") == invoice["id"]:
        return
    if subscription["status"] in {"active", "trialing"}:
        subscription_status.set_status(unit, subscription, "past_due")
    if last and subscription["status"] in {"past_due", "active"} and not invoice_lifecycle.starts_subscription(invoice):
        _after_retries(unit, subscription)


def _after_retries(unit: UnitOfWork, subscription: Subscription) -> None:
    outcome = settings.read(unit.store).after_retries
    if outcome == "cancel":
        cancel_subscription.cancel(unit, subscription, reason="payment_failed")
    elif outcome == "unpaid":
        subscription_status.set_status(unit, subscription, "unpaid")
