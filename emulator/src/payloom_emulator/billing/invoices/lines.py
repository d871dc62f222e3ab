"""Invoice lines: for a subscription's item and its period, for an invoice item, for a proration."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.billing.pricing import amounts
from payloom_emulator.objects.catalog import Price
from payloom_emulator.objects.invoices import InvoiceItem
from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.unit_of_work import UnitOfWork

SHOWN = 10


def blank(unit: UnitOfWork, **values: Any) -> Body:
    """Return a line with every member Stripe shows, `values` over them. `_tax_rates`: ids; `_discounts`: ids."""
    line: Body = {
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
        **values,
    }
    line["subtotal"] = line["amount"]
    line["quantity_decimal"] = None if line["quantity"] is None else str(line["quantity"])
    return line


def product_name(unit: UnitOfWork, product_id: Any) -> str:
    """Return the name of a product, or its id when it is gone."""
    product = unit.find_any(product_id) if isinstance(product_id, str) else product_id
    return product["name"] if product and product.get("name") else str(product_id)


def pricing(price: Price, each: Any = None, currency: str | None = None) -> Body:
    """Return the `pricing` of a line or invoice item made from a price."""
    shown = amounts.unit_amount(price, currency) if each is None else Decimal(each)
    product = price["product"] if isinstance(price["product"], str) else price["product"]["id"]
    return {
        "price_details": {"price": price["id"], "product": product},
        "type": "price_details",
        "unit_amount_decimal": None if shown is None else f"{shown:f}",
    }


def item_parent(subscription_id: str | None, item_id: str, *, proration: bool, invoice_item: str | None = None) -> Body:
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
) -> Body:
    """Return the line of one subscription item for one period. quantity: used units of a metered price."""
    price = unit.find_any(item["price"]["id"]) or item["price"]
    currency = subscription["currency"]
    units = item.get("quantity") if quantity is None else quantity
    name = product_name(unit, price["product"])
    cost = 0 if trial else amounts.cost(cast("Price", price), units or 0, currency)
    words = f"Trial period for {name}" if trial else amounts.wording(cast("Price", price), units, name, currency)
    return blank(
        unit,
        amount=cost if amount is None else amount,
        currency=currency,
        description=words,
        metadata=dict(item.get("metadata") or {}),
        parent=item_parent(subscription["id"], item["id"], proration=False),
        period={"end": end, "start": start},
        pricing=pricing(cast("Price", price), 0 if trial else None, currency),
        quantity=units,
        subscription=subscription["id"],
        discounts=list(item.get("discounts") or []),
        _tax_rates=[r["id"] for r in item.get("tax_rates") or []],
    )


def for_invoice_item(unit: UnitOfWork, item: InvoiceItem) -> Body:
    """Return the line a pending invoice item becomes."""
    details = (item.get("parent") or {}).get("subscription_details") or {}
    if details.get("subscription_item"):
        parent = item_parent(
            details["subscription"],
            str(details["subscription_item"]),
            proration=item["proration"],
            invoice_item=item["id"],
        )
    else:
        parent = {
            "invoice_item_details": {
                "invoice_item": item["id"],
                "proration": item["proration"],
                "proration_details": {"credited_items": None},
                "subscription": details.get("subscription"),
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
        parent=parent,
        period=dict(item["period"]),
        pricing=item["pricing"],
        quantity=item["quantity"],
        subscription=details.get("subscription"),
        _tax_rates=[r["id"] for r in item.get("tax_rates") or []],
        _item=item["id"],
    )


def is_proration(line: Body) -> bool:
    """Return whether the line corrects a period that was billed already."""
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    return bool(details.get("proration"))
