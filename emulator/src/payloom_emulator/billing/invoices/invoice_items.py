"""Invoice items: charges and credits waiting for an invoice, or on a draft."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from payloom_emulator.billing import customer_currency
from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import lines
from payloom_emulator.billing.pricing import amounts, discounts
from payloom_emulator.billing.pricing.rounding import rounded
from payloom_emulator.catalog import prices
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import InvoiceItem, InvoiceItemPricing
    from payloom_emulator.objects.params.invoiceitems import InvoiceItemCreateParams, InvoiceItemUpdateParams
    from payloom_emulator.objects.params.invoices import (
        InvoiceAddLinesParamsLine,
        InvoiceCreatePreviewParamsInvoiceItem,
        InvoiceLineItemUpdateParams,
        InvoiceUpdateLinesParamsLine,
    )
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem


ItemParams: TypeAlias = "InvoiceItemCreateParams | InvoiceItemUpdateParams | InvoiceCreatePreviewParamsInvoiceItem | InvoiceAddLinesParamsLine | InvoiceUpdateLinesParamsLine | InvoiceLineItemUpdateParams"
"""What says how much an invoice item or a line is about, in the parameters of any operation that has such."""


class ItemAmounts(TypedDict):
    """How much an invoice item is about. amount: in minor units of `currency`."""

    quantity: int
    quantity_decimal: str
    amount: int
    currency: str
    description: str | None
    pricing: InvoiceItemPricing


def build(
    unit: UnitOfWork,
    params: ItemParams,
    customer: Customer,
    *,
    param: str = "",
    subscription: str | None = None,
    invoice: str | None = None,
    currency: str | None = None,
    inactive_price: bool = False,
) -> InvoiceItem:
    """Store an invoice item from `{amount | pricing | price_data | unit_amount_decimal, quantity, …}`.

    inactive_price: take one too, because the caller looked at the price before.
    """
    details = {"subscription": subscription, "subscription_item": None} if subscription else None
    code = currency or params.get("currency") or customer.get("currency")
    worked_out = amounts_of(unit, params, param, code, inactive_price=inactive_price)
    customer_currency.settle(unit, customer, worked_out["currency"])
    fields: dict[str, object] = {
        **worked_out,
        "customer": customer["id"],
        "customer_account": customer.get("customer_account"),
        "date": unit.now,
        "discountable": params.get("discountable", True),
        "invoice": invoice,
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "parent": {"subscription_details": details, "type": "subscription_details"} if details else None,
        "period": params.get("period") or {"end": unit.now, "start": unit.now},
        "tax_rates": tax_rates(unit, params.get("tax_rates"), _named(param, "tax_rates")),
        "test_clock": customer.get("test_clock"),
        "_pending": invoice is None,
    }
    if params.get("description"):
        fields["description"] = params.get("description")
    fields["net_amount"] = worked_out["amount"]
    item = unit.create(kinds.INVOICEITEM, fields)
    if choices := params.get("discounts"):
        attached = discounts.attach(
            unit, choices, customer=customer["id"], currency=worked_out["currency"], invoice_item=item["id"]
        )
        unit.change(item, {"discounts": attached}, emits=())
    return item


def amounts_of(
    unit: UnitOfWork,
    params: ItemParams,
    param: str,
    currency: str | None,
    *,
    unit_amount: str | None = None,
    inactive_price: bool = False,
) -> ItemAmounts:
    """Return amount, currency, quantity, pricing and description from what the caller gave.

    unit_amount: what one unit costs in minor units, where the parameters do not say it.
    """
    quantity, quantity_decimal = params.get("quantity"), params.get("quantity_decimal")
    units = Decimal(str(quantity_decimal)) if quantity_decimal else Decimal(quantity or 1)
    pricing = params.get("pricing")
    price_id = (pricing.get("price") if pricing else None) or params.get("price")
    if price_id or params.get("price_data"):
        price = _one_time(unit, params, price_id, param, inactive_too=inactive_price)
        return _priced(unit, price, units, param, currency)
    each_text = params.get("unit_amount_decimal", params.get("unit_amount", unit_amount))
    amount = params.get("amount")
    if each_text is not None:
        each = Decimal(str(each_text))
        amount = rounded(each * units)
    elif amount is not None:
        if quantity is not None:
            raise invalid("You may only specify one of these parameters: amount, quantity.", _named(param, "amount"))
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
        "quantity": int(units),
        "quantity_decimal": f"{units:f}",
        "amount": amount,
        "currency": money.currency(currency, _named(param, "currency")),
        "description": None,
        "pricing": {"price_details": None, "type": "price_details", "unit_amount_decimal": f"{each:f}"},
    }


def _priced(unit: UnitOfWork, price: Price, units: Decimal, param: str, currency: str | None) -> ItemAmounts:
    code = currency if currency and currency in (price.get("currency_options") or {}) else price["currency"]
    if currency and code != currency:
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: `{currency}`.",
            _named(param, "price"),
        )
    each = amounts.unit_amount(price, code)
    return {
        "quantity": int(units),
        "quantity_decimal": f"{units:f}",
        "amount": amounts.cost(price, int(units), code) if each is None else rounded(each * units),
        "currency": code,
        "description": lines.product_name(unit, price["product"]),
        "pricing": lines.pricing(price, None, code),
    }


def _one_time(unit: UnitOfWork, params: ItemParams, price_id: str | None, param: str, *, inactive_too: bool) -> Price:
    price_data = params.get("price_data")
    if not price_id and price_data:
        return prices.make(unit, price_data, _named(param, "price_data"))
    price = unit.find(kinds.PRICE, price_id)
    if price is None:
        raise missing("price", str(price_id), param=_named(param, "price"), status=400)
    if not price["active"] and not inactive_too:
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
