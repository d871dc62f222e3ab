"""Recipes for money that moves: payment intents, charges, refunds, disputes, checkout sessions, setup intents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.sandbox.stripe.recipes.recipe import (
    Fields,
    Recipe,
    RecipeCalls,
    amount_of,
    currency_of,
    picked,
)

RETURN_URL = "https://example.com/return"
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
_SEPA = {
    "type": "sepa_debit",
    "sepa_debit": {"iban": "DE89370400440532013000"},
    "billing_details": {"name": "Jenny Rosen", "email": "jenny@example.com"},
}
_MANDATE = {"customer_acceptance": {"type": "online", "online": {"ip_address": "127.0.0.1", "user_agent": "Test"}}}
_OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
_SMALLEST = 50


# -- payment intents ---------------------------------------------------------------------------------------------------


def _intent(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    params: dict[str, Any] = {"amount": amount_of(fields, "amount"), "currency": currency_of(fields)}
    params["amount"] = max(params["amount"], _SMALLEST)
    customer = calls.ensure("customer", fields.get("customer"))
    if customer:
        params["customer"] = customer
    if fields.get("status") == "requires_capture" or fields.get("capture_method") == "manual":
        params["capture_method"] = "manual"
    if fields.get("status") == "requires_confirmation":
        params["payment_method"] = "pm_card_visa"
    if fields.get("status") == "processing":
        params |= {"currency": "eur", "allowed_payment_method_types": ["sepa_debit"]}
    calls.post("/v1/payment_intents", {**params, **picked(fields, "metadata")}, "payment_intent", identity)


def _advance_intent(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    stored = calls.find(identity) or {}
    status_wanted, status = fields.get("status"), stored.get("status")
    path = f"/v1/payment_intents/{identity}"
    if (
        status_wanted == "requires_payment_method"
        and fields.get("last_payment_error")
        and not stored["last_payment_error"]
    ):
        _confirm(calls, path, "pm_card_visa_chargeDeclined")
    if status == "processing" and status_wanted == "succeeded":
        calls.run_timer(identity, "settle")
    if status_wanted == status or status not in _OPEN | {"requires_capture"}:
        return
    if status_wanted == "canceled":
        calls.post(f"{path}/cancel", {})
    elif status_wanted == "requires_action":
        _confirm(calls, path, "pm_card_threeDSecure2Required")
    elif status_wanted == "processing":
        calls.post(
            f"{path}/confirm", {"payment_method_data": _SEPA, "mandate_data": _MANDATE, "return_url": RETURN_URL}
        )
        _in_own_currency(calls, identity, fields)
    elif status_wanted in ("succeeded", "requires_capture") and status in _OPEN:
        method = fields.get("payment_method")
        own = calls.ensure("payment_method", method) if isinstance(method, str) and calls.find(method) else None
        _confirm(calls, path, own or "pm_card_visa")
        if status_wanted == "succeeded" and (calls.find(identity) or {}).get("status") == "requires_capture":
            calls.post(f"{path}/capture", {})
    elif status_wanted == "succeeded":
        calls.post(f"{path}/capture", {})


def _confirm(calls: RecipeCalls, path: str, method: str) -> None:
    calls.post(f"{path}/confirm", {"payment_method": method, "return_url": RETURN_URL}, declines=True)


def paid_intent(calls: RecipeCalls, identity: Any, fields: Fields, *, charge: bool = True) -> str | None:
    """Return the id of a payment intent that a payment, refund or dispute belongs to: a paid one if nothing is said.

    charge: its charge has the id that goes with its own. False for a charge, which gives its own id to it.
    """
    known: dict[str, Any] = {"status": "succeeded", "amount": amount_of(fields, "amount"), **picked(fields, "customer")}
    known["currency"] = currency_of(fields)
    if charge and isinstance(identity, str) and identity.startswith("pi_"):
        known["latest_charge"] = "ch_" + identity.removeprefix("pi_")
    return calls.ensure("payment_intent", identity, known)


# -- charges -----------------------------------------------------------------------------------------------------------


def _charge(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    failed = fields.get("status") == "failed"
    intent = paid_intent(calls, fields.get("payment_intent"), fields, charge=False) if not failed else None
    if intent is not None:
        stored = calls.find(intent) or {}
        if isinstance(stored.get("latest_charge"), str) and stored["status"] in ("succeeded", "requires_capture"):
            calls.rename(stored["latest_charge"], identity)
            return
    params: dict[str, Any] = {"amount": max(amount_of(fields, "amount"), _SMALLEST), "currency": currency_of(fields)}
    params["source"] = "tok_chargeDeclined" if failed else "tok_visa"
    if fields.get("captured") is False and not failed:
        params["capture"] = False
    calls.post("/v1/charges", params, "charge", identity, declines=True)


def _advance_charge(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    stored = calls.find(identity) or {}
    refunded = fields.get("amount_refunded")
    if isinstance(refunded, int) and stored.get("paid") and refunded > stored.get("amount_refunded", 0):
        calls.post("/v1/refunds", {"charge": identity, "amount": refunded - stored.get("amount_refunded", 0)})


# -- refunds and disputes ----------------------------------------------------------------------------------------------


def _refund(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    params: dict[str, Any] = picked(fields, "amount", "reason", "metadata")
    charge = fields.get("charge")
    intent = paid_intent(calls, fields.get("payment_intent"), fields)
    if intent is not None:
        params["payment_intent"] = intent
    else:
        params["charge"] = calls.ensure("charge", charge or f"ch_{identity}", picked(fields, "amount", "currency"))
    calls.post("/v1/refunds", params, "refund", identity)


def _advance_refund(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    if fields.get("status") == "failed" and (calls.find(identity) or {}).get("status") != "failed":
        calls.run_timer(identity, "fail")


def _dispute(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    charge = fields.get("charge")
    if not charge:
        intent = paid_intent(calls, fields.get("payment_intent") or f"pi_{identity}", fields)
        charge = (calls.find(intent) or {}).get("latest_charge")
    known = calls.ensure("charge", charge, picked(fields, "amount", "currency"))
    calls.dispute(identity, known, str(fields.get("reason") or "fraudulent"))


def _advance_dispute(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    if fields.get("status") == "lost" and (calls.find(identity) or {}).get("status") != "lost":
        calls.post(f"/v1/disputes/{identity}/close", {})


# -- checkout sessions -------------------------------------------------------------------------------------------------


def _session(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    mode = str(fields.get("mode") or "payment")
    params: dict[str, Any] = {
        "mode": mode,
        "success_url": RETURN_URL,
        **picked(fields, "metadata", "client_reference_id"),
    }
    customer = calls.ensure("customer", fields.get("customer"))
    if customer:
        params["customer"] = customer
    if mode == "setup":
        params["currency"] = currency_of(fields)
    else:
        params["line_items"] = _lines(fields, mode)
    if _is_debit(fields):
        params["allowed_payment_method_types"] = ["sepa_debit"]
    calls.post("/v1/checkout/sessions", params, "checkout.session", identity)


def _is_debit(fields: Fields) -> bool:
    """Whether the session was completed and its money comes later: it is paid by bank debit, in euros."""
    return fields.get("status") == "complete" and fields.get("payment_status") == "unpaid"


def _lines(fields: Fields, mode: str) -> list[dict[str, Any]]:
    listed = fields.get("line_items")
    given_lines = listed.get("data") if is_map(listed) else None
    total = fields.get("amount_total")
    whole = total if isinstance(total, int) and total >= 0 else 2000
    lines: list[dict[str, Any]] = []
    for line in [line for line in given_lines or () if is_map(line)] or [{"amount_total": whole}]:
        quantity = line.get("quantity") or 1
        amount = line.get("amount_total")
        price: dict[str, Any] = {
            "currency": "eur" if _is_debit(fields) else currency_of(fields),
            "product_data": {"name": line.get("description") or "Product"},
        }
        price["unit_amount"] = (amount if isinstance(amount, int) else whole) // quantity
        if mode == "subscription":
            price["recurring"] = {"interval": "month"}
        lines.append({"price_data": price, "quantity": quantity})
    return lines


def _advance_session(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    stored = calls.find(identity) or {}
    status_wanted, status = fields.get("status"), stored.get("status")
    if status == "complete" and stored["payment_status"] == "unpaid" and fields.get("payment_status") == "paid":
        calls.make("payment_intent", stored["payment_intent"], {"status": "succeeded"})
    if status != "open" or status_wanted in (None, "open"):
        return
    if status_wanted == "expired":
        calls.post(f"/v1/checkout/sessions/{identity}/expire", {})
        return
    method: Mapping[str, Any] = {"type": "card", "card": CARD, "billing_details": {"name": "Jenny Rosen"}}
    debit = stored["allowed_payment_method_types"] == ["sepa_debit"]
    params = {"email": _email(fields), "payment_method_data": _SEPA if debit else method}
    calls.post(f"/v1/payment_pages/{identity}/confirm", params)
    if debit:
        _in_own_currency(calls, identity, fields)


def _in_own_currency(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    """Say the case's currency where only a bank debit in euros could be played."""
    stored = calls.find(identity) or {}
    intent = identity if stored.get("object") == "payment_intent" else stored.get("payment_intent")
    charge = (calls.find(intent) or {}).get("latest_charge")
    calls.lay_over(identity, {"allowed_payment_method_types": None})
    for part in filter(None, (intent, charge)):
        calls.lay_over(part, {"currency": currency_of(fields)})


def _email(fields: Fields) -> str:
    details = fields.get("customer_details")
    known = (details.get("email") if is_map(details) else None) or fields.get("customer_email")
    return str(known or "jenny@example.com")


# -- setup intents -----------------------------------------------------------------------------------------------------


def _setup_intent(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    params: dict[str, Any] = picked(fields, "usage", "metadata")
    customer = calls.ensure("customer", fields.get("customer"))
    if customer:
        params["customer"] = customer
    calls.post("/v1/setup_intents", params, "setup_intent", identity)


def _advance_setup_intent(calls: RecipeCalls, identity: str, fields: Fields) -> None:
    status = (calls.find(identity) or {}).get("status")
    status_wanted = fields.get("status")
    path = f"/v1/setup_intents/{identity}"
    if status in _OPEN and fields.get("last_setup_error") and not (calls.find(identity) or {})["last_setup_error"]:
        _confirm(calls, path, "pm_card_chargeDeclined")
    if status not in _OPEN or status_wanted == status:
        return
    if status_wanted == "canceled":
        calls.post(f"{path}/cancel", {})
    elif status_wanted == "succeeded":
        _confirm(calls, path, "pm_card_visa")
    elif status_wanted == "requires_action":
        _confirm(calls, path, "pm_card_authenticationRequired")


PAYMENTS: Mapping[str, Recipe] = {
    "payment_intent": Recipe(
        _intent,
        _advance_intent,
        ("status", "customer", "capture_method"),
        {"latest_charge": "charge", "payment_method": "payment_method"},
    ),
    "charge": Recipe(
        _charge, _advance_charge, ("status", "captured", "amount", "currency"), {"payment_method": "payment_method"}
    ),
    "refund": Recipe(_refund, _advance_refund),
    "dispute": Recipe(_dispute, _advance_dispute),
    "checkout.session": Recipe(
        _session,
        _advance_session,
        ("mode", "customer"),
        {
            "payment_intent": "payment_intent",
            "setup_intent": "setup_intent",
            "subscription": "subscription",
            "invoice": "invoice",
        },
    ),
    "setup_intent": Recipe(_setup_intent, _advance_setup_intent, ("customer",), {"payment_method": "payment_method"}),
}
