"""What the front page says of objects, events and calls, in a line each."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from payloom_emulator.http.pages.rendering import money
from payloom_emulator.protocol.json_shapes import integer, text

if TYPE_CHECKING:
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.runtime.delivery import DeliveryRow

_GOOD = {"succeeded", "paid", "active", "complete", "delivered", "won", "enabled", "trialing"}
_BAD = {"failed", "canceled", "expired", "unpaid", "past_due", "lost", "uncollectible", "void", "gave_up", "dropped"}


class ListedKind(NamedTuple):
    """A list of the front page. empty: what to do when there is nothing."""

    name: str
    label: str
    object: str
    path: str
    empty: str


LISTS = (
    ListedKind(
        "payments",
        "Payments",
        "payment_intent",
        "/v1/payment_intents",
        "Confirm a PaymentIntent with pm_card_visa, or trigger payment_intent.succeeded.",
    ),
    ListedKind(
        "customers",
        "Customers",
        "customer",
        "/v1/customers",
        "Create one: POST /v1/customers, or trigger customer.created.",
    ),
    ListedKind(
        "subscriptions",
        "Subscriptions",
        "subscription",
        "/v1/subscriptions",
        "Create one for a customer with a card, or trigger customer.subscription.created.",
    ),
    ListedKind(
        "invoices", "Invoices", "invoice", "/v1/invoices", "A subscription makes them, or trigger invoice.paid."
    ),
    ListedKind(
        "checkout",
        "Checkout Sessions",
        "checkout.session",
        "/v1/checkout/sessions",
        "Create one and open its url, or trigger checkout.session.completed.",
    ),
    ListedKind("refunds", "Refunds", "refund", "/v1/refunds", "Open a payment and press Refund."),
    ListedKind("disputes", "Disputes", "dispute", "/v1/disputes", "Open a payment and press Dispute."),
)


class Row(TypedDict):
    """One object in words."""

    id: object
    what: object
    amount: str
    status: str | None
    tone: str
    at: str


class DeliveryWords(TypedDict):
    """One delivery of an event in words."""

    words: str
    tone: str
    note: str
    attempt: int


def moment(seconds: float) -> str:
    """Return `2026-11-23 18:04:05` in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def tone(status: str | None) -> str:
    """Return which color a status has: good, bad or wait; the word itself is always written too."""
    if status in _GOOD:
        return "good"
    return "bad" if status in _BAD else "wait"


def row(item: JsonMapping) -> Row:
    """Return an object of any of the kinds in words."""
    amount = integer(item.get("amount", item.get("amount_total", item.get("total"))))
    status, currency = text(item.get("status")), text(item.get("currency"))
    return {
        "id": item["id"],
        "what": item.get("description") or item.get("email") or item.get("name") or item.get("customer") or "",
        "amount": money(amount, currency) if amount is not None and currency else "",
        "status": status,
        "tone": tone(status),
        "at": moment(integer(item.get("created")) or 0),
    }


def call_row(call: JsonMapping) -> dict[str, object]:
    """Return a call of the log in words."""
    status = integer(call["status"]) or 0
    return {**call, "tone": "good" if status < 300 else "bad", "when": moment(integer(call["at"]) or 0)}


def delivery_words(delivery: DeliveryRow) -> DeliveryWords:
    """Return a delivery in words."""
    status = delivery["status"]
    state = "delivered" if status and 200 <= status < 300 else delivery["state"]
    words = f"{state} · {status}" if status else state
    failed = delivery["error"] or status
    return {
        "words": words.replace("_", " "),
        "tone": tone("delivered" if state == "delivered" else "failed" if failed else None),
        "note": delivery["error"] or delivery["reply"] or "",
        "attempt": delivery["attempt"],
    }


def indented(value: object) -> str:
    """Return JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)
