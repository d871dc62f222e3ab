"""How billing takes money: the few functions of the payment side it uses, in one place."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from payloom_emulator.connect import fees
from payloom_emulator.objects import kinds
from payloom_emulator.payments import attempts, capture_cancel, payment_intents, setup_intents
from payloom_emulator.payments.methods import card_sources, payment_methods
from payloom_emulator.protocol.errors import CardError, missing

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.payment_methods import PaymentMethod
    from payloom_emulator.objects.subscriptions import Subscription

_CANCELABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"})


def create(unit: UnitOfWork, invoice: Invoice, *, description: str, method: str | None) -> PaymentIntent:
    """Make the PaymentIntent of an invoice. Emits payment_intent.created."""
    first = invoice["billing_reason"] == "subscription_create"
    settings = invoice.get("payment_settings") or {}
    more: dict[str, object] = {"payment_details": {"customer_reference": None, "order_reference": invoice["id"]}}
    if first:
        more["setup_future_usage"] = "off_session"
    if settings.get("payment_method_types"):
        more["payment_method_types"] = settings["payment_method_types"]
    if invoice.get("_session"):
        more["_session"] = invoice["_session"]
    subscription = unit.find(kinds.SUBSCRIPTION, _subscription_of(invoice)) or {}
    connected = unit.account != unit.environment.config.account
    more.update(fees.shared(invoice, subscription, invoice["amount_remaining"], connected=connected))
    return payment_intents.create(
        unit,
        amount=invoice["amount_remaining"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        payment_method=method,
        invoice=invoice["id"],
        description=description,
        **more,
    )


def _subscription_of(invoice: Invoice) -> str | None:
    parent = invoice.get("parent")
    details = parent["subscription_details"] if parent else None
    return details["subscription"] if details else None


def pay(unit: UnitOfWork, intent: PaymentIntent, method_id: str, *, off_session: bool) -> CardError | None:
    """Try to pay; return the decline, or None. The intent then says what happened."""
    method = method_from(unit, method_id)
    session = intent.get("_session")
    back = f"{unit.environment.base_url}/_emulator/checkout/{session}/finish" if session else None
    try:
        attempts.pay(unit, intent, method, off_session=off_session, return_url=back, use_sdk=session is not None)
    except CardError as declined:
        return declined
    return None


def method_from(unit: UnitOfWork, method_id: str) -> PaymentMethod:
    """Return the payment method of this id; cards and sources of older integrations count too."""
    if method_id.startswith(("card_", "src_", "ba_", "tok_")):
        return card_sources.method_of(unit, method_id, "payment_method")
    return unit.get(kinds.PAYMENT_METHOD, method_id, "payment_method")


def is_usable(unit: UnitOfWork, method_id: str, customer_id: str | None) -> bool:
    """Return whether the method is still there and still the customer's; detached ones are passed over."""
    method = unit.find_any(method_id)
    if method is None or unit.is_deleted(method_id):
        return False
    return method["object"] != "payment_method" or method["customer"] == customer_id


def check_source(unit: UnitOfWork, source_id: str | None, param: str) -> None:
    """Raise unless a legacy source or card of this id exists."""
    if source_id and unit.find_any(source_id) is None:
        raise missing("source", source_id, param=param, status=400)


def amend(unit: UnitOfWork, intent: PaymentIntent, amount: int) -> None:
    """Ask for another amount, while nothing was paid."""
    if intent["status"] in _CANCELABLE and intent["amount"] != amount:
        unit.change(intent, {"amount": amount}, emits=())


def cancel(unit: UnitOfWork, intent: PaymentIntent, reason: str) -> None:
    """Cancel an intent that is not to be paid any more. Emits payment_intent.canceled."""
    if intent["status"] in _CANCELABLE:
        capture_cancel.cancel(unit, intent, reason)


def setup(unit: UnitOfWork, subscription: Subscription, method_id: str | None) -> str | None:
    """Prepare for later charges while nothing is due: return the id of a SetupIntent the customer must still complete.

    Without a method one waits for it. A method that can be charged off session as it is needs none.
    """
    method = unit.find(kinds.PAYMENT_METHOD, method_id)
    if method is not None and (method["type"] != "card" or payment_methods.card_of(method).authentication == "none"):
        return None
    if method is not None and method.get("_set_up"):
        return None
    setup = setup_intents.create(
        unit, customer=subscription["customer"], usage="off_session", _subscription=subscription["id"]
    )
    if method is not None:
        with contextlib.suppress(CardError):  # the subscription starts all the same; its first charge will say so
            setup_intents.set_up(unit, setup, method, use_sdk=True)
    return None if setup["status"] == "succeeded" else setup["id"]
