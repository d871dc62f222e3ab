"""Invoice items: charges and credits waiting for an invoice, or on a draft."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import lines
from payloom_emulator.billing.pricing import amounts
from payloom_emulator.billing.pricing.rounding import rounded
from payloom_emulator.catalog import prices
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.objects.catalog import Price
from payloom_emulator.objects.customers import Customer
from payloom_emulator.objects.invoices import InvoiceItem
from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.unit_of_work import UnitOfWork


def build(
    unit: UnitOfWork,
    given: Body,
    customer: Customer,
    *,
    param: str = "",
    subscription: str | None = None,
    invoice: str | None = None,
    currency: str | None = None,
) -> InvoiceItem:
    """Store an invoice item from `{amount | pricing | price_data | unit_amount_decimal, quantity, …}`."""
    details = {"subscription": subscription, "subscription_item": None} if subscription else None
    made = {
        **amounts_of(unit, given, param, currency or given.get("currency") or customer.get("currency")),
        "customer": customer["id"],
        "customer_account": customer.get("customer_account"),
        "date": unit.now,
        "discountable": given.get("discountable", True),
        "invoice": invoice,
        "metadata": merge_metadata({}, given.get("metadata") or {}),
        "parent": {"subscription_details": details, "type": "subscription_details"} if details else None,
        "period": given.get("period") or {"end": unit.now, "start": unit.now},
        "tax_rates": tax_rates(unit, given.get("tax_rates"), _named(param, "tax_rates")),
        "test_clock": customer.get("test_clock"),
        "_pending": invoice is None,
    }
    if given.get("description"):
        made["description"] = given["description"]
    made["net_amount"] = made["amount"]
    return unit.create(kinds.INVOICEITEM, made)


def amounts_of(unit: UnitOfWork, given: Body, param: str, currency: str | None) -> Body:
    """Return amount, currency, quantity, pricing and description from what the caller gave."""
    quantity = given.get("quantity")
    units = Decimal(str(given["quantity_decimal"])) if given.get("quantity_decimal") else Decimal(quantity or 1)
    counted = {"quantity": int(units), "quantity_decimal": f"{units:f}"}
    price_id = (given.get("pricing") or {}).get("price") or given.get("price")
    if price_id or given.get("price_data"):
        price = _one_time(unit, given, price_id, param)
        code = currency if currency in (price.get("currency_options") or {}) else price["currency"]
        if currency and code != currency:
            raise invalid(
                f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: `{currency}`.",
                _named(param, "price"),
            )
        each = amounts.unit_amount(price, code)
        cost = amounts.cost(price, int(units), code) if each is None else rounded(each * units)
        name = lines.product_name(unit, price["product"])
        return {
            **counted,
            "amount": cost,
            "currency": code,
            "description": name,
            "pricing": lines.pricing(price, None, code),
        }
    if given.get("unit_amount_decimal") is not None or given.get("unit_amount") is not None:
        each = Decimal(str(given.get("unit_amount_decimal", given.get("unit_amount"))))
        amount = rounded(each * units)
    elif given.get("amount") is not None:
        if given.get("quantity") is not None and param == "":
            raise invalid("`amount` may not be specified with `quantity`.", "quantity")
        amount = given["amount"]
        each = Decimal(amount)
    else:
        raise invalid(
            "You must pass one of: amount, pricing, price_data, or unit_amount_decimal.", _named(param, "amount")
        )
    if not currency:
        raise invalid(
            "You must provide a currency: the customer has none yet.", _named(param, "currency"), "parameter_missing"
        )
    return {
        **counted,
        "amount": amount,
        "currency": money.currency(currency, _named(param, "currency")),
        "description": None,
        "pricing": {"price_details": None, "type": "price_details", "unit_amount_decimal": f"{each:f}"},
    }


def _one_time(unit: UnitOfWork, given: Body, price_id: Any, param: str) -> Price:
    if not price_id:
        return prices.make(unit, given["price_data"], _named(param, "price_data"))
    price = unit.find(kinds.PRICE, price_id)
    if price is None:
        raise missing("price", price_id, param=_named(param, "price"), status=400)
    if not price["active"] and not given.get("_checked"):
        raise invalid("The price specified is inactive. This field only accepts active prices.", _named(param, "price"))
    if price["type"] != "one_time":
        raise invalid(
            "The price specified is set to `type=recurring` but this field only accepts prices with `type=one_time`.",
            _named(param, "price"),
        )
    return price


def _named(param: str, name: str) -> str:
    return f"{param}[{name}]" if param else name


def proration(
    unit: UnitOfWork,
    subscription: Subscription,
    item: SubscriptionItem,
    *,
    amount: int,
    words: str,
    start: int,
    end: int,
    quantity: int | None,
) -> InvoiceItem:
    """Store a pending proration of a subscription item. amount: minor units. start, end: Unix seconds."""
    price = lines.current_price(unit, item)
    customer = unit.find(kinds.CUSTOMER, subscription["customer"], deleted=True)
    units = 1 if quantity is None else quantity
    return unit.create(
        kinds.INVOICEITEM,
        {
            "amount": amount,
            "currency": subscription["currency"],
            "customer": subscription["customer"],
            "date": unit.now,
            "description": words,
            "discountable": False,
            "net_amount": amount,
            "parent": {
                "subscription_details": {"subscription": subscription["id"], "subscription_item": item["id"]},
                "type": "subscription_details",
            },
            "period": {"end": end, "start": start},
            "pricing": lines.pricing(price, None, subscription["currency"]),
            "proration": True,
            "proration_details": {"credited_items": None, "discount_amounts": []},
            "quantity": units,
            "quantity_decimal": str(units),
            "tax_rates": list(item.get("tax_rates") or []),
            "test_clock": customer["test_clock"] if customer else None,
            "_pending": True,
        },
    )
