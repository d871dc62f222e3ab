"""A payment method of one customer is refused at every door of another one's."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe
from emulator.tools.sweep.measure import Sweep

from payloom_emulator.protocol.param_types import TypeNode, anonymous, type_of

_NOT_ATTACHED = (
    "The customer does not have a payment method with the ID {pm}. The payment method must be attached to the customer."
)
_NOT_SAME = "The PaymentMethod {pm} does not belong to the Customer you supplied {customer}. Please use this PaymentMethod with the Customer that it belongs to instead."
_ITEMS = [{"price": "{price}"}]

ROWS: dict[str, tuple[dict[str, Any], str, str]] = {
    "POST /v1/payment_intents": ({"amount": 900, "currency": "usd", "customer": "{customer}", "payment_method": "{pm}"}, "payment_method", _NOT_SAME),
    "POST /v1/payment_intents/{payment_intent}": ({"payment_method": "{pm}"}, "payment_method", _NOT_SAME),
    "POST /v1/payment_intents/{payment_intent}/confirm": ({"payment_method": "{pm}"}, "payment_method", _NOT_SAME),
    "POST /v1/setup_intents": ({"customer": "{customer}", "payment_method": "{pm}"}, "payment_method", _NOT_SAME),
    "POST /v1/setup_intents/{setup_intent}": ({"payment_method": "{pm}"}, "payment_method", _NOT_SAME),
    "POST /v1/setup_intents/{setup_intent}/confirm": ({"payment_method": "{pm}"}, "payment_method", _NOT_SAME),
    "POST /v1/customers/{customer}": ({"invoice_settings": {"default_payment_method": "{pm}"}}, "invoice_settings[default_payment_method]", _NOT_ATTACHED),
    "POST /v1/customers": ({"invoice_settings": {"default_payment_method": "{pm}"}}, "invoice_settings[default_payment_method]", _NOT_ATTACHED),
    "POST /v1/subscriptions": ({"customer": "{customer}", "items": _ITEMS, "default_payment_method": "{pm}"}, "default_payment_method", _NOT_ATTACHED),
    "POST /v1/subscriptions/{subscription}": ({"default_payment_method": "{pm}"}, "default_payment_method", _NOT_ATTACHED),
    "POST /v1/invoices": ({"customer": "{customer}", "default_payment_method": "{pm}"}, "default_payment_method", _NOT_ATTACHED),
    "POST /v1/invoices/{draft}": ({"default_payment_method": "{pm}"}, "default_payment_method", _NOT_ATTACHED),
    "POST /v1/invoices/{open}/pay": ({"payment_method": "{pm}"}, "payment_method", _NOT_ATTACHED),
    "POST /v1/subscription_schedules": ({"customer": "{customer}", "start_date": "now", "phases": [{"items": _ITEMS, "duration": {"interval": "month"}, "default_payment_method": "{pm}"}]}, "phases[0][default_payment_method]", _NOT_ATTACHED),
    "POST /v1/subscription_schedules/{schedule}": ({"default_settings": {"default_payment_method": "{pm}"}}, "default_settings[default_payment_method]", _NOT_ATTACHED),
}  # fmt: skip

NO_CUSTOMER = {
    "/v1/payment_methods": "the copy of a method for a connected account",
    "/v1/payment_records/report_payment": "a report of what happened elsewhere",
    "/v1/payment_records/{}/report_payment_attempt": "a report of what happened elsewhere",
    "/v1/test_helpers/confirmation_tokens": "the intent that the token confirms refuses",
    "/v1/three_d_secure/authentications": "an authentication has no customer",
    "/v1/tokens": "a token has no customer",
    "/v1/topups": "the platform's own account",
}
"""Operations that name a payment method and no customer, with the reason."""


def _fill(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _fill(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [_fill(inner, names) for inner in value]
    for name, known in names.items() if isinstance(value, str) else ():
        value = value.replace(f"{{{name}}}", known)
    return value


def _shop(local: LocalStripe) -> dict[str, str]:
    def new(path: str, params: dict[str, Any] | None = None) -> str:
        return local.ok("POST", path, params)["id"]

    customer, other = new("/v1/customers", {"source": "tok_visa"}), new("/v1/customers")
    price = {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}}
    names = {
        "customer": customer,
        "pm": new("/v1/payment_methods/pm_card_visa/attach", {"customer": other}),
        "price": new("/v1/prices", {**price, "product": new("/v1/products", {"name": "A"})}),
        "payment_intent": new("/v1/payment_intents", {"amount": 900, "currency": "usd", "customer": customer}),
        "setup_intent": new("/v1/setup_intents", {"customer": customer}),
        "draft": new("/v1/invoices", {"customer": customer}),
        "open": new("/v1/invoices", {"customer": customer}),
    }
    new("/v1/invoiceitems", {"customer": customer, "invoice": names["open"], "amount": 900, "currency": "usd"})
    new(f"/v1/invoices/{names['open']}/finalize")
    items = [{"price": names["price"]}]
    names["subscription"] = new("/v1/subscriptions", {"customer": customer, "items": items})
    phases = [{"items": items, "duration": {"interval": "month"}}]
    schedule = {"customer": customer, "start_date": "now", "phases": phases}
    names["schedule"] = new("/v1/subscription_schedules", schedule)
    return names


@pytest.fixture(scope="module")
def shop() -> tuple[LocalStripe, dict[str, str]]:
    local = LocalStripe()
    return local, _shop(local)


@pytest.mark.parametrize("operation", ROWS)
def test_a_method_of_another_customer_is_refused(shop: tuple[LocalStripe, dict[str, str]], operation: str) -> None:
    local, names = shop
    params, param, message = ROWS[operation]
    method, path = operation.split(" ")
    error = local.refused(method, _fill(path, names), _fill(params, names))
    assert (error["param"], error["message"]) == (param, _fill(message, names))


def _names_a_method(node: TypeNode, depth: int = 0) -> bool:
    for name, ref in node.fields.items():
        member = type_of(ref)
        if name in {"payment_method", "default_payment_method"} and not member.fields:
            return True
        if depth < 1 and member.fields and _names_a_method(member, depth + 1):
            return True
    return False


def test_every_operation_that_names_a_method_has_a_row() -> None:
    named = {anonymous(row.removeprefix("POST ")) for row in ROWS}
    calls = {
        anonymous(path) for method, path, node in Sweep().operations() if method == "POST" and _names_a_method(node)
    }
    assert calls - named == set(NO_CUSTOMER)
