"""The customer portal in words: subscriptions, payment methods, invoices, billing details.

Pure: objects in, words out.
"""

from __future__ import annotations

from payloom_emulator.http.pages.hosted_checkout.view import Json, date, interval
from payloom_emulator.http.pages.rendering import money
from payloom_emulator.protocol.json_shapes import is_object

_SHOWN = {"active", "trialing", "past_due", "unpaid", "paused", "incomplete"}
_STATUS = {
    "active": ("Active", "good"),
    "trialing": ("Trial", "good"),
    "past_due": ("Payment overdue", "bad"),
    "unpaid": ("Unpaid", "bad"),
    "paused": ("Paused", "wait"),
    "incomplete": ("Payment not finished", "wait"),
    "canceled": ("Canceled", "wait"),
}
_INVOICE = {"paid": "good", "open": "wait", "void": "wait", "uncollectible": "bad", "draft": "wait"}


def _name(price: Json) -> str:
    product = price.get("product")
    named = product.get("name") if is_object(product) else None
    return price.get("nickname") or named or "Subscription"


def priced(price: Json, quantity: int = 1) -> str:
    """Return `$12.00 per month`."""
    amount = (price.get("unit_amount") or 0) * quantity
    return f"{money(amount, price['currency'])} {interval(price.get('recurring'))}".strip()


def subscription(sub: Json, features: Json) -> Json | None:
    """Return one subscription's card, or None when it is over."""
    if sub["status"] not in _SHOWN:
        return None
    items = sub["items"]["data"]
    first = items[0]
    period_end = first.get("current_period_end") or sub.get("current_period_end")
    word, tone = _STATUS[sub["status"]]
    ends = sub.get("cancel_at") or (period_end if sub.get("cancel_at_period_end") else None)
    if ends:
        note, word, tone = f"Your plan ends on {date(ends)}.", "Ends soon", "wait"
    elif sub["status"] == "trialing":
        note = f"Your trial ends on {date(sub['trial_end'])}; then you are charged {_total(items)}."
    elif sub["status"] == "past_due":
        note = "The last payment did not go through. Update your payment method."
    else:
        note = f"Your plan renews on {date(period_end)}." if period_end else ""
    cancels = (features.get("subscription_cancel") or {}).get("enabled")
    updates = features.get("subscription_update") or {}
    return {
        "id": sub["id"],
        "name": ", ".join(_name(item["price"]) for item in items),
        "price": _total(items),
        "status": word,
        "tone": tone,
        "note": note,
        "resumable": bool(ends),
        "cancelable": bool(cancels) and not ends,
        "updatable": bool(updates.get("enabled") and updates.get("products")) and not ends and len(items) == 1,
    }


def _total(items: list[Json]) -> str:
    return " + ".join(priced(item["price"], item.get("quantity") or 1) for item in items)


def method(pm: Json, default: str | None) -> Json:
    """Return one payment method's line."""
    kind = pm["type"]
    details: dict[str, object] = pm.get(kind) or {}
    if kind == "card":
        text = f"{str(details['brand']).capitalize()} •••• {details['last4']}"
        note = f"Expires {details['exp_month']:02d}/{details['exp_year']}"
    else:
        text = f"{kind.replace('_', ' ').title()} •••• {details.get('last4', '')}"
        note = ""
    return {"id": pm["id"], "text": text, "note": note, "default": pm["id"] == default}


def invoice(item: Json) -> Json:
    """Return one invoice's line."""
    line = (item.get("lines") or {}).get("data") or []
    return {
        "date": date(item["created"]),
        "amount": money(item["total"], item["currency"]),
        "status": str(item["status"]).capitalize(),
        "tone": _INVOICE.get(item["status"], "wait"),
        "about": (line[0].get("description") if line else None) or item.get("number") or "",
        "url": item.get("hosted_invoice_url"),
    }


def address(customer: Json) -> list[str]:
    """Return the customer's address, line by line."""
    address = customer.get("address") or {}
    city = " ".join(part for part in (address.get("postal_code"), address.get("city"), address.get("state")) if part)
    return [line for line in (address.get("line1"), address.get("line2"), city, address.get("country")) if line]
