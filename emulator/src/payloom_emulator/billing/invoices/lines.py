"""Invoice lines: for a subscription's item and its period, for an invoice item, for a proration."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict, Unpack

from payloom_emulator.billing.pricing import amounts
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.invoices import (
        InvoiceItem,
        InvoiceItemPricing,
        InvoiceLineItem,
        InvoiceLineItemParent,
        InvoiceLineItemPeriod,
    )
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem

SHOWN = 10


class LineFields(TypedDict, total=False):
    """Fields of a line that differ from the defaults. amount: in minor units. _tax_rates: ids. _item: an id."""

    amount: int
    currency: str
    description: str | None
    discountable: bool
    discounts: list[str]
    metadata: dict[str, str]
    parent: InvoiceLineItemParent | None
    period: InvoiceLineItemPeriod
    pricing: InvoiceItemPricing | None
    quantity: int | None
    subscription: str | None
    _tax_rates: list[str]
    _item: str


def blank(unit: UnitOfWork, **fields: Unpack[LineFields]) -> InvoiceLineItem:
    """Return a line with every member Stripe shows, with `fields` over the defaults."""
    line: InvoiceLineItem = {
        "id": unit.environment.ids.new("il_1", 23),
        "object": "line_item",
        "amount": 0,
        "currency": "usd",
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": {"end": unit.now, "start": unit.now},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "subscription": None,
        "subtotal": 0,
        "taxes": [],
        "_tax_rates": [],
        **fields,
    }
    line["subtotal"] = line["amount"]
    line["quantity_decimal"] = None if line["quantity"] is None else str(line["quantity"])
    return line


def product_name(unit: UnitOfWork, product_id: str) -> str:
    """Return the name of a product, or its id when it is gone."""
    product = unit.find(kinds.PRODUCT, product_id, deleted=True)
    return product["name"] if product and product.get("name") else product_id


def current_price(unit: UnitOfWork, item: SubscriptionItem) -> Price:
    """Return the price of a subscription item as it is stored, which has what the item does not carry."""
    return unit.find(kinds.PRICE, item["price"]["id"], deleted=True) or item["price"]


def pricing(price: Price, unit_amount: int | None = None, currency: str | None = None) -> InvoiceItemPricing:
    """Return the `pricing` of a line or invoice item made from a price.

    unit_amount: what one unit costs, in minor units, where it is not the price's own.
    """
    each = amounts.unit_amount(price, currency) if unit_amount is None else Decimal(unit_amount)
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": None if each is None else f"{each:f}",
    }


def item_parent(
    subscription_id: str | None, item_id: str, *, proration: bool, invoice_item: str | None = None
) -> InvoiceLineItemParent:
    """Return the `parent` of a line that comes from a subscription item."""
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": proration,
            "proration_details": {"credited_items": None},
            "subscription": subscription_id,
            "subscription_item": item_id,
        },
        "type": "subscription_item_details",
    }


def for_item(
    unit: UnitOfWork,
    subscription: Subscription,
    item: SubscriptionItem,
    *,
    start: int,
    end: int,
    quantity: int | None = None,
    trial: bool = False,
    amount: int | None = None,
) -> InvoiceLineItem:
    """Return the line of one subscription item for one period.

    start, end: Unix seconds. quantity: used units of a metered price. amount: in minor units, where it is not the cost
    of the whole quantity.
    """
    price = current_price(unit, item)
    currency = subscription["currency"]
    units = item.get("quantity") if quantity is None else quantity
    name = product_name(unit, price["product"])
    cost = 0 if trial else amounts.cost(price, units or 0, currency)
    words = f"Trial period for {name}" if trial else amounts.wording(price, units, name, currency)
    return blank(
        unit,
        amount=cost if amount is None else amount,
        currency=currency,
        description=words,
        metadata=dict(item.get("metadata") or {}),
        parent=item_parent(subscription["id"], item["id"], proration=False),
        period={"end": end, "start": start},
        pricing=pricing(price, 0 if trial else None, currency),
        quantity=units,
        subscription=subscription["id"],
        discounts=list(item.get("discounts") or []),
        _tax_rates=[r["id"] for r in item.get("tax_rates") or []],
    )


def for_invoice_item(unit: UnitOfWork, item: InvoiceItem) -> InvoiceLineItem:
    """Return the line a pending invoice item becomes."""
    parent = item.get("parent")
    details = parent["subscription_details"] if parent else None
    line_parent: InvoiceLineItemParent
    if details and details["subscription_item"]:
        line_parent = item_parent(
            details["subscription"],
            details["subscription_item"],
            proration=item["proration"],
            invoice_item=item["id"],
        )
    else:
        line_parent = {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": item["proration"],
                "proration_details": {"credited_items": None},
                "subscription": details["subscription"] if details else None,
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return blank(
        unit,
        amount=item["amount"],
        currency=item["currency"],
        description=item["description"],
        discountable=item["discountable"],
        discounts=list(item.get("discounts") or []),
        metadata=dict(item.get("metadata") or {}),
        parent=line_parent,
        period=item["period"].copy(),
        pricing=item["pricing"],
        quantity=item["quantity"],
        subscription=details["subscription"] if details else None,
        _tax_rates=[r["id"] for r in item.get("tax_rates") or []],
        _item=item["id"],
    )
