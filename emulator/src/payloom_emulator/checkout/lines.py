"""What a session sells: its lines, checked at create, and their amounts with discounts, taxes and shipping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from payloom_emulator.billing import checkout_billing
from payloom_emulator.billing.pricing import totals as totals_of_invoices
from payloom_emulator.catalog import automatic_tax, prices
from payloom_emulator.core.differences import public_fields, with_changes
from payloom_emulator.kit.named_members import with_filled, with_named
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import below_one, invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.catalog.taxation import Place
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price, TaxRate
    from payloom_emulator.objects.checkout import CheckoutSession, CheckoutSessionTotalDetails
    from payloom_emulator.objects.params.checkout import (
        CheckoutSessionCreateParamsLineItems,
        CheckoutSessionUpdateParamsLineItem,
    )
    from payloom_emulator.objects.params.payment_links import PaymentLinkCreateParamsLineItem
    from payloom_emulator.objects.params.shared import LineItemPriceDataParams, PriceDataProductDataParams
    from payloom_emulator.objects.state import AdjustableQuantity, SoldLine, TakenDiscount

MAX_LINES = {"payment": 100, "subscription": 20}


LineParams: TypeAlias = (
    "CheckoutSessionCreateParamsLineItems | CheckoutSessionUpdateParamsLineItem | PaymentLinkCreateParamsLineItem"
)


def read(unit: UnitOfWork, params: Sequence[LineParams] | None, mode: str) -> list[SoldLine]:
    """Return the session's lines, checked."""
    if mode == "setup":
        if params:
            raise invalid("You can not pass `line_items` in `setup` mode.", "line_items")
        return []
    if not params:
        raise parameter_missing("line_items")
    if len(params) > MAX_LINES[mode]:
        raise invalid(f"You may only specify up to {MAX_LINES[mode]} line items.", "line_items")
    return [_line(unit, item, index) for index, item in enumerate(params)]


def modern(item: CheckoutSessionCreateParamsLineItems) -> CheckoutSessionCreateParamsLineItems:
    """Return a line item in today's words; until 2022-08-01 it could hold `name`, `amount` and `currency` itself."""
    if "amount" not in item:
        return item
    product: PriceDataProductDataParams = {"name": item.get("name", "")}
    product = with_filled(product, item, "description", "images")
    data: LineItemPriceDataParams = {
        "currency": item.get("currency", ""),
        "unit_amount": item["amount"],
        "product_data": product,
    }
    today: CheckoutSessionCreateParamsLineItems = {"price_data": data}
    return with_named(today, item, "quantity", "tax_rates", "adjustable_quantity")


def _line(unit: UnitOfWork, item: LineParams, index: int) -> SoldLine:
    where = f"line_items[{index}]"
    price = _price(unit, item, where)
    adjustable = item.get("adjustable_quantity")
    fixed: AdjustableQuantity = {"enabled": False, "maximum": None, "minimum": None}
    return {
        "id": unit.environment.ids.new("li_1", 23),
        "price": price["id"],
        "quantity": _quantity(price, item, index),
        "adjustable_quantity": with_changes(fixed, adjustable) if adjustable else None,
        "tax_rates": [unit.get(kinds.TAX_RATE, r, f"{where}[tax_rates]")["id"] for r in item.get("tax_rates") or []],
        "metadata": item.get("metadata") or {},
        "amount": None,
    }


def _price(unit: UnitOfWork, item: LineParams, where: str) -> Price:
    price_id, price_data = item.get("price"), item.get("price_data")
    if price_id and price_data:
        raise invalid("You may only specify one of these parameters: price, price_data.", f"{where}[price]")
    if price_data:
        return prices.make(unit, price_data, f"{where}[price_data]")
    if not price_id:
        raise parameter_missing(f"{where}[price]")
    price = unit.get(kinds.PRICE, price_id, f"{where}[price]")
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", f"{where}[price]")
    return price


def _quantity(price: Price, item: LineParams, index: int) -> int | None:
    where = f"line_items[{index}]"
    quantity = item.get("quantity")
    adjustable = item.get("adjustable_quantity")
    if price["recurring"] and price["recurring"]["usage_type"] == "metered":
        if quantity is not None:
            raise invalid("Quantity should not be specified where usage_type is `metered`.", f"{where}[quantity]")
        return None
    if price["custom_unit_amount"]:
        return quantity or 1
    if quantity is None:
        raise invalid(
            f"Quantity is required. Add `quantity` to `line_items[{index}]`", f"{where}[quantity]", "parameter_missing"
        )
    if quantity < (0 if adjustable and adjustable["enabled"] else 1):
        raise below_one(f"{where}[quantity]")
    return quantity


def price_of(unit: UnitOfWork, line: SoldLine) -> Price:
    """Return the price object of a line."""
    return unit.get(kinds.PRICE, line["price"])


def check_terms(unit: UnitOfWork, lines: list[SoldLine], mode: str) -> None:
    """Raise when the prices do not fit the mode."""
    recurring = [bool(price_of(unit, line)["recurring"]) for line in lines]
    if mode == "payment" and any(recurring):
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.",
            "line_items",
        )
    if mode == "subscription" and not any(recurring):
        raise invalid(
            "You must provide at least one recurring price in `subscription` mode when using prices.", "line_items"
        )
    rhythms = {(r["interval"], r["interval_count"]) for r in (price_of(unit, line)["recurring"] for line in lines) if r}
    if len(rhythms) > 1:
        raise invalid("Checkout does not support multiple prices with different billing intervals.", "line_items")


def currency_of(unit: UnitOfWork, lines: list[SoldLine], requested: str | None) -> str:
    """Return the session's currency, or raise when the prices are not all in it."""
    codes = [price_of(unit, line)["currency"] for line in lines]
    chosen = money.currency(requested) if requested else codes[0]
    for line, code in zip(lines, codes, strict=True):
        price = price_of(unit, line)
        if code != chosen and chosen not in (price.get("currency_options") or {}):
            if requested:
                raise invalid(
                    f"The price `{price['id']}` is not available in the currency `{chosen}`. It only supports `{'`, `'.join(price.get('currency_options') or [code])}`.",
                    "currency",
                )
            raise invalid(
                f"All line items must have the same currency. Your session mixes `{codes[0]}` and `{code}`.",
                "line_items",
            )
    return chosen


def subtotal_of(unit: UnitOfWork, line: SoldLine, currency: str) -> int:
    """Return what a line costs before discounts and taxes, in minor units of `currency`."""
    price = price_of(unit, line)
    if price["custom_unit_amount"]:
        chosen = line["amount"] if line["amount"] is not None else price["custom_unit_amount"].get("preset") or 0
        return chosen * (line["quantity"] or 1)
    if line["quantity"] is None:
        return 0
    return prices.amount_for(price, line["quantity"], currency)


class LineTax(TypedDict):
    """One tax of a line. amount, taxable_amount: minor units."""

    amount: int
    rate: TaxRate
    taxability_reason: str | None
    taxable_amount: int


class LineAmounts(TypedDict):
    """What a line comes to, in minor units."""

    amount_discount: int
    amount_subtotal: int
    amount_tax: int
    amount_total: int
    _taxes: list[LineTax]


class Totals(TypedDict):
    """What a session comes to, in minor units."""

    amount_subtotal: int
    amount_total: int
    total_details: CheckoutSessionTotalDetails
    _items: list[LineAmounts]
    _taken: list[TakenDiscount]


def totals(unit: UnitOfWork, session: CheckoutSession) -> Totals:
    """Return the totals of a session as it stands."""
    currency = session["currency"]
    trial = session["mode"] == "subscription" and starts_with_trial(session)
    subtotals = [
        0 if trial and price_of(unit, line)["recurring"] else subtotal_of(unit, line, str(currency))
        for line in session["_lines"]
    ]
    subtotal = sum(subtotals)
    reductions = _taken(unit, session, subtotal)
    shares = share(sum(t.amount for t in reductions), subtotals)
    rows: list[LineAmounts] = []
    on = automatic_tax.is_on(session)
    place = location(unit, session) if on else None
    exclusive, tax_sum, exempt = 0, 0, _exempt(unit, session)
    for line, amount, off in zip(session["_lines"], subtotals, shares, strict=True):
        if on:
            taxes, added = _found_taxes(unit, place, line, amount - off, str(currency))
        else:
            taxes, added = _taxes(unit, _rates_of(session, line), amount - off, exempt)
        exclusive += added
        tax = sum(t["amount"] for t in taxes)
        tax_sum += tax
        rows.append(
            {
                "amount_discount": off,
                "amount_subtotal": amount,
                "amount_tax": tax,
                "amount_total": amount - off + added,
                "_taxes": taxes,
            }
        )
    cost = session.get("shipping_cost")
    shipping = cost["amount_total"] if cost else 0
    discount = sum(shares)
    return {
        "amount_subtotal": subtotal,
        "amount_total": subtotal - discount + exclusive + shipping,
        "total_details": {"amount_discount": discount, "amount_shipping": shipping, "amount_tax": tax_sum},
        "_items": rows,
        "_taken": [{"amount": t.amount, "coupon": t.coupon, "promotion_code": t.promotion_code} for t in reductions],
    }


def starts_with_trial(session: CheckoutSession) -> bool:
    """Return whether nothing recurring is due at once."""
    data = session.get("_subscription_data")
    return bool(data and (data.get("trial_period_days") or data.get("trial_end")))


def _taken(unit: UnitOfWork, session: CheckoutSession, subtotal: int) -> list[checkout_billing.DiscountTaken]:
    choices = session.get("_discounts") or []
    if not choices:
        return []
    return checkout_billing.discounts_taken(
        unit, choices, subtotal=subtotal, currency=str(session["currency"]), customer=session.get("customer")
    )


def share(total: int, parts: list[int]) -> list[int]:
    """Split `total` over `parts` in proportion; the largest remainders get what rounding left."""
    whole = sum(parts)
    if not whole or not total:
        return [0] * len(parts)
    total = min(total, whole)
    shares = [total * p // whole for p in parts]
    rest = total - sum(shares)
    by_remainder = sorted(range(len(parts)), key=lambda i: (-(total * parts[i] % whole), i))
    for index in by_remainder[:rest]:
        shares[index] += 1
    return shares


def _rates_of(session: CheckoutSession, line: SoldLine) -> list[str]:
    """Return the tax rates of a line: its own, or those that the subscription has for lines without."""
    data = session.get("_subscription_data") or {}
    return line["tax_rates"] or list(data.get("default_tax_rates") or [])


def _exempt(unit: UnitOfWork, session: CheckoutSession) -> str:
    customer = unit.find(kinds.CUSTOMER, session.get("customer"))
    return str(customer["tax_exempt"]) if customer else "none"


def location(unit: UnitOfWork, session: CheckoutSession) -> Place | None:
    """Return where a session's customer is taxed: at the address that was entered, else at the customer's own."""
    details = session["customer_details"]
    collected = members(members(session["collected_information"]).get("shipping_details")).get("address")
    customer = unit.find(kinds.CUSTOMER, session.get("customer"))
    return automatic_tax.locate(unit, customer, collected or (details["address"] if details else None))


def place(unit: UnitOfWork, draft: CheckoutSession) -> None:
    """Say whether the customer's address tells the tax, or refuse a customer who will never have an address."""
    if not draft["automatic_tax"]["enabled"]:
        return
    known = location(unit, draft) is not None
    draft["automatic_tax"] = with_changes(draft["automatic_tax"], {"status": automatic_tax.status_of(known)})
    updates = draft["_customer_update"]
    if draft["customer"] and not known and "auto" not in {updates.get("address"), updates.get("shipping")}:
        raise invalid(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set `customer_update[address]` to 'auto' to save the billing address entered in Checkout to the Customer.",
            code=automatic_tax.NO_LOCATION,
        )


def _found_taxes(
    unit: UnitOfWork, place: Place | None, line: SoldLine, amount: int, currency: str
) -> tuple[list[LineTax], int]:
    found_taxes = automatic_tax.of_line(unit, place, amount, price_of(unit, line), currency)
    rows: list[LineTax] = [
        {
            "amount": tax.amount,
            "rate": public_fields(tax.rate),
            "taxability_reason": tax.reason,
            "taxable_amount": tax.taxable,
        }
        for tax in found_taxes
    ]
    return rows, sum(tax.amount for tax in found_taxes if tax.behavior == "exclusive")


def _taxes(unit: UnitOfWork, rates: list[str], amount: int, exempt: str) -> tuple[list[LineTax], int]:
    """Return (taxes of a line, what exclusive ones add). The arithmetic is that of invoices."""
    known = [unit.get(kinds.TAX_RATE, rate_id) for rate_id in rates]
    rows = totals_of_invoices.taxes_of(amount, known, exempt)
    taxes: list[LineTax] = [
        {"amount": row["amount"], "rate": public_fields(rate), "taxability_reason": None, "taxable_amount": amount}
        for rate, row in zip(known, rows, strict=True)
    ]
    return taxes, sum(row["amount"] for row in rows if row["tax_behavior"] == "exclusive")


def line_items(unit: UnitOfWork, session: CheckoutSession) -> list[dict[str, object]]:
    """Return the `item` objects of a session or payment link."""
    rows = totals(unit, session)["_items"] if session["_lines"] else []
    items: list[dict[str, object]] = []
    for line, amounts in zip(session["_lines"], rows, strict=True):
        price = price_of(unit, line)
        product = unit.find(kinds.PRODUCT, price["product"], deleted=True)
        items.append(
            {
                "id": line["id"],
                "object": "item",
                "adjustable_quantity": line["adjustable_quantity"],
                "amount_discount": amounts["amount_discount"],
                "amount_subtotal": amounts["amount_subtotal"],
                "amount_tax": amounts["amount_tax"],
                "amount_total": amounts["amount_total"],
                "currency": session["currency"],
                "description": product["name"] if product else None,
                "metadata": line["metadata"],
                "price": unit.snapshot(price),
                "quantity": line["quantity"],
                "_taxes": amounts["_taxes"],
            }
        )
    return items
