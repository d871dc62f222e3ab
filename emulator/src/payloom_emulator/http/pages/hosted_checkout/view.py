"""A Checkout Session as a person sees it: items, amounts, terms, the words on the button.

Pure: objects in, words out.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from payloom_emulator.http.pages.rendering import money
from payloom_emulator.protocol.json_shapes import elements, integer, members, text

if TYPE_CHECKING:
    from payloom_emulator.objects.catalog import (
        Price,
        PriceRecurring,
        Product,
        ShippingRate,
        ShippingRateDeliveryEstimate,
    )
    from payloom_emulator.objects.checkout import CheckoutSession, LineItem
    from payloom_emulator.objects.params.checkout import CheckoutSessionCreateParamsSubscriptionData

    class PaymentPage(CheckoutSession):
        """The session with what Stripe's own page knows beyond the API's object: the trial that it starts."""

        subscription_data: NotRequired[CheckoutSessionCreateParamsSubscriptionData]


class PageLine(NamedTuple):
    """One line of the session. due: what each period costs, in minor units."""

    line: LineItem
    product: Product | None
    due: int


class Item(TypedDict):
    """One line in words. due: what each period costs, in minor units. raw, price: what the line was made of."""

    id: str
    name: str
    about: str | None
    image: str | None
    quantity: int
    each: str | None
    amount: str
    after_trial: str | None
    adjustable: list[int]
    due: int
    interval: str
    recurring: PriceRecurring | None
    price: Price | None
    raw: LineItem


class ShippingChoice(TypedDict):
    """One way of shipping in words."""

    id: str
    name: str
    estimate: str
    amount: str
    chosen: bool


class Heading(TypedDict):
    """What the page is about, in words."""

    title: str
    amount: str | None
    note: str | None


class Sum(TypedDict):
    """One row of the sums under the items."""

    kind: str
    label: str
    value: str


class View(TypedDict):
    """Everything the page writes."""

    id: str
    mode: str
    merchant: str
    heading: Heading
    items: list[Item]
    rows: list[Sum]
    trial: str | None
    button: str
    needs_method: bool
    methods: list[tuple[str, str]]
    terms: str | None
    shipping: NotRequired[list[ShippingChoice]]


_SUBMIT = {"pay": "Pay", "book": "Book", "donate": "Donate", "subscribe": "Subscribe", "auto": "Pay"}
METHODS = {
    "card": "Card",
    "us_bank_account": "US bank account",
    "sepa_debit": "SEPA Direct Debit",
    "bacs_debit": "Bacs Direct Debit",
    "ideal": "iDEAL",
    "bancontact": "Bancontact",
    "eps": "EPS",
    "giropay": "giropay",
    "sofort": "Sofort",
    "p24": "Przelewy24",
    "klarna": "Klarna",
    "afterpay_clearpay": "Afterpay",
    "affirm": "Affirm",
    "paypal": "PayPal",
    "cashapp": "Cash App Pay",
    "amazon_pay": "Amazon Pay",
    "revolut_pay": "Revolut Pay",
    "alipay": "Alipay",
    "wechat_pay": "WeChat Pay",
    "twint": "TWINT",
    "blik": "BLIK",
    "mobilepay": "MobilePay",
    "swish": "Swish",
}


def interval(recurring: PriceRecurring | None) -> str:
    """Return `per month`, `every 3 months` or nothing."""
    if not recurring:
        return ""
    count, unit = recurring.get("interval_count") or 1, recurring["interval"]
    return f"per {unit}" if count == 1 else f"every {count} {unit}s"


def date(seconds: int) -> str:
    """Return `December 7, 2026`."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{moment:%B} {moment.day}, {moment.year}"


def _item(page_line: PageLine) -> Item:
    line, product, _ = page_line
    price = line["price"]
    currency, quantity = line["currency"], line["quantity"] or 1
    unit = price["unit_amount"] if price else None
    each = money(line["amount_subtotal"] // quantity if unit is None else unit, currency)
    images = [url for url in (product["images"] if product else []) if url.startswith(("http://", "https://"))]
    recurring = price["recurring"] if price else None
    return {
        "id": line["id"],
        "name": line["description"] or (product["name"] if product else "Item"),
        "about": product["description"] if product else None,
        "image": images[0] if images else None,
        "quantity": quantity,
        "each": each if quantity > 1 else None,
        "amount": money(line["amount_subtotal"], currency),
        "after_trial": None,
        "adjustable": _choices(line, quantity),
        "due": page_line.due,
        "interval": interval(recurring),
        "recurring": recurring,
        "price": price,
        "raw": line,
    }


def _choices(line: LineItem, quantity: int) -> list[int]:
    """Return the quantities a person may choose; none when the quantity is fixed."""
    rule = line.get("adjustable_quantity")
    if not rule or not rule["enabled"]:
        return []
    low = rule["minimum"] or 1
    return sorted({*range(low, min(rule["maximum"] or 99, low + 98) + 1), quantity})


def shipping(session: PaymentPage, rates: list[ShippingRate | None]) -> list[ShippingChoice]:
    """Return the shipping options; `rates` are the rate objects of the session's options, in order."""
    cost = session["shipping_cost"]
    chosen = cost["shipping_rate"] if cost else None
    options: list[ShippingChoice] = []
    for option, rate in zip(session["shipping_options"], rates, strict=True):
        amount, estimate = option["shipping_amount"], rate["delivery_estimate"] if rate else None
        options.append(
            {
                "id": option["shipping_rate"],
                "name": (rate["display_name"] if rate else None) or "Shipping",
                "estimate": _estimate(estimate) if estimate else "",
                "amount": money(amount, session["currency"]) if amount else "Free",
                "chosen": option["shipping_rate"] == chosen,
            }
        )
    return options


def _estimate(estimate: ShippingRateDeliveryEstimate) -> str:
    ends = [end for end in (estimate["minimum"], estimate["maximum"]) if end]
    if not ends:
        return ""
    unit = ends[-1]["unit"].replace("_", " ")
    numbers = "–".join(dict.fromkeys(str(end["value"]) for end in ends))
    return f"{numbers} {unit}{'' if numbers == '1' else 's'}"


def trial_end(session: PaymentPage, now: int) -> int | None:
    """Return when the trial that this session starts ends (Unix seconds), or None when there is none."""
    data = session.get("subscription_data") or {}
    if end := data.get("trial_end"):
        return end
    if days := data.get("trial_period_days"):
        return now + days * 86400
    return None


def _days(until: int, now: int) -> str:
    days = max(1, round((until - now) / 86400))
    return "1 day" if days == 1 else f"{days} days"


def _recurring_total(session: PaymentPage, items: list[Item]) -> tuple[int, str]:
    """Return what is due each period (minor units) and the period's words, by the first recurring item."""
    recurring = [item for item in items if item["recurring"]]
    if not recurring:
        return session["amount_total"] or 0, ""
    amount = sum(item["due"] for item in recurring)
    return amount or session["amount_total"] or 0, recurring[0]["interval"]


def _heading(session: PaymentPage, items: list[Item], merchant: str, trial: str | None, now: int) -> Heading:
    currency = session["currency"]
    if session["mode"] == "setup":
        return {"title": f"Save your payment details with {merchant}", "amount": None, "note": None}
    if session["mode"] == "payment":
        return {"title": f"Pay {merchant}", "amount": money(session["amount_total"], currency), "note": None}
    name = items[0]["name"] if items else merchant
    amount, words = _recurring_total(session, items)
    if trial:
        end = trial_end(session, now) or now
        note = f"Then {money(amount, currency)} {words} starting {date(end)}"
        return {"title": f"Try {name}", "amount": f"{trial} free", "note": note}
    return {"title": f"Subscribe to {name}", "amount": money(amount, currency), "note": words or None}


def _rows(session: PaymentPage, trial: str | None) -> list[Sum]:
    """Return the sums under the items; the last one is what is due now."""
    currency, details = session["currency"], session["total_details"]
    rows: list[Sum] = [{"kind": "subtotal", "label": "Subtotal", "value": money(session["amount_subtotal"], currency)}]
    discounts = elements(members(details and details.get("breakdown")).get("discounts"))
    for entry in map(members, discounts):
        discount = members(entry.get("discount"))
        coupon = members(discount.get("coupon")) or members(members(discount.get("source")).get("coupon"))
        value = f"−{money(integer(entry['amount']), currency)}"
        rows.append({"kind": "discount", "label": text(coupon.get("name")) or "Discount", "value": value})
    if details and details["amount_discount"] and len(rows) == 1:
        value = f"−{money(details['amount_discount'], currency)}"
        rows.append({"kind": "discount", "label": "Discount", "value": value})
    if session["shipping_cost"] or (details and details["amount_shipping"]):
        shipping = (details and details["amount_shipping"]) or 0
        value = money(shipping, currency) if shipping else "Free"
        rows.append({"kind": "shipping", "label": "Shipping", "value": value})
    if details and details["amount_tax"]:
        rows.append({"kind": "tax", "label": "Tax", "value": money(details["amount_tax"], currency)})
    label = "Total due today" if trial or session["mode"] == "subscription" else "Total due"
    rows.append({"kind": "total", "label": label, "value": money(session["amount_total"], currency)})
    return rows


def _button(session: PaymentPage, trial: str | None) -> str:
    if session["mode"] == "setup":
        return "Save card"
    if session["mode"] == "subscription":
        return "Start trial" if trial else "Subscribe"
    if not session["amount_total"]:
        return "Complete order"
    word = _SUBMIT.get(session["submit_type"] or "auto", "Pay")
    return f"{word} {money(session['amount_total'], session.get('currency'))}" if word == "Pay" else word


def view(session: PaymentPage, lines: list[PageLine], *, merchant: str, now: int) -> View:
    """Return everything the page writes.

    session: the payment page's session. lines: its line items with their products. now: Unix seconds.
    """
    items = [_item(line) for line in lines]
    end = trial_end(session, now) if session["mode"] == "subscription" else None
    trial = _days(end, now) if end else None
    heading = _heading(session, items, merchant, trial, now)
    for item in items:
        if trial and item["recurring"]:
            due = f"Then {money(item['due'], session.get('currency'))} {item['interval']}"
            item["amount"], item["each"], item["after_trial"] = f"{trial} free", None, due
    needs_method = not (
        session["mode"] != "setup"
        and not session["amount_total"]
        and (session["mode"] == "payment" or session.get("payment_method_collection") == "if_required")
    )
    types = [name for name in session["payment_method_types"] if name in METHODS] or ["card"]
    return {
        "id": session["id"],
        "mode": session["mode"],
        "merchant": merchant,
        "heading": heading,
        "items": items,
        "rows": _rows(session, trial) if session["mode"] != "setup" else [],
        "trial": trial,
        "button": _button(session, trial),
        "needs_method": needs_method,
        "methods": [(name, METHODS[name]) for name in types],
        "terms": _terms(session, merchant, items, trial, now),
    }


def _terms(session: PaymentPage, merchant: str, items: list[Item], trial: str | None, now: int) -> str | None:
    if session["mode"] == "setup":
        return f"By saving your details you allow {merchant} to charge them for future payments."
    if session["mode"] != "subscription":
        return None
    amount, words = _recurring_total(session, items)
    price = f"{money(amount, session.get('currency'))} {words}".strip()
    if trial:
        end = date(trial_end(session, now) or now)
        return f"After your trial ends on {end} you are charged {price} until you cancel."
    return f"You are charged {price} until you cancel."
