"""Invoices: what is owed and whether it was paid. https://docs.stripe.com/api/invoices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import invoice_fields, older_shapes
from payloom_emulator.billing.invoices import (
    collect_invoice,
    invoice_actions,
    invoice_editing,
    invoice_lifecycle,
)
from payloom_emulator.billing.machines import INVOICE_MACHINE
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.subscriptions.forecast import preview
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.facts import INTENT_CHANGED
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import ListOf
    from payloom_emulator.objects.invoices import Invoice, InvoiceLineItem, InvoicePayment
    from payloom_emulator.objects.params.invoices import (
        InvoiceCreateParams,
        InvoiceLineItemListParams,
        InvoiceListParams,
        InvoiceUpdateParams,
    )


def _create(call: RequestContext[InvoiceCreateParams]) -> Invoice:
    unit, params = call.unit, call.params
    customer_id = required(params.get("customer"), "customer")
    customer = unit.get(kinds.CUSTOMER, customer_id, "customer")
    unit.use_clock_of(customer)
    subscription_id = params.get("subscription")
    subscription = unit.get(kinds.SUBSCRIPTION, subscription_id, "subscription") if subscription_id else None
    method = params.get("collection_method") or (
        subscription["collection_method"] if subscription else "charge_automatically"
    )
    include = params.get("pending_invoice_items_behavior", "include" if call.before("2022-08-01") else "exclude")
    rows: list[InvoiceLineItem] = []
    if include == "include" or subscription is not None:
        rows = invoice_lifecycle.pending_lines(
            unit,
            customer["id"],
            subscription=subscription["id"] if subscription else None,
            currency=params.get("currency"),
        )
    if subscription is not None and not rows:
        raise invalid(
            f"Nothing to invoice for subscription {subscription['id']}", None, "invoice_no_subscription_line_items"
        )
    if not rows and call.before("2022-08-01"):
        raise invalid("Nothing to invoice for customer", None, "invoice_no_customer_line_items")
    account_currency = unit.environment.config.business.get("currency", "usd")
    currency = (
        params.get("currency")
        or (rows[0]["currency"] if rows else None)
        or customer.get("currency")
        or account_currency
    )
    values = invoice_fields.of_params(call, method, customer["id"])
    values.update(
        {
            "auto_advance": bool(params.get("auto_advance", False)),
            "billing_reason": "manual",
            "collection_method": method,
            "currency": money.currency(currency),
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "discounts": discounts.attach(
                unit, params.get("discounts") or [], customer=customer["id"], currency=currency
            ),
        }
    )
    if number := params.get("number"):
        values["number"] = number
    if not values["discounts"] and customer.get("discount") and params.get("discounts") is None:
        values["discounts"] = [present(customer["discount"])["id"]]
    if subscription is not None:
        values["parent"] = invoice_lifecycle.subscription_parent(subscription)
        values["billing_reason"] = "manual"
    invoice = invoice_lifecycle.draft(unit, customer, [r for r in rows if r["currency"] == currency], values)
    if invoice["auto_advance"]:
        _plan(unit, invoice)
    return invoice


def _plan(unit: UnitOfWork, invoice: Invoice) -> None:
    invoice_lifecycle.schedule_finalization(unit, invoice)


def _target(call: RequestContext[Params]) -> Invoice:
    invoice = call.unit.get(kinds.INVOICE, call.ids["id"])
    call.unit.use_clock_of(invoice)
    return invoice


_FREE = frozenset(
    {"metadata", "default_payment_method", "default_source", "auto_advance", "expand", "statement_descriptor"}
)
"""What can still be changed on a final invoice that is not over."""


def _refuse_frozen(invoice: Invoice, params: InvoiceUpdateParams) -> None:
    if invoice["status"] == "draft":
        return
    free = {"metadata", "expand"} if invoice["status"] in {"paid", "void"} else _FREE
    wrong = next((p for p in params if p not in free), None)
    if wrong is not None:
        raise invalid("Finalized invoices can't be updated in this way", wrong)


def _update(call: RequestContext[InvoiceUpdateParams]) -> Invoice:
    invoice, unit, params = _target(call), call.unit, call.params
    _refuse_frozen(invoice, params)
    method = params.get("collection_method", invoice["collection_method"])
    changes = invoice_fields.of_params(call, method, invoice["customer"])
    if "metadata" in params:
        changes["metadata"] = merge_metadata(invoice["metadata"], params["metadata"])
    if "collection_method" in params:
        changes["collection_method"] = method
        if method == "send_invoice" and invoice["due_date"] is None and "due_date" not in changes:
            changes["_days_until_due"] = invoice.get("_days_until_due") or 30
    if "number" in params:
        changes["number"] = params["number"] or None
    if "discounts" in params:
        changes["discounts"] = discounts.attach(
            unit,
            params["discounts"] or [],
            customer=invoice["customer"],
            currency=invoice["currency"],
            invoice=invoice["id"],
        )
    if "auto_advance" in params:
        changes["auto_advance"] = params["auto_advance"]
        if not params["auto_advance"]:
            changes["automatically_finalizes_at"] = None
            changes["next_payment_attempt"] = None
            for timer in ("finalize", "collect"):
                unit.unschedule(timer, invoice)
    if invoice["status"] == "draft":
        invoice_lifecycle.set_lines(unit, invoice, invoice_lifecycle.all_lines(invoice), changes)
        if params.get("auto_advance"):
            _plan(unit, invoice)
        return invoice
    return unit.change(invoice, changes)


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    invoice = _target(call)
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.")
    if invoice_lifecycle.subscription_of(invoice) and invoice["billing_reason"] != "manual":
        raise invalid("You can't delete invoices created by subscriptions.")
    for item in call.unit.list(kinds.INVOICEITEM, invoice=invoice["id"]):
        call.unit.change(item, {"invoice": None, "_pending": True}, emits=())
    call.unit.unschedule("finalize", invoice)
    return call.unit.delete(invoice)


def _lines(call: RequestContext[InvoiceLineItemListParams]) -> Mapping[str, object]:
    invoice = call.unit.get(kinds.INVOICE, call.ids["id"])
    return list_of(invoice_lifecycle.all_lines(invoice), call.path, {"limit": 10, **call.params})


def _listing(call: RequestContext[InvoiceListParams]) -> Mapping[str, object]:
    due = call.params.get("due_date")
    return {"due_date": due} if isinstance(due, int) else {}


def _payments_of(unit: UnitOfWork, invoice: Invoice) -> ListOf[InvoicePayment]:
    rows = unit.list(kinds.INVOICE_PAYMENT, invoice=invoice["id"])
    return list_of(rows, "/v1/invoices/payments")


def confirmation_secret(unit: UnitOfWork, invoice: Invoice) -> dict[str, str] | None:
    """Return `{client_secret, type}` of the invoice's PaymentIntent, or None before there is one."""
    intent = collect_invoice.intent_of(unit, invoice)
    return {"client_secret": str(intent["client_secret"]), "type": "payment_intent"} if intent else None


TRANSITIONS = {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None}


INVOICE = Resource(
    schema=Schema(
        object="invoice",
        prefix="in_1",
        id_length=23,
        path="/v1/invoices",
        fields=(
            read_only("account_country"),
            read_only("account_name"),
            settable("account_tax_ids"),
            read_only("amount_due", 0),
            read_only("amount_overpaid", 0),
            read_only("amount_paid", 0),
            read_only("amount_paid_off_stripe", 0),
            read_only("amount_remaining", 0),
            read_only("amount_shipping", 0),
            read_only("application"),
            read_only("attempt_count", 0),
            read_only("attempted", False),
            read_only("auto_advance", False),
            read_only("automatic_tax", invoice_fields.AUTOMATIC_TAX),
            read_only("automatically_finalizes_at"),
            read_only("billing_reason", "manual"),
            read_only("collection_method", "charge_automatically"),
            read_only("created"),
            read_only("currency"),
            settable("custom_fields"),
            create_only("customer"),
            read_only("customer_account"),
            read_only("customer_address"),
            read_only("customer_email"),
            read_only("customer_name"),
            read_only("customer_phone"),
            read_only("customer_shipping"),
            read_only("customer_tax_exempt", "none"),
            read_only("customer_tax_ids", []),
            settable("default_payment_method"),
            settable("default_source"),
            read_only("default_tax_rates", []),
            settable("description"),
            read_only("discounts", []),
            read_only("due_date"),
            settable("effective_at"),
            read_only("ending_balance"),
            settable("footer"),
            read_only("from_invoice"),
            read_only("hosted_invoice_url"),
            read_only("invoice_pdf"),
            read_only("issuer", {"type": "self"}),
            read_only("last_finalization_error"),
            read_only("latest_revision"),
            read_only("lines"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("next_payment_attempt"),
            read_only("number"),
            settable("on_behalf_of"),
            read_only("parent"),
            read_only("payment_settings", invoice_fields.PAYMENT_SETTINGS),
            read_only("period_end"),
            read_only("period_start"),
            read_only("post_payment_credit_notes_amount", 0),
            read_only("pre_payment_credit_notes_amount", 0),
            read_only("receipt_number"),
            read_only("rendering"),
            read_only("shipping_cost"),
            settable("shipping_details"),
            read_only("starting_balance", 0),
            settable("statement_descriptor"),
            read_only("status", "draft"),
            read_only("status_details"),
            read_only("status_transitions", TRANSITIONS),
            read_only("subtotal", 0),
            read_only("subtotal_excluding_tax", 0),
            read_only("test_clock"),
            read_only("threshold_reason"),
            read_only("total", 0),
            read_only("total_discount_amounts", []),
            read_only("total_excluding_tax", 0),
            read_only("total_pretax_credit_amounts", []),
            read_only("total_taxes", []),
            read_only("webhooks_delivered_at"),
        ),
        machine=INVOICE_MACHINE,
        on_create=("invoice.created",),
        on_update=("invoice.updated",),
        on_delete=("invoice.deleted",),
        filters=(
            "collection_method",
            "customer",
            "status",
            "due_date",
            ("subscription", "parent.subscription_details.subscription"),
            ("_token", "_token"),
        ),
        search=("currency", "customer", "metadata", "number", "status", "total"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "list", "search"),
        listing=_listing,
        actions={
            "finalize": invoice_actions.finalize,
            "pay": invoice_actions.pay,
            "void": invoice_actions.void,
            "mark_uncollectible": invoice_actions.write_off,
            "send": invoice_actions.send,
            "attach_payment": invoice_actions.attach,
            "add_lines": invoice_editing.add,
            "remove_lines": invoice_editing.remove,
            "update_lines": invoice_editing.update,
        },
        operations=(
            Operation("POST", "/v1/invoices/create_preview", preview.preview),
            Operation("GET", "/v1/invoices/upcoming", preview.upcoming_by_url, private=True),
            Operation("GET", "/v1/invoices/upcoming/lines", preview.upcoming_lines_by_url, private=True),
            Operation("POST", "/v1/invoices", _create),
            Operation("POST", "/v1/invoices/{id}", _update),
            Operation("DELETE", "/v1/invoices/{id}", _delete),
            Operation("GET", "/v1/invoices/{id}/lines", _lines),
            Operation("POST", "/v1/invoices/{id}/lines/{line}", invoice_editing.update_one),
        ),
    ),
    includes={"payments": _payments_of, "confirmation_secret": confirmation_secret},
    timers={
        "finalize": collect_invoice.finalize_by_itself,
        "collect": collect_invoice.retry,
        "overdue": collect_invoice.overdue,
    },
    versions=(
        Change(
            BASIL,
            older_shapes.invoice_before_basil,
            expandable=("charge", "payment_intent", "subscription", "quote", "discount"),
        ),
        Accepted("2024-04-10", "POST", "/v1/invoices", older_shapes.OLD_RENDERING),
        Accepted("2024-04-10", "POST", "/v1/invoices/{}", older_shapes.OLD_RENDERING),
    ),
    reacts={INTENT_CHANGED: (collect_invoice.intent_changed,)},
)


# An invoice line is shown inside invoices; it is declared so that older versions can be rendered and fields expanded.
LINE_ITEM = Resource(
    schema=Schema(object="line_item", prefix="il_1", has_created=False),
    endpoints=Endpoints(can=()),
    versions=(
        Change(
            BASIL, older_shapes.line_item_before_basil, expandable=("price", "plan", "subscription", "invoice_item")
        ),
    ),
)


RESOURCES = (INVOICE, LINE_ITEM)
