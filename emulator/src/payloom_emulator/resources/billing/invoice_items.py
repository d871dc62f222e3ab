"""Invoice items: single charges and credits for a next invoice. https://docs.stripe.com/api/invoiceitems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import invoice_editing
from payloom_emulator.billing.invoices import invoice_items as rules
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.core.api_changes import Accepted, Change
from payloom_emulator.core.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schema import Body, Schema, fixed, given
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.metadata import merge as merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call


def _create(call: Call) -> Body:
    unit, params = call.unit, dict(call.params)
    invoice = unit.get("invoice", params["invoice"], "invoice") if call.get("invoice") else None
    customer_id = call.get("customer") or (invoice or {}).get("customer")
    if customer_id is None:
        call.need("customer")
    customer = unit.get("customer", customer_id or "", "customer")
    unit.follow(customer)
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice is no longer editable", "invoice", "invoice_not_editable")
    if params.get("unit_amount") is not None:
        params["unit_amount_decimal"] = str(params.pop("unit_amount"))
    if params.get("price"):
        params["pricing"] = {"price": params.pop("price")}
    subscription = call.get("subscription")
    if subscription:
        unit.get("subscription", subscription, "subscription")
    item = rules.build(
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
        invoice_editing.take_in(unit, invoice, item)
    return item


def _update(call: Call) -> Body:
    unit, params = call.unit, dict(call.params)
    item = unit.get("invoiceitem", call.ids["id"])
    unit.follow(item)
    invoice = unit.find("invoice", item["invoice"])
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice item can no longer be changed: its invoice is final.", None, "invoice_not_editable")
    changes: Body = {n: params[n] for n in ("description", "discountable", "period") if n in params}
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


def _worth(call: Call, item: Body, params: Body) -> Body:
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
            wanted["unit_amount_decimal"] = item["pricing"]["unit_amount_decimal"]
    wanted.setdefault("quantity", item["quantity"] if "amount" not in wanted else None)
    worth = rules.worth(call.unit, {k: v for k, v in wanted.items() if v is not None}, "", item["currency"])
    worth["net_amount"] = worth["amount"]
    if worth["description"] is None or "description" in params:
        worth.pop("description")
    return worth


def _delete(call: Call) -> Body:
    unit = call.unit
    item = unit.get("invoiceitem", call.ids["id"])
    unit.follow(item)
    invoice = unit.find("invoice", item["invoice"])
    if invoice is not None and invoice["status"] != "draft":
        raise invalid("This invoice item can no longer be deleted: its invoice is final.", None, "invoice_not_editable")
    gone = unit.delete(item)
    if invoice is not None:
        invoice_editing.let_go(unit, invoice, item)
    return gone


def _listing(call: Call) -> Body:
    pending = call.params.get("pending")
    return {} if pending is None else {"pending": pending}


INVOICE_ITEM = Resource(
    schema=Schema(
        object="invoiceitem",
        prefix="ii_1",
        id_length=23,
        path="/v1/invoiceitems",
        fields=(
            fixed("amount", 0),
            fixed("currency"),
            fixed("customer"),
            fixed("customer_account"),
            fixed("date"),
            given("description"),
            given("discountable", True),
            fixed("discounts", []),
            fixed("frozen_fields"),
            fixed("invoice"),
            fixed("invoicing_rules"),
            fixed("livemode", False),
            given("metadata", {}),
            fixed("net_amount"),
            fixed("parent"),
            fixed("period"),
            fixed("pricing"),
            fixed("proration", False),
            fixed("proration_details"),
            fixed("quantity", 1),
            fixed("quantity_decimal", "1"),
            fixed("tax_rates", []),
            fixed("test_clock"),
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
