"""A Checkout Session as a person sees it: items, amounts, terms, the words on the button.

Pure: objects in, words out.
"""

from __future__ import annotations

import datetime as dt

from payloom_emulator.http.pages.rendering import money
from payloom_emulator.protocol.json_shapes import is_object

Json = dict[str, object]

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


def interval(recurring: Json | None) -> str:
    """Return `per month`, `every 3 months` or nothing."""
    if not recurring:
        return ""
    count, unit = recurring.get("interval_count") or 1, recurring["interval"]
    return f"per {unit}" if count == 1 else f"every {count} {unit}s"


def date(seconds: int) -> str:
    """Return `December 7, 2026`."""
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return f"{moment:%B} {moment.day}, {moment.year}"


def _item(line: Json) -> Json:
    price = line.get("price") or {}
    named = price.get("product")
    product = named if is_object(named) else {}
    currency, quantity = line["currency"], line.get("quantity") or 1
    recurring = price.get("recurring")
    unit = price.get("unit_amount")
    each = money(unit, currency) if unit is not None else money(line["amount_subtotal"] // quantity, currency)
    images = [image for image in (product or {}).get("images") or [] if str(image).startswith(("http://", "https://"))]
    return {
        "id": line["id"],
        "name": line.get("description") or (product or {}).get("name") or "Item",
        "about": (product or {}).get("description"),
        "image": images[0] if images else None,
        "quantity": quantity,
        "each": each if quantity > 1 else None,
        "amount": money(line["amount_subtotal"], currency),
        "after_trial": None,
        "adjustable": _choices(line, quantity),
        "due": line.get("_due", (unit or 0) * quantity),
        "interval": interval(recurring),
        "recurring": recurring,
        "price": price,
        "raw": line,
    }


def _choices(line: Json, quantity: int) -> list[int]:
    """Return the quantities a person may choose; none when the quantity is fixed."""
    rule = line.get("adjustable_quantity") or {}
    if not rule.get("enabled"):
        return []
    low = rule.get("minimum") or 1
    return sorted({*range(low, min(rule.get("maximum") or 99, low + 98) + 1), quantity})


def shipping(session: Json, rates: list[Json]) -> list[Json]:
    """Return the shipping options; `rates` are the rate objects of the session's options, in order."""
    chosen = (session.get("shipping_cost") or {}).get("shipping_rate")
    options: list[Json] = []
    for option, rate in zip(session.get("shipping_options") or [], rates, strict=True):
        amount = option["shipping_amount"]
        options.append(
            {
                "id": rate["id"],
                "name": rate.get("display_name") or "Shipping",
                "estimate": _estimate(rate.get("delivery_estimate") or {}),
                "amount": money(amount, session["currency"]) if amount else "Free",
                "chosen": rate["id"] == chosen,
            }
        )
    return options


def _estimate(given: Json) -> str:
    ends = [given[name] for name in ("minimum", "maximum") if given.get(name)]
    if not ends:
        return ""
    unit = str(ends[-1]["unit"]).replace("_", " ")
    numbers = "–".join(dict.fromkeys(str(end["value"]) for end in ends))
    return f"{numbers} {unit}{'' if numbers == '1' else 's'}"


def trial_end(session: Json, now: int) -> int | None:
    """Return when the trial that this session starts ends (Unix seconds), or None when there is none."""
    data = session.get("subscription_data") or {}
    if data.get("trial_end"):
        return int(data["trial_end"])
    if days := int(data.get("trial_period_days") or 0):
        return now + days * 86400
    return None


def _days(until: int, now: int) -> str:
    days = max(1, round((until - now) / 86400))
    return "1 day" if days == 1 else f"{days} days"


def _recurring_total(session: Json, items: list[Json]) -> tuple[int, str]:
    """Return what is due each period (minor units) and the period's words, by the first recurring item."""
    recurring = [item for item in items if item["recurring"]]
    if not recurring:
        return session["amount_total"] or 0, ""
    amount = sum(item["due"] for item in recurring)
    return amount or session["amount_total"] or 0, recurring[0]["interval"]


def _heading(session: Json, items: list[Json], merchant: str, trial: str | None, now: int) -> Json:
    currency = session.get("currency")
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


def _rows(session: Json, trial: str | None) -> list[Json]:
    """Return the sums under the items; the last one is what is due now."""
    currency, details = session.get("currency"), session.get("total_details") or {}
    rows = [{"kind": "subtotal", "label": "Subtotal", "value": money(session["amount_subtotal"], currency)}]
    for entry in (details.get("breakdown") or {}).get("discounts") or []:
        discount = entry.get("discount") or {}
        coupon = discount.get("coupon") or (discount.get("source") or {}).get("coupon")
        name = coupon.get("name") if is_object(coupon) else None
        value = f"−{money(entry['amount'], currency)}"
        rows.append({"kind": "discount", "label": name or "Discount", "value": value})
    if details.get("amount_discount") and len(rows) == 1:
        value = f"−{money(details['amount_discount'], currency)}"
        rows.append({"kind": "discount", "label": "Discount", "value": value})
    if session.get("shipping_cost") or details.get("amount_shipping"):
        shipping = details.get("amount_shipping") or 0
        value = money(shipping, currency) if shipping else "Free"
        rows.append({"kind": "shipping", "label": "Shipping", "value": value})
    if details.get("amount_tax"):
        rows.append({"kind": "tax", "label": "Tax", "value": money(details["amount_tax"], currency)})
    label = "Total due today" if trial or session["mode"] == "subscription" else "Total due"
    rows.append({"kind": "total", "label": label, "value": money(session["amount_total"], currency)})
    return rows


def _button(session: Json, trial: str | None) -> str:
    if session["mode"] == "setup":
        return "Save card"
    if session["mode"] == "subscription":
        return "Start trial" if trial else "Subscribe"
    if not session["amount_total"]:
        return "Complete order"
    word = _SUBMIT.get(session.get("submit_type") or "auto", "Pay")
    return f"{word} {money(session['amount_total'], session.get('currency'))}" if word == "Pay" else word


def view(session: Json, lines: list[Json], *, merchant: str, now: int) -> Json:
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
            item.update(amount=f"{trial} free", each=None, after_trial=due)
    needs_method = not (
        session["mode"] != "setup"
        and not session["amount_total"]
        and (session["mode"] == "payment" or session.get("payment_method_collection") == "if_required")
    )
    types = [name for name in session.get("payment_method_types") or ["card"] if name in METHODS] or ["card"]
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


def _terms(session: Json, merchant: str, items: list[Json], trial: str | None, now: int) -> str | None:
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
