"""The end of a trial for which nothing can be charged: the subscription goes on, is paused or is canceled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import collect_invoice, invoice_lifecycle
from payloom_emulator.billing.subscriptions import cancel_subscription, subscription_status, subscription_timers

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.subscriptions import Subscription


def continues(unit: UnitOfWork, subscription: Subscription) -> bool:
    """Return whether the subscription is billed after its trial; else it is paused or canceled by this call."""
    return _has_method(unit, subscription) or _continues_without(unit, subscription)


def _has_method(unit: UnitOfWork, subscription: Subscription) -> bool:
    if subscription["collection_method"] == "send_invoice":
        return True
    return collect_invoice.method_of(unit, invoice_lifecycle.unsaved(unit, subscription)) is not None


def _continues_without(unit: UnitOfWork, subscription: Subscription) -> bool:
    trial_settings = subscription["trial_settings"]
    chosen = trial_settings["end_behavior"]["missing_payment_method"] if trial_settings else "create_invoice"
    if chosen == "cancel":
        cancel_subscription.cancel(unit, subscription, reason="payment_failed")
        return False
    if chosen == "pause":
        pause(unit, subscription, "trial_end_without_payment_method")
        return False
    return True


def pause(unit: UnitOfWork, subscription: Subscription, why: str) -> Subscription:
    """Pause the subscription: no invoices until it is resumed. Emits customer.subscription.paused."""
    subscription_timers.clear(unit, subscription)
    paused = {"subscription": {"type": why}, "transitioned_at": unit.now, "type": "subscription"}
    return subscription_status.set_status(
        unit,
        subscription,
        "paused",
        {"status_details": {"paused": paused}},
        emits=("customer.subscription.updated", "customer.subscription.paused"),
    )
