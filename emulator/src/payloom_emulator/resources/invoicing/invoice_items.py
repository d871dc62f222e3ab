"""Invoice items: single charges and credits for a next invoice. https://docs.stripe.com/api/invoiceitems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import invoice_editing, invoice_items
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided, required
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.kit.named_members import with_named
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.invoices import InvoiceItem
    from payloom_emulator.objects.params.invoiceitems import (
        InvoiceItemCreateParams,
        InvoiceItemListParams,
        InvoiceItemUpdateParams,
    )


def _create(call: RequestContext[InvoiceItemCreateParams]) -> InvoiceItem:
    unit, params = call.unit, call.params.copy()
    invoice_id = params.get("invoice")
    invoice = unit.get(kinds.INVOICE, invoice_id, "invoice") if invoice_id else None
    customer_id = params.get("customer") or (invoice["customer"] if invoice else None)
    customer = unit.get(kinds.CUSTOMER, required(customer_id, "customer"), "customer")
    unit.use_clock_of(customer)
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("Invalid invoice: This invoice is no longer editable", "invoice", "invoice_not_editable")
    named = provided(params.get("currency"))
    if invoice is not None and named and named.lower() != invoice["currency"]:
        raise invalid(
            f"You cannot combine currencies on a single invoice. This invoice has invoice items currency {named.lower()} that conflicts with the invoice currency {invoice['currency']}."
        )
    if (unit_amount := params.get("unit_amount")) is not None:
        params["unit_amount_decimal"] = str(unit_amount)
    if price_id := params.get("price"):
        params["pricing"] = {"price": price_id}
    subscription = provided(params.get("subscription"))
    if subscription:
        unit.get(kinds.SUBSCRIPTION, subscription, "subscription")
    item = invoice_items.build(
        unit,
        params,
        customer,
        subscription=subscription,
        invoice=invoice["id"] if invoice else None,
        currency=invoice["currency"] if invoice else params.get("currency"),
    )
    if invoice is not None:
        invoice_editing.attach_items(unit, invoice, item)
    return item


def _update(call: RequestContext[InvoiceItemUpdateParams]) -> InvoiceItem:
    unit, params = call.unit, call.params
    item = unit.get(kinds.INVOICEITEM, call.ids["id"])
    unit.use_clock_of(item)
    invoice = unit.find(kinds.INVOICE, item["invoice"])
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice item can no longer be changed: its invoice is final.", None, "invoice_not_editable")
    changes: dict[str, object] = {
        name: value for name, value in params.items() if name in {"description", "discountable", "period"}
    }
    if "metadata" in params:
        changes["metadata"] = merge_metadata(item["metadata"], params["metadata"])
    if "tax_rates" in params:
        changes["tax_rates"] = tax_rates(unit, params["tax_rates"], "tax_rates")
    if "discounts" in params:
        changes["discounts"] = discounts.attach(
            unit, params["discounts"] or [], customer=item["customer"], invoice_item=item["id"]
        )
    if any(
        n in params
        for n in ("amount", "pricing", "price_data", "quantity", "unit_amount_decimal", "price", "unit_amount")
    ):
        changes.update(_amounts(call, item))
    unit.change(item, changes)
    if invoice is not None:
        invoice_editing.refresh(unit, invoice, item)
    return item


def _amounts(call: RequestContext[InvoiceItemUpdateParams], item: InvoiceItem) -> dict[str, object]:
    """Return the changes of what the item is about."""
    params = call.params
    names = ("pricing", "price", "price_data", "unit_amount_decimal", "quantity_decimal", "amount")
    item_params: InvoiceItemUpdateParams = {}
    item_params = with_named(item_params, params, *names)
    each: str | None = None
    if "amount" not in params:
        item_params["quantity"] = params.get("quantity", item["quantity"])
        if not any(name in item_params for name in ("pricing", "price_data", "unit_amount_decimal", "price")):
            pricing = present(item["pricing"])
            if pricing["price_details"]:
                item_params["pricing"] = {"price": pricing["price_details"]["price"]}
            else:
                each = pricing["unit_amount_decimal"]
    amounts = invoice_items.amounts_of(call.unit, item_params, "", item["currency"], unit_amount=each)
    changes: dict[str, object] = {**amounts, "net_amount": amounts["amount"]}
    if amounts["description"] is None or "description" in params:
        changes.pop("description")
    return changes


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    unit = call.unit
    item = unit.get(kinds.INVOICEITEM, call.ids["id"])
    unit.use_clock_of(item)
    invoice = unit.find(kinds.INVOICE, item["invoice"])
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice item can no longer be deleted: its invoice is final.", None, "invoice_not_editable")
    deleted = unit.delete(item)
    if invoice is not None:
        invoice_editing.detach_items(unit, invoice, item)
    return deleted


def _listing(call: RequestContext[InvoiceItemListParams]) -> Mapping[str, object]:
    pending = call.params.get("pending")
    return {} if pending is None else {"pending": pending}


INVOICE_ITEM = Resource(
    schema=Schema(
        object="invoiceitem",
        prefix="ii_1",
        id_length=23,
        path="/v1/invoiceitems",
        fields=(
            read_only("amount", 0),
            read_only("currency"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("date"),
            settable("description"),
            settable("discountable", True),
            read_only("discounts", []),
            read_only("frozen_fields"),
            read_only("invoice"),
            read_only("invoicing_rules"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("net_amount"),
            read_only("parent"),
            read_only("period"),
            read_only("pricing"),
            read_only("proration", False),
            read_only("proration_details"),
            read_only("quantity", 1),
            read_only("quantity_decimal", "1"),
            read_only("tax_rates", []),
            read_only("test_clock"),
        ),
        on_create=("invoiceitem.created",),
        on_delete=("invoiceitem.deleted",),
        filters=("customer", "invoice", ("pending", "_pending")),
        has_created=False,
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"),
        listing=_listing,
        operations=(
            Operation("POST", "/v1/invoiceitems", _create),
            Operation("POST", "/v1/invoiceitems/{id}", _update),
            Operation("DELETE", "/v1/invoiceitems/{id}", _delete),
        ),
    ),
    versions=(
        Change(BASIL, older_shapes.invoice_item_before_basil, expandable=("price", "plan", "subscription")),
        Accepted(BASIL, "POST", "/v1/invoiceitems", older_shapes.OLD_PRICE),
        Accepted(BASIL, "POST", "/v1/invoiceitems/{}", older_shapes.OLD_PRICE),
    ),
)


RESOURCES = (INVOICE_ITEM,)
