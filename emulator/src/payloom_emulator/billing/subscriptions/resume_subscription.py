"""Paused subscriptions that go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import collect_invoice
from payloom_emulator.billing.subscriptions import items, subscription_status, subscription_timers
from payloom_emulator.billing.subscriptions.changes import update_subscription
from payloom_emulator.core.differences import with_changes
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.params.subscriptions import SubscriptionResumeParams
    from payloom_emulator.objects.subscriptions import Subscription
    from payloom_emulator.protocol.errors import CardError


def resume(call: RequestContext[SubscriptionResumeParams], subscription: Subscription) -> Subscription:
    """Start a paused subscription again: a new cycle by default, active once its invoice is paid."""
    unit = call.unit
    if subscription["status"] != "paused":
        if subscription["status"] in {"canceled", "incomplete_expired"}:
            raise missing(kinds.SUBSCRIPTION, subscription["id"])
        raise invalid("You can only resume a subscription if it is `paused`.")
    kind = update_subscription.anchor_type(call.params.get("billing_cycle_anchor")) or "now"
    rows = items.of(unit, subscription)
    changes: dict[str, object] = {"status_details": None}
    if kind == "now" or items.next_end(rows) <= unit.now:
        changes.update(update_subscription.begin_cycle(unit, subscription, rows))
        changes["items"] = items.listed(subscription["id"], rows)
        customer = unit.get(kinds.CUSTOMER, subscription["customer"])
        invoice = update_subscription.bill_now(unit, with_changes(subscription, changes), customer, rows)
    else:
        invoice = None
    if invoice is not None:
        changes["latest_invoice"] = invoice["id"]
    unit.change(subscription, changes)
    declined: CardError | None = None
    if invoice is not None:
        declined = collect_invoice.advance(unit, invoice)
    if declined is None and (invoice is None or invoice["status"] == "paid"):
        subscription_status.set_status(
            unit, subscription, "active", emits=("customer.subscription.updated", "customer.subscription.resumed")
        )
        subscription_timers.plan(unit, subscription)
    return subscription
