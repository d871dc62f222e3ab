"""The customer portal in words: subscriptions, payment methods, invoices, billing details.

Pure: objects in, words out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.http.pages.hosted_checkout.view import date, interval
from payloom_emulator.http.pages.rendering import money
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.payment_methods import PaymentMethod, PaymentMethodCard
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem
    from payloom_emulator.objects.webhooks import PortalConfigurationFeatures

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


class SubscriptionCard(TypedDict):
    """A subscription in words, and what its customer may do with it."""

    id: str
    name: str
    price: str
    status: str
    tone: str
    note: str
    resumable: bool
    cancelable: bool
    updatable: bool


class MethodLine(TypedDict):
    """A payment method in words."""

    id: str
    text: str
    note: str
    default: bool


class InvoiceLine(TypedDict):
    """An invoice in words."""

    date: str
    amount: str
    status: str
    tone: str
    about: str
    url: str | None


def priced(price: Price, quantity: int = 1) -> str:
    """Return `$12.00 per month`."""
    amount = (price["unit_amount"] or 0) * quantity
    return f"{money(amount, price['currency'])} {interval(price['recurring'])}".strip()


def subscription(
    sub: Subscription, features: PortalConfigurationFeatures, names: Mapping[str, str]
) -> SubscriptionCard | None:
    """Return one subscription's card, or None when it is over. names: of its products, by id."""
    if sub["status"] not in _SHOWN:
        return None
    items = sub["items"]["data"]
    period_end = items[0]["current_period_end"]
    word, tone = _STATUS[sub["status"]]
    ends = sub["cancel_at"] or (period_end if sub["cancel_at_period_end"] else None)
    if ends:
        note, word, tone = f"Your plan ends on {date(ends)}.", "Ends soon", "wait"
    elif sub["status"] == "trialing":
        note = f"Your trial ends on {date(sub['trial_end'] or period_end)}; then you are charged {_total(items)}."
    elif sub["status"] == "past_due":
        note = "The last payment did not go through. Update your payment method."
    else:
        note = f"Your plan renews on {date(period_end)}."
    cancels, updates = features["subscription_cancel"]["enabled"], features["subscription_update"]
    return {
        "id": sub["id"],
        "name": ", ".join(_name(item["price"], names) for item in items),
        "price": _total(items),
        "status": word,
        "tone": tone,
        "note": note,
        "resumable": bool(ends),
        "cancelable": cancels and not ends,
        "updatable": bool(updates["enabled"] and updates["products"]) and not ends and len(items) == 1,
    }


def _name(price: Price, names: Mapping[str, str]) -> str:
    return price["nickname"] or names.get(price["product"]) or "Subscription"


def _total(items: list[SubscriptionItem]) -> str:
    return " + ".join(priced(item["price"], item["quantity"] or 1) for item in items)


def method(method: PaymentMethod, default: str | None) -> MethodLine:
    """Return one payment method's line. default: the id of the customer's default one."""
    return {
        "id": method["id"],
        "text": named(method["type"], members(method.get(method["type"]))),
        "note": _expiry(method["card"]),
        "default": method["id"] == default,
    }


def named(kind: str, details: Mapping[str, object]) -> str:
    """Return `Visa •••• 4242`: a payment method by its type and the details of that type."""
    name = str(details["brand"]).capitalize() if kind == "card" else kind.replace("_", " ").title()
    return f"{name} •••• {details.get('last4', '')}"


def _expiry(card: PaymentMethodCard | None) -> str:
    return f"Expires {card['exp_month']:02d}/{card['exp_year']}" if card else ""


def invoice(invoice: Invoice) -> InvoiceLine:
    """Return one invoice's line."""
    lines = invoice["lines"]["data"]
    status = invoice["status"] or ""
    return {
        "date": date(invoice["created"]),
        "amount": money(invoice["total"], invoice["currency"]),
        "status": status.capitalize(),
        "tone": _INVOICE.get(status, "wait"),
        "about": (lines[0]["description"] if lines else None) or invoice["number"] or "",
        "url": invoice["hosted_invoice_url"],
    }


def address(customer: Customer | None) -> list[str]:
    """Return the customer's address, line by line."""
    address = customer.get("address") if customer else None
    if not address:
        return []
    city = " ".join(part for part in (address["postal_code"], address["city"], address["state"]) if part)
    return [line for line in (address["line1"], address["line2"], city, address["country"]) if line]
