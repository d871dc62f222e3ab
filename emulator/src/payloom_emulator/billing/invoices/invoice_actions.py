"""What can be done with an invoice: finalize, pay, void, write off, send, attach a payment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from payloom_emulator.billing.invoices import collect_invoice, invoice_lifecycle, payments
from payloom_emulator.billing.machines import INVOICE_MACHINE
from payloom_emulator.catalog import automatic_tax
from payloom_emulator.core.request_context import required
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import CardError, StripeError, invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.params.invoices import (
        InvoiceAttachPaymentParams,
        InvoiceFinalizeInvoiceParams,
        InvoicePayParams,
    )


def finalize(call: ActionContext[InvoiceFinalizeInvoiceParams, Invoice]) -> Mapping[str, object]:
    """Make a draft final; with auto_advance it is collected within the hour."""
    invoice = call.target
    if invoice["status"] != "draft":
        raise invalid(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
        )
    _need_place(call, invoice)
    wish = call.params.get("auto_advance")
    invoice_lifecycle.finalize(call.unit, invoice, auto_advance=invoice["auto_advance"] if wish is None else wish)
    if invoice["amount_due"] == 0 or invoice["amount_due"] < money.MINIMUM.get(invoice["currency"], 1):
        collect_invoice.advance(call.unit, invoice)
    elif invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically":
        collect_invoice.open_payment(call.unit, invoice)
        call.unit.schedule("collect", invoice, call.unit.now + 3600)
        call.unit.change(invoice, {"next_payment_attempt": call.unit.now + 3600}, emits=())
    else:
        collect_invoice.advance(call.unit, invoice, attempt=False)
    return invoice


def _need_place(call: ActionContext[Any, Invoice], invoice: Invoice) -> None:
    if not invoice["automatic_tax"]["enabled"]:
        return
    customer = call.unit.find(kinds.CUSTOMER, invoice["customer"])
    if automatic_tax.locate(call.unit, customer) is None:
        raise invalid(
            "When `automatic_tax[enabled]=true`, enough customer location information must be provided to accurately determine tax rates for the customer.",
            code=automatic_tax.NO_LOCATION,
        )


def pay(call: ActionContext[InvoicePayParams, Invoice]) -> Invoice:
    """Collect an open invoice now, or mark it paid outside Stripe; a decline is Stripe's 402."""
    invoice, unit, params = call.target, call.unit, call.params
    if invoice["status"] == "draft":
        _need_place(call, invoice)
        invoice_lifecycle.finalize(unit, invoice)
        if invoice["amount_due"] == 0:
            collect_invoice.advance(unit, invoice)
            return invoice
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid")
    if not INVOICE_MACHINE.allows("pay", str(invoice["status"])):
        raise invalid(invoice_lifecycle.NOT_OPEN)
    if params.get("paid_out_of_band"):
        collect_invoice.drop_payment(unit, invoice, "abandoned")
        return collect_invoice.settle(unit, invoice, invoice["amount_remaining"], out_of_band=True)
    if params.get("forgive") and collect_invoice.method_of(unit, invoice) is None:
        return collect_invoice.settle(unit, invoice, invoice["amount_remaining"], out_of_band=True)
    method = params.get("payment_method") or params.get("source") or None
    if method is None and collect_invoice.method_of(unit, invoice) is None:
        raise StripeError(
            "There is no `default_payment_method` set on this Customer or Invoice. Please provide a payment method, or set a default on the customer or invoice.",
            code="resource_missing",
        )
    if method is not None and payments.method_from(unit, method)["customer"] not in {None, invoice["customer"]}:
        payment_methods.check_owner(unit, method, invoice["customer"], "payment_method")
    declined = collect_invoice.collect(unit, invoice, method=method, off_session=params.get("off_session", True))
    if declined is not None:
        raise declined
    intent = collect_invoice.intent_of(unit, invoice)
    if intent is not None and intent["status"] == "requires_action":
        raise _needs_action(intent)
    return invoice


def _needs_action(intent: PaymentIntent) -> StripeError:
    return CardError(
        "Payment for this invoice requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the invoice.",
        code="invoice_payment_intent_requires_action",
        payment_intent=intent,
    )


def void(call: ActionContext[Params, Invoice]) -> Invoice:
    """Void an open invoice and cancel its PaymentIntent."""
    invoice_lifecycle.check_open(call.target, invoice_lifecycle.NOT_VOIDED)
    collect_invoice.drop_payment(call.unit, call.target)
    return invoice_lifecycle.void(call.unit, call.target)


def write_off(call: ActionContext[Params, Invoice]) -> Invoice:
    """Mark an open invoice uncollectible."""
    return invoice_lifecycle.write_off(call.unit, call.target)


def send(call: ActionContext[Params, Invoice]) -> Mapping[str, object]:
    """Send the invoice by mail (only an event here), finalizing it first."""
    invoice, unit = call.target, call.unit
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] not in {"draft", "open"}:
        raise invalid(
            "This invoice cannot be sent right now. Please contact us via https://support.stripe.com/contact with details, so we can help."
        )
    if invoice["status"] == "draft":
        _need_place(call, invoice)
        invoice_lifecycle.finalize(unit, invoice)
        collect_invoice.advance(unit, invoice, attempt=False)
        if invoice["auto_advance"]:
            return invoice
    unit.emit("invoice.sent", invoice)
    return invoice


def attach(call: ActionContext[InvoiceAttachPaymentParams, Invoice]) -> Mapping[str, object]:
    """Let an existing PaymentIntent pay the invoice."""
    invoice, unit = call.target, call.unit
    intent_id = required(call.params.get("payment_intent"), "payment_intent")
    intent = unit.get(kinds.PAYMENT_INTENT, intent_id, "payment_intent")
    invoice_lifecycle.check_open(invoice, {})
    collect_invoice.link(unit, invoice, intent)
    collect_invoice.intent_changed(unit, intent)
    return invoice
