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
from payloom_emulator.core.declarations.schema import Body, Schema, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.objects.invoices import InvoiceItem
from payloom_emulator.objects.present import present
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext


def _create(call: RequestContext) -> InvoiceItem:
    unit, params = call.unit, dict(call.params)
    invoice = unit.get(kinds.INVOICE, params["invoice"], "invoice") if call.get("invoice") else None
    customer_id = call.get("customer") or (invoice or {}).get("customer")
    if customer_id is None:
        call.need("customer")
    customer = unit.get(kinds.CUSTOMER, customer_id or "", "customer")
    unit.use_clock_of(customer)
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice is no longer editable", "invoice", "invoice_not_editable")
    if params.get("unit_amount") is not None:
        params["unit_amount_decimal"] = str(params.pop("unit_amount"))
    if params.get("price"):
        params["pricing"] = {"price": params.pop("price")}
    subscription = call.get("subscription")
    if subscription:
        unit.get(kinds.SUBSCRIPTION, subscription, "subscription")
    item = invoice_items.build(
        unit,
        params,
        customer,
        subscription=subscription,
        invoice=invoice["id"] if invoice else None,
        currency=(invoice or {}).get("currency") or params.get("currency"),
    )
    found = discounts.attach(unit, params.get("discounts") or [], customer=customer["id"], invoice_item=item["id"])
    if found:
        unit.change(item, {"discounts": found}, emits=())
    if invoice is not None:
        invoice_editing.attach_items(unit, invoice, item)
    return item


def _update(call: RequestContext) -> InvoiceItem:
    unit, params = call.unit, dict(call.params)
    item = unit.get(kinds.INVOICEITEM, call.ids["id"])
    unit.use_clock_of(item)
    invoice = unit.find(kinds.INVOICE, item["invoice"])
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice item can no longer be changed: its invoice is final.", None, "invoice_not_editable")
    changes: dict[str, object] = {n: params[n] for n in ("description", "discountable", "period") if n in params}
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
        changes.update(_worth(call, item, params))
    unit.change(item, changes)
    if invoice is not None:
        invoice_editing.refresh(unit, invoice, item)
    return item


def _worth(call: RequestContext, item: InvoiceItem, params: Body) -> Body:
    details = (item.get("pricing") or {}).get("price_details")
    wanted = {
        n: params[n]
        for n in ("amount", "pricing", "price_data", "quantity", "quantity_decimal", "unit_amount_decimal", "price")
        if n in params
    }
    if "amount" in wanted:
        wanted.pop("quantity", None)
    elif not any(n in wanted for n in ("pricing", "price_data", "unit_amount_decimal", "price")):
        if details:
            wanted["pricing"] = {"price": details["price"]}
        else:
            wanted["unit_amount_decimal"] = present(item["pricing"])["unit_amount_decimal"]
    wanted.setdefault("quantity", item["quantity"] if "amount" not in wanted else None)
    worth = invoice_items.amounts_of(
        call.unit, {k: v for k, v in wanted.items() if v is not None}, "", item["currency"]
    )
    worth["net_amount"] = worth["amount"]
    if worth["description"] is None or "description" in params:
        worth.pop("description")
    return worth


def _delete(call: RequestContext) -> Mapping[str, object]:
    unit = call.unit
    item = unit.get(kinds.INVOICEITEM, call.ids["id"])
    unit.use_clock_of(item)
    invoice = unit.find(kinds.INVOICE, item["invoice"])
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice item can no longer be deleted: its invoice is final.", None, "invoice_not_editable")
    gone = unit.delete(item)
    if invoice is not None:
        invoice_editing.detach_items(unit, invoice, item)
    return gone


def _listing(call: RequestContext) -> Mapping[str, object]:
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
