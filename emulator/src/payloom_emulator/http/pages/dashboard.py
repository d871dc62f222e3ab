"""The local Stripe's own front page: what it is, its keys, what it holds, its events and deliveries, its clock.

Written on the server; its few buttons call the control endpoints under `/_emulator`.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypedDict

from payloom_emulator.core.config import DEFAULT_WEBHOOK_SECRET
from payloom_emulator.http.pages.api_access import Access
from payloom_emulator.http.pages.rendering import money, page
from payloom_emulator.http.trigger import TRIGGERS
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import elements, integer, members, text

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.runtime.delivery import DeliveryRow

_RECENT, _EVENTS = 8, 12
_KINDS = (
    ("payment_intent", "Payments", "/v1/payment_intents"),
    ("customer", "Customers", "/v1/customers"),
    ("subscription", "Subscriptions", "/v1/subscriptions"),
    ("invoice", "Invoices", "/v1/invoices"),
    ("checkout.session", "Checkout Sessions", "/v1/checkout/sessions"),
    ("refund", "Refunds", "/v1/refunds"),
    ("dispute", "Disputes", "/v1/disputes"),
)
_GOOD = {"succeeded", "paid", "active", "complete", "delivered", "won", "enabled"}
_BAD = {"failed", "canceled", "expired", "unpaid", "past_due", "lost", "uncollectible", "void", "gave_up", "dropped"}


def moment(seconds: float) -> str:
    """Return `2026-11-23 18:04:05` in UTC."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def tone(status: str | None) -> str:
    """Return which color a status has: good, bad or wait; the word itself is always written too."""
    if status in _GOOD:
        return "good"
    return "bad" if status in _BAD else "wait"


class _Row(TypedDict):
    """One object in words."""

    id: object
    what: object
    amount: str
    status: str | None
    tone: str
    at: str


class _Recent(TypedDict):
    """The newest objects of a kind."""

    label: str
    rows: list[_Row]
    more: object


class _Count(TypedDict):
    label: str
    count: int


class _Delivery(TypedDict):
    """One delivery of an event in words."""

    words: str
    tone: str
    note: str
    attempt: int


class _Event(TypedDict):
    """One event with what became of its deliveries."""

    id: str
    type: str
    object: object
    at: str
    deliveries: list[_Delivery]


class _Endpoint(TypedDict):
    """One webhook endpoint in words."""

    id: str
    url: str
    status: str
    tone: str
    events: str


def _row(item: JsonMapping) -> _Row:
    """Return an object of any of the kinds in words."""
    amount = integer(item.get("amount", item.get("amount_total", item.get("total"))))
    status, currency = text(item.get("status")), text(item.get("currency"))
    return {
        "id": item["id"],
        "what": item.get("description") or item.get("email") or item.get("name") or item.get("customer") or "",
        "amount": money(amount, currency) if amount is not None and currency else "",
        "status": status,
        "tone": tone(status),
        "at": moment(integer(item["created"]) or 0),
    }


def _recent(pages: Access) -> list[_Recent]:
    recent: list[_Recent] = []
    for _, label, path in _KINDS:
        answer = pages.get(path, limit=_RECENT) or {}
        rows = [_row(members(item)) for item in elements(answer.get("data"))]
        if rows:
            recent.append({"label": label, "rows": rows, "more": answer.get("has_more", False)})
    return recent


def _counts(pages: Access) -> list[_Count]:
    sql = "SELECT object, count(*) FROM objects WHERE account = ? AND deleted = 0 GROUP BY object"
    known: dict[str, int] = dict(pages.emulator.store.query(sql, (pages.emulator.config.account,)))
    return [{"label": label, "count": known.get(name, 0)} for name, label, _ in _KINDS]


def _events(pages: Access) -> list[_Event]:
    """Return the last events with what became of their deliveries."""
    deliveries: dict[str, list[_Delivery]] = {}
    for row in pages.emulator.delivery.rows(limit=200):
        deliveries.setdefault(row["event"], []).append(_delivery(row))
    return [
        {
            "id": event["id"],
            "type": event["type"],
            "object": event["data"]["object"].get("id") or "",
            "at": moment(event["created"]),
            "deliveries": deliveries.get(event["id"], []),
        }
        for event in pages.rows(kinds.EVENT, limit=_EVENTS)
    ]


def _delivery(row: DeliveryRow) -> _Delivery:
    status = row["status"]
    state = "delivered" if status and 200 <= status < 300 else row["state"]
    words = f"{state} · {status}" if status else state
    return {
        "words": words.replace("_", " "),
        "tone": tone("delivered" if state == "delivered" else "failed" if row["error"] or status else None),
        "note": row["error"] or row["reply"] or "",
        "attempt": row["attempt"],
    }


def _endpoints(pages: Access) -> list[_Endpoint]:
    return [
        {
            "id": endpoint["id"],
            "url": endpoint["url"],
            "status": endpoint["status"],
            "tone": tone(endpoint["status"]),
            "events": ", ".join(endpoint["enabled_events"][:4]) + (" …" if len(endpoint["enabled_events"]) > 4 else ""),
        }
        for endpoint in pages.rows(kinds.WEBHOOK_ENDPOINT, limit=20)
    ]


async def dashboard(request: Request) -> Response:
    """Serve the front page, or with `?part=live` only the part that changes."""
    pages = Access(request)
    live = request.query_params.get("part") == "live"
    return page(
        "dashboard_live.html" if live else "dashboard.html",
        base=str(request.base_url).rstrip("/"),
        version=pages.emulator.config.api_version,
        account=pages.emulator.config.account,
        secret_key=pages.secret_key,
        publishable_key=pages.publishable_key,
        webhook_secret=DEFAULT_WEBHOOK_SECRET,
        now=moment(pages.now),
        offset=pages.emulator.clock.offset,
        counts=_counts(pages),
        recent=_recent(pages),
        events=_events(pages),
        endpoints=_endpoints(pages),
        triggers=sorted(TRIGGERS),
    )
