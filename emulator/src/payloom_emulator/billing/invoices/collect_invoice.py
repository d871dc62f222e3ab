"""Collecting an open invoice: its PaymentIntent, attempts, retries, and what success and failure lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import settings
from payloom_emulator.billing.invoices import customer_balance, invoice_lifecycle, payments
from payloom_emulator.core.schemas import facts
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import CardError

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.invoices import Invoice, InvoicePayment
    from payloom_emulator.objects.subscriptions import Subscription

DAY = 86_400


NO_METHOD = "This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority."


_WORDS = {"subscription_create": "Subscription creation", "manual": "Payment for Invoice"}


def method_of(unit: UnitOfWork, invoice: Invoice) -> str | None:
    """Return the payment method an automatic charge uses: invoice's, subscription's, then customer's default."""
    subscription = unit.find(kinds.SUBSCRIPTION, invoice_lifecycle.subscription_of(invoice)) or {}
    customer = unit.find(kinds.CUSTOMER, invoice["customer"]) or {}
    places = (
        invoice.get("default_payment_method"),
        invoice.get("default_source"),
        subscription.get("default_payment_method"),
        subscription.get("default_source"),
        (customer.get("invoice_settings") or {}).get("default_payment_method"),
        customer.get("default_source"),
    )
    return next((p for p in places if isinstance(p, str) and payments.is_usable(unit, p, invoice["customer"])), None)


def open_payment(unit: UnitOfWork, invoice: Invoice) -> None:
    """Make the PaymentIntent of a just finalized invoice, unless nothing is due. Emits payment_intent.created."""
    if invoice["amount_due"] == 0 or default_payment(unit, invoice) is not None:
        return
    if invoice["amount_due"] < money.MINIMUM.get(invoice["currency"], 1):
        return
    intent = payments.create(
        unit,
        invoice,
        description=_WORDS.get(str(invoice["billing_reason"]), "Subscription update"),
        method=method_of(unit, invoice),
    )
    link(unit, invoice, intent)


def link(unit: UnitOfWork, invoice: Invoice, intent: PaymentIntent) -> InvoicePayment:
    """Make the InvoicePayment that says this PaymentIntent pays the invoice."""
    if intent.get("_invoice") != invoice["id"]:
        unit.change(intent, {"_invoice": invoice["id"]}, emits=())
    return unit.create(
        kinds.INVOICE_PAYMENT,
        {
            "amount_requested": invoice["amount_remaining"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": default_payment(unit, invoice) is None,
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
        },
    )


def default_payment(unit: UnitOfWork, invoice: Invoice) -> InvoicePayment | None:
    """Return the InvoicePayment that is to pay the invoice, or None before there is one."""
    payments = unit.list(kinds.INVOICE_PAYMENT, invoice=invoice["id"])
    return next((p for p in payments if p["is_default"] and p["status"] != "canceled"), None)


def intent_of(unit: UnitOfWork, invoice: Invoice) -> PaymentIntent | None:
    """Return the PaymentIntent that is to pay the invoice."""
    payment = default_payment(unit, invoice)
    return unit.find(kinds.PAYMENT_INTENT, payment["payment"]["payment_intent"]) if payment else None


def advance(unit: UnitOfWork, invoice: Invoice, *, attempt: bool = True, off_session: bool = True) -> CardError | None:
    """Do what comes after finalization: settle when nothing is due, ask for the money, or send the invoice.

    attempt: try the default payment method now (automatic collection only). Returns why an attempt failed.
    """
    if invoice["amount_due"] == 0:
        settle(unit, invoice, 0)
        return None
    if invoice["amount_due"] < money.MINIMUM.get(invoice["currency"], 1):
        _carry_over(unit, invoice)
        return None
    open_payment(unit, invoice)
    if invoice["collection_method"] == "send_invoice":
        if invoice["auto_advance"]:
            unit.emit("invoice.sent", invoice)
        return None
    return collect(unit, invoice, off_session=off_session) if attempt else None


def _carry_over(unit: UnitOfWork, invoice: Invoice) -> None:
    """Less than Stripe charges is not charged but added to what the customer owes."""
    customer = unit.find(kinds.CUSTOMER, invoice["customer"])
    if customer is not None:
        customer_balance.add(
            unit, customer, invoice["amount_due"], invoice["currency"], kind="invoice_too_small", invoice=invoice["id"]
        )
    ending = (invoice["ending_balance"] or 0) + invoice["amount_due"]
    unit.change(invoice, {"amount_due": 0, "amount_remaining": 0, "ending_balance": ending}, emits=())
    settle(unit, invoice, 0)


def collect(
    unit: UnitOfWork, invoice: Invoice, *, method: str | None = None, off_session: bool = True
) -> CardError | None:
    """Attempt to charge an open invoice once. Returns the decline, or None when it went through or is under way."""
    chosen = method or method_of(unit, invoice)
    open_payment(unit, invoice)
    intent = intent_of(unit, invoice)
    if chosen is None or intent is None:
        failed(unit, invoice, None)
        return CardError(NO_METHOD, code="missing")
    declined = payments.pay(unit, intent, chosen, off_session=off_session)
    intent = unit.find(kinds.PAYMENT_INTENT, intent["id"]) or intent
    if declined is None and intent["status"] == "requires_action":
        _needs_action(unit, invoice)
    elif declined is None and intent["status"] == "processing":
        _under_way(unit, invoice)
    return declined


def _attempts(invoice: Invoice) -> int:
    """Return `attempt_count` after an attempt. The first always counts; `retry` has counted one of the schedule."""
    return max(1, invoice["attempt_count"])


def _needs_action(unit: UnitOfWork, invoice: Invoice) -> None:
    unit.change(invoice, {"attempted": True, "attempt_count": _attempts(invoice)})
    unit.emit("invoice.payment_action_required", invoice)


def _under_way(unit: UnitOfWork, invoice: Invoice) -> None:
    """A bank debit takes days; the subscription does not wait for it."""
    unit.change(invoice, {"attempted": True, "attempt_count": _attempts(invoice)})
    unit.publish(facts.INVOICE_PAID, invoice, method=None)


def settle(
    unit: UnitOfWork, invoice: Invoice, amount: int, *, method: str | None = None, out_of_band: bool = False
) -> Invoice:
    """Make an open invoice paid and tell everyone: the subscription, the customer, the events in Stripe's order."""
    count = _attempts(invoice) if amount and not out_of_band else invoice["attempt_count"]
    payment = default_payment(unit, invoice) if amount else None
    unit.change(invoice, {"attempt_count": count}, emits=())
    invoice_lifecycle.mark_paid(unit, invoice, amount, out_of_band=out_of_band)
    unit.publish(facts.INVOICE_PAID, invoice, method=method)
    unit.emit("invoice.paid", invoice)
    if not out_of_band:
        unit.emit("invoice.payment_succeeded", invoice)
    if payment is not None and payment["status"] == "open":
        if out_of_band:
            _cancel_payment(unit, payment)
        else:
            transitions = {**payment["status_transitions"], "paid_at": unit.now}
            unit.transition(payment, "pay", {"amount_paid": amount, "status_transitions": transitions})
    _still_delinquent(unit, invoice)
    return invoice


def _still_delinquent(unit: UnitOfWork, invoice: Invoice) -> None:
    customer = unit.find(kinds.CUSTOMER, invoice["customer"])
    if customer is None or not customer.get("delinquent"):
        return
    owed = [i for i in unit.list(kinds.INVOICE, customer=customer["id"], status="open") if i["attempted"]]
    if not owed:
        unit.change(customer, {"delinquent": False})


def failed(unit: UnitOfWork, invoice: Invoice, intent: PaymentIntent | None) -> None:
    """Record a failed attempt, plan the next, and tell everyone."""
    subscription = unit.find(kinds.SUBSCRIPTION, invoice_lifecycle.subscription_of(invoice))
    count = _attempts(invoice)
    planned = invoice["next_payment_attempt"]
    by_hand = planned is not None and planned > unit.now
    retry = planned if by_hand else _next_attempt(unit, invoice, subscription, count)
    changes: dict[str, object] = {"attempt_count": count, "attempted": True, "next_payment_attempt": retry}
    if retry is None and subscription is not None and not invoice_lifecycle.starts_subscription(invoice):
        changes["auto_advance"] = False
    unit.change(invoice, changes)
    error = (intent or {}).get("last_payment_error") or {}
    if error.get("code") == "authentication_required":
        unit.emit("invoice.payment_action_required", invoice)
    unit.emit("invoice.payment_failed", invoice)
    customer = unit.find(kinds.CUSTOMER, invoice["customer"])
    if customer is not None and not invoice_lifecycle.starts_subscription(invoice):
        unit.change(customer, {"delinquent": True})
    if retry is not None and not by_hand:
        unit.schedule("collect", invoice, retry)
    unit.publish(facts.INVOICE_PAYMENT_FAILED, invoice, last=retry is None)


def _next_attempt(unit: UnitOfWork, invoice: Invoice, subscription: Subscription | None, count: int) -> int | None:
    """Return when to try again; first invoices, held ones and those of ended subscriptions are not tried again."""
    if invoice_lifecycle.starts_subscription(invoice) or not invoice["auto_advance"]:
        return None
    if subscription is not None and subscription["status"] in {"canceled", "incomplete_expired", "unpaid", "paused"}:
        return None
    days = settings.read(unit.store).retry_days
    return unit.now + days[count - 1] * DAY if count <= len(days) else None


def retry(unit: UnitOfWork, invoice: Invoice) -> None:
    """Timer: the next attempt on an open invoice."""
    if invoice["status"] == "open":
        collect(unit, unit.change(invoice, {"attempt_count": invoice["attempt_count"] + 1}, emits=()))


def finalize_by_itself(unit: UnitOfWork, invoice: Invoice) -> None:
    """Timer: a draft that was left alone becomes final and is collected."""
    if invoice["status"] == "draft" and invoice["auto_advance"]:
        invoice_lifecycle.finalize(unit, invoice)
        advance(unit, invoice)


def overdue(unit: UnitOfWork, invoice: Invoice) -> None:
    """Timer: the due date has come and the invoice is still open."""
    if invoice["status"] != "open":
        return
    unit.emit("invoice.overdue", invoice)
    unit.publish(facts.INVOICE_OVERDUE, invoice)


def intent_changed(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """React to a PaymentIntent that succeeded, failed or was canceled: settle the invoice it was made for, if any."""
    invoice = unit.find(kinds.INVOICE, intent.get("_invoice"))
    if invoice is None or invoice["status"] not in {"open", "uncollectible"}:
        return
    if intent["status"] == "succeeded":
        settle(unit, invoice, intent["amount_received"] or intent["amount"], method=intent.get("payment_method"))
    elif intent["status"] == "requires_payment_method" and intent.get("last_payment_error"):
        failed(unit, invoice, intent)
    elif intent["status"] == "canceled":
        _forget_payment(unit, invoice, intent)


def _forget_payment(unit: UnitOfWork, invoice: Invoice, intent: PaymentIntent) -> None:
    """Drop the canceled PaymentIntent of an invoice; the next attempt makes a new one."""
    payment = default_payment(unit, invoice)
    if payment is not None and payment["status"] == "open" and payment["payment"]["payment_intent"] == intent["id"]:
        _cancel_payment(unit, payment)


def _cancel_payment(unit: UnitOfWork, payment: InvoicePayment) -> None:
    transitions = {**payment["status_transitions"], "canceled_at": unit.now}
    unit.transition(payment, "cancel", {"status_transitions": transitions})


def drop_payment(unit: UnitOfWork, invoice: Invoice, reason: str = "void_invoice") -> None:
    """Cancel the PaymentIntent of an invoice that is not to be paid any more."""
    payment = default_payment(unit, invoice)
    if payment is None or payment["status"] != "open":
        return
    _cancel_payment(unit, payment)
    intent = unit.find(kinds.PAYMENT_INTENT, payment["payment"].get("payment_intent"))
    if intent is not None:
        payments.cancel(unit, intent, reason)
