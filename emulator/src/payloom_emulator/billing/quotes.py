"""Quotes: what they would cost at once and each period, and what accepting one makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, TypedDict

from payloom_emulator.billing.invoices import invoice_lifecycle, lines
from payloom_emulator.billing.pricing import amounts, discounts, totals
from payloom_emulator.billing.subscriptions import create_subscription, subscription_params
from payloom_emulator.billing.subscriptions.changes import schedule_phases, subscription_schedules
from payloom_emulator.catalog import automatic_tax, prices
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.invoices import InvoiceLineItem
    from payloom_emulator.objects.params.quotes import (
        QuoteCreateParamsLineItem,
        QuoteCreateParamsSubscriptionData,
        QuoteUpdateParamsLineItem,
        QuoteUpdateParamsSubscriptionData,
    )
    from payloom_emulator.objects.params.shared import PhaseItemParams
    from payloom_emulator.objects.params.subscriptions import SubscriptionCreateParams, SubscriptionCreateParamsItem
    from payloom_emulator.objects.state import QuoteItem
    from payloom_emulator.objects.subscriptions import Quote, QuoteSubscriptionData


DataParams: TypeAlias = "QuoteCreateParamsSubscriptionData | QuoteUpdateParamsSubscriptionData"


def subscription_data(params: DataParams, unit: UnitOfWork) -> QuoteSubscriptionData:
    """Return a quote's `subscription_data` in Stripe's shape."""
    date = params.get("effective_date")
    mode = subscription_params.billing_mode(unit, params.get("billing_mode"))
    return {
        "billing_mode": {"flexible": mode["flexible"], "type": mode["type"]},
        "description": params.get("description") or None,
        "effective_date": date if isinstance(date, int) else None,
        "metadata": params.get("metadata") or {},
        "trial_period_days": params.get("trial_period_days") or None,
    }


def read_items(
    unit: UnitOfWork,
    params: Sequence[QuoteCreateParamsLineItem | QuoteUpdateParamsLineItem],
    current: list[QuoteItem],
) -> list[QuoteItem]:
    """Return the quote's items from `line_items` parameters; `id` keeps one that is there."""
    rows: list[QuoteItem] = []
    for index, entry in enumerate(params):
        param = f"line_items[{index}]"
        item_id = entry.get("id")
        existing = next((i for i in current if i["id"] == item_id), None) if item_id else None
        if item_id and existing is None:
            raise missing("line_item", item_id, param=f"{param}[id]", status=400)
        price_id = entry.get("price") or (existing["price"] if existing else None)
        price_data = entry.get("price_data")
        if price_data:
            price_id = prices.make(unit, price_data, f"{param}[price_data]")["id"]
        price = unit.get(kinds.PRICE, price_id or "", f"{param}[price]")
        rows.append(
            {
                "id": existing["id"] if existing else unit.environment.ids.new("li_1", 23),
                "price": price["id"],
                "quantity": entry.get("quantity") or (existing["quantity"] if existing else None) or 1,
                "tax_rates": [
                    unit.get(kinds.TAX_RATE, r, f"{param}[tax_rates]")["id"] for r in entry.get("tax_rates") or []
                ],
                "discounts": [*(entry.get("discounts") or [])],
            }
        )
    return rows


def _priced(unit: UnitOfWork, quote: Quote) -> list[tuple[QuoteItem, Price, InvoiceLineItem]]:
    """Return (item, price, line with discounts and taxes) for each of the quote's items."""
    rows: list[InvoiceLineItem] = []
    item_prices: list[Price] = []
    for item in quote["_items"]:
        price = unit.get(kinds.PRICE, item["price"])
        rows.append(
            lines.blank(
                unit,
                amount=0 if amounts.is_metered(price) else amounts.cost(price, item["quantity"]),
                currency=price["currency"],
                pricing=lines.pricing(price),
                quantity=item["quantity"],
                _tax_rates=item["tax_rates"],
            )
        )
        item_prices.append(price)
    currency = item_prices[0]["currency"] if item_prices else "usd"
    offs: dict[str, totals.Off] = {}
    whole: list[str] = []
    for index, entry in enumerate(quote.get("_discounts") or []):
        coupon, _ = discounts.resolve(
            unit, entry, f"discounts[{index}]", customer=quote.get("customer"), subtotal=None, currency=currency
        )
        name = f"quote_{index}_{coupon['id']}"
        offs[name] = discounts.terms(name, coupon, currency)
        whole.append(name)
    customer = unit.find(kinds.CUSTOMER, quote.get("customer"))
    rates = [r for r in (unit.find(kinds.TAX_RATE, r) for r in quote.get("default_tax_rates") or []) if r]
    on = automatic_tax.is_on(quote)
    done, _ = totals.compute(
        unit,
        rows,
        offs=offs,
        whole=whole,
        rates=rates,
        exempt=(customer["tax_exempt"] if customer else None) or "none",
        tax=invoice_lifecycle.tax_finder(unit, automatic_tax.locate(unit, customer)) if on else None,
    )
    return list(zip(quote["_items"], item_prices, done, strict=True))


class _Details(TypedDict):
    amount_discount: int
    amount_shipping: int
    amount_tax: int


class _Summary(TypedDict):
    amount_subtotal: int
    amount_total: int
    total_details: _Details


def _summary(rows: list[InvoiceLineItem]) -> _Summary:
    sums = totals.sums(rows)
    return {
        "amount_subtotal": sums["subtotal"],
        "amount_total": sums["total"],
        "total_details": {
            "amount_discount": sum(d["amount"] for d in sums["total_discount_amounts"]),
            "amount_shipping": 0,
            "amount_tax": sum(t["amount"] for t in sums["total_taxes"]),
        },
    }


NO_AUTOMATIC_TAX = {"enabled": False, "liability": None, "provider": None, "status": None}


def amount_fields(unit: UnitOfWork, quote: Quote) -> dict[str, object]:
    """Return the computed fields of a quote: totals now, at once and each period."""
    priced = _priced(unit, quote)
    data = quote.get("subscription_data")
    trial = data["trial_period_days"] if data else None
    recurring = [(p["recurring"], line) for _, p, line in priced if p["recurring"]]
    upfront = [line for _, p, line in priced if not p["recurring"] or not trial]
    whole = _summary(upfront)
    each: dict[str, object] | None = None
    if recurring:
        cycle = recurring[0][0]
        each = {
            **_summary([line for _, line in recurring]),
            "interval": cycle["interval"],
            "interval_count": cycle["interval_count"],
        }
    if len({p["currency"] for _, p, _ in priced}) > 1:
        raise invalid("All line items of a quote must have the same currency.", "line_items")
    customer = unit.find(kinds.CUSTOMER, quote.get("customer"))
    on = automatic_tax.is_on(quote)
    tax_status = automatic_tax.status_of(automatic_tax.locate(unit, customer) is not None) if on else None
    return {
        "automatic_tax": {**NO_AUTOMATIC_TAX, **(quote.get("automatic_tax") or {}), "status": tax_status},
        "amount_subtotal": whole["amount_subtotal"],
        "amount_total": whole["amount_total"],
        "computed": {"recurring": each, "upfront": whole},
        "currency": priced[0][1]["currency"] if priced else None,
        "total_details": whole["total_details"],
    }


def line_items(unit: UnitOfWork, quote: Quote) -> list[dict[str, object]]:
    """Return the quote's items as `item` objects."""
    rows: list[dict[str, object]] = []
    for item, price, line in _priced(unit, quote):
        off = sum(d["amount"] for d in line["discount_amounts"] or [])
        tax = sum(t["amount"] for t in line["taxes"] or [] if t["tax_behavior"] == "exclusive")
        rows.append(
            {
                "id": item["id"],
                "object": "item",
                "adjustable_quantity": None,
                "amount_discount": off,
                "amount_subtotal": line["amount"],
                "amount_tax": tax,
                "amount_total": line["amount"] - off + tax,
                "currency": price["currency"],
                "description": lines.product_name(unit, price["product"]),
                "metadata": {},
                "price": amounts.embedded(price),
                "quantity": item["quantity"],
            }
        )
    return rows


def accept(unit: UnitOfWork, quote: Quote) -> Quote:
    """Make what the quote promises: a subscription, a schedule for later, or a draft invoice. Emits quote.accepted."""
    unit.unschedule("expire", quote)
    transitions = {**quote["status_transitions"], "accepted_at": unit.now}
    priced = [(i, unit.get(kinds.PRICE, i["price"])) for i in quote["_items"]]
    changes: dict[str, object] = {"status_transitions": transitions}
    if any(p["recurring"] for _, p in priced):
        date = quote["subscription_data"]["effective_date"]
        if date is not None and date > unit.now:
            changes["subscription_schedule"] = _schedule(unit, quote, priced, date)
        else:
            subscription = create_subscription.begin(unit, _params(quote, priced), extra={"_quote": quote["id"]})
            changes["subscription"] = subscription["id"]
            changes["invoice"] = subscription["latest_invoice"]
    else:
        changes["invoice"] = _invoice(unit, quote, priced)
    return unit.transition(quote, "accept", changes)


def _params(quote: Quote, priced: list[tuple[QuoteItem, Price]]) -> SubscriptionCreateParams:
    data = quote["subscription_data"]
    by_invoice = quote["collection_method"] == "send_invoice"
    params: SubscriptionCreateParams = {
        "customer": present(quote["customer"]),
        "currency": present(quote["currency"]),
        "items": [_item_params(item, price) for item, price in priced if price["recurring"]],
        "add_invoice_items": [
            {"price": price["id"], "quantity": item["quantity"]} for item, price in priced if not price["recurring"]
        ],
        "collection_method": "send_invoice" if by_invoice else "charge_automatically",
        "default_tax_rates": quote["default_tax_rates"] or [],
        "discounts": [*quote["_discounts"]],
        "metadata": data["metadata"] or {},
        "payment_behavior": "default_incomplete",
    }
    if quote["automatic_tax"]["enabled"]:
        params["automatic_tax"] = {"enabled": True}
    if by_invoice:
        params["days_until_due"] = quote["invoice_settings"].get("days_until_due") or 30
    if data["trial_period_days"]:
        params["trial_period_days"] = data["trial_period_days"]
    if data["description"]:
        params["description"] = data["description"]
    return params


def _item_params(item: QuoteItem, price: Price) -> SubscriptionCreateParamsItem:
    params: SubscriptionCreateParamsItem = {"price": price["id"], "tax_rates": item["tax_rates"]}
    if not amounts.is_metered(price):
        params["quantity"] = item["quantity"]
    return params


def _schedule(unit: UnitOfWork, quote: Quote, priced: list[tuple[QuoteItem, Price]], date: int) -> str:
    later: list[PhaseItemParams] = [{"price": p["id"], "quantity": i["quantity"]} for i, p in priced if p["recurring"]]
    schedule = subscription_schedules.create(
        unit,
        {
            "billing_mode": subscription_params.billing_mode(unit, None),
            "customer": quote["customer"],
            "default_settings": {**schedule_phases.DEFAULTS, "collection_method": quote["collection_method"]},
            "phases": schedule_phases.phases(unit, [{"items": later}], date),
            "status": "not_started",
        },
    )
    return schedule["id"]


def _invoice(unit: UnitOfWork, quote: Quote, priced: list[tuple[QuoteItem, Price]]) -> str:
    customer = unit.get(kinds.CUSTOMER, quote["customer"])
    rows = [
        lines.blank(
            unit,
            amount=amounts.cost(p, i["quantity"]),
            currency=p["currency"],
            description=lines.product_name(unit, p["product"]),
            pricing=lines.pricing(p),
            quantity=i["quantity"],
            _tax_rates=i["tax_rates"],
        )
        for i, p in priced
    ]
    about: dict[str, object] = {
        "auto_advance": False,
        "billing_reason": "quote_accept",
        "collection_method": quote["collection_method"],
        "currency": quote["currency"],
        "default_tax_rates": [
            r for r in (unit.find(kinds.TAX_RATE, r) for r in present(quote["default_tax_rates"])) if r
        ],
        "description": quote["invoice_settings"].get("description"),
        "discounts": discounts.attach(unit, quote["_discounts"], customer=customer["id"], currency=quote["currency"]),
        "parent": {"quote_details": {"quote": quote["id"]}, "subscription_details": None, "type": "quote_details"},
        "_days_until_due": quote["invoice_settings"].get("days_until_due"),
    }
    return invoice_lifecycle.draft(unit, customer, rows, about)["id"]
