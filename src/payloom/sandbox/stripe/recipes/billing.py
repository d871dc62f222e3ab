"""Recipes for what is billed: subscriptions, invoices and their items, credit notes, quotes, schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.sandbox.stripe.recipes.recipe import Fields, Recipe, RecipeCalls, amount_of, currency_of, picked

_DAY = 86_400


def _customer_of(calls: RecipeCalls, identity: str, fields: Fields) -> str:
    """Return the customer that is billed, one made for it if the case names none."""
    return calls.ensure("customer", fields.get("customer")) or calls.ensure("customer", f"cus_{identity}") or ""


def _card_of(calls: RecipeCalls, customer: str, card: str = "pm_card_visa") -> str:
    return str(calls.post(f"/v1/payment_methods/{card}/attach", {"customer": customer})["id"])


# -- subscriptions -----------------------------------------------------------------------------------------------------


def _subscription(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = _customer_of(calls, identity, fields)
    params: dict[str, Any] = {"customer": customer, "items": _items(calls, identity, fields)}
    params |= picked(fields, "metadata")
    method = fields.get("default_payment_method")
    known = method is not None and calls.find(str(method)) is not None
    params["default_payment_method"] = method if known else _card_of(calls, customer)
    if fields.get("status") in ("trialing", "paused"):
        params["trial_period_days"] = 3
    if fields.get("status") == "incomplete":
        params["payment_behavior"] = "default_incomplete"
    calls.post("/v1/subscriptions", params, "subscription", identity)


def _items(calls: RecipeCalls, identity: str, fields: Fields) -> list[dict[str, Any]]:
    listed = fields.get("items")
    data = listed.get("data") if is_map(listed) else None
    items: list[dict[str, Any]] = []
    for number, item in enumerate([item for item in data or () if is_map(item)] or [{}], 1):
        price = item.get("price")
        known = {"recurring": {"interval": "month"}, "currency": currency_of(fields)}
        name = f"price_{identity}" if number == 1 else f"price_{identity}_{number}"
        price_fields = (
            {**known, **{key: value for key, value in price.items() if value is not None}} if is_map(price) else known
        )
        price_id = (price.get("id") if is_map(price) else price) or name
        items.append({"price": calls.ensure("price", price_id, price_fields), **picked(item, "quantity")})
    return items


def _advance_subscription(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    stored = calls.find(identity) or {}
    listed = fields.get("items")
    data = listed.get("data") if is_map(listed) else None
    for stored_item, item in zip(stored["items"]["data"], data or (), strict=False):
        name = item.get("id") if is_map(item) else None
        if name and calls.find(str(name)) is None:
            calls.rename(stored_item["id"], str(name))
    if fields.get("status") == "canceled" and stored["status"] != "canceled":
        calls.send("DELETE", f"/v1/subscriptions/{identity}", {})


def _subscription_item(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    subscription = fields.get("subscription") or f"sub_{identity}"
    calls.ensure(
        "subscription", subscription, {"items": {"data": [{"id": identity, **picked(fields, "quantity", "price")}]}}
    )


# -- invoices ----------------------------------------------------------------------------------------------------------


def _invoice(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = _customer_of(calls, identity, fields)
    amount = amount_of(fields, "total", "amount_due", "amount_paid", "amount_remaining", "subtotal")
    item = {"customer": customer, "amount": amount, "currency": currency_of(fields), "description": "Item"}
    params: dict[str, Any] = {"customer": customer, "currency": currency_of(fields), "auto_advance": False}
    params |= picked(fields, "metadata", "collection_method", "days_until_due")
    if params.get("collection_method") == "send_invoice":
        params.setdefault("days_until_due", 30)
    invoice = calls.post("/v1/invoices", params, "invoice", identity)
    calls.post("/v1/invoiceitems", {**item, "invoice": invoice["id"]})


def _advance_invoice(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    stored = calls.find(identity) or {}
    status_wanted, status = fields.get("status"), stored.get("status")
    path = f"/v1/invoices/{identity}"
    if status == "draft" and status_wanted in ("open", "paid", "void", "uncollectible"):
        calls.post(f"{path}/finalize", {"auto_advance": False})
        status = "open"
    if status != "open":
        return
    customer = str(stored["customer"])
    if status_wanted == "paid":
        calls.post(f"{path}/pay", {"payment_method": _card_of(calls, customer)})
    elif status_wanted == "void":
        calls.post(f"{path}/void", {})
    elif status_wanted == "uncollectible":
        calls.post(f"{path}/mark_uncollectible", {})
    elif fields.get("attempted") and not stored.get("attempted"):
        card = _card_of(calls, customer, "pm_card_chargeCustomerFail")
        calls.post(f"{path}/pay", {"payment_method": card}, declines=True)


def _invoice_item(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = _customer_of(calls, identity, fields)
    params = {"customer": customer, "amount": amount_of(fields, "amount"), "currency": currency_of(fields)}
    calls.post("/v1/invoiceitems", {**params, **picked(fields, "description", "metadata")}, "invoiceitem", identity)


def _credit_note(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    amount = amount_of(fields, "total", "amount")
    known = {"status": "open", "total": amount, "currency": currency_of(fields), **picked(fields, "customer")}
    invoice = calls.ensure("invoice", fields.get("invoice") or f"in_{identity}", known)
    params = {"invoice": invoice, "amount": amount}
    if (calls.find(invoice) or {}).get("status") == "paid":
        params["credit_amount"] = amount
    calls.post("/v1/credit_notes", params, "credit_note", identity)


def _quote(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = _customer_of(calls, identity, fields)
    price = calls.ensure("price", f"price_{identity}", {"currency": currency_of(fields)})
    params = {"customer": customer, "line_items": [{"price": price, "quantity": 1}]}
    calls.post("/v1/quotes", {**params, **picked(fields, "metadata")}, "quote", identity)


def _advance_quote(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    status_wanted = fields.get("status")
    if status_wanted in ("open", "accepted"):
        calls.post(f"/v1/quotes/{identity}/finalize", {})
    if status_wanted == "accepted":
        calls.post(f"/v1/quotes/{identity}/accept", {})
    if status_wanted == "canceled":
        calls.post(f"/v1/quotes/{identity}/cancel", {})


def _schedule(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    subscription = fields.get("subscription")
    if subscription:
        params: dict[str, Any] = {
            "from_subscription": calls.ensure("subscription", subscription, picked(fields, "customer"))
        }
    else:
        price = calls.ensure("price", f"price_{identity}", {"recurring": {"interval": "month"}})
        phase = {"items": [{"price": price, "quantity": 1}], "duration": {"interval": "month", "interval_count": 1}}
        params = {"customer": _customer_of(calls, identity, fields), "start_date": "now", "phases": [phase]}
    calls.post("/v1/subscription_schedules", params, "subscription_schedule", identity)


def _balance_transaction(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    customer = _customer_of(calls, identity, fields)
    params = {"amount": amount_of(fields, "amount"), "currency": currency_of(fields)}
    calls.post(f"/v1/customers/{customer}/balance_transactions", params, "customer_balance_transaction", identity)


BILLING: Mapping[str, Recipe] = {
    "subscription": Recipe(_subscription, _advance_subscription, ("customer", "status"), {"latest_invoice": "invoice"}),
    "subscription_item": Recipe(_subscription_item),
    "invoice": Recipe(_invoice, _advance_invoice, ("customer",)),
    "invoiceitem": Recipe(_invoice_item, needed=("customer",)),
    "credit_note": Recipe(_credit_note, needed=("customer", "invoice")),
    "quote": Recipe(_quote, _advance_quote, ("customer",)),
    "subscription_schedule": Recipe(_schedule, needed=("customer", "subscription")),
    "customer_balance_transaction": Recipe(_balance_transaction, needed=("customer",)),
}
