"""A SetupIntent with `single_use` makes a mandate for one payment of an amount, and saves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

DEBIT = {
    "type": "sepa_debit",
    "sepa_debit": {"iban": "DE89370400440532013000"},
    "billing_details": {"name": "Ada", "email": "ada@example.com"},
}


def _set_up(stripe: LocalStripe, **more: Any) -> dict[str, Any]:
    customer = stripe.ok("POST", "/v1/customers")["id"]
    params = {
        "confirm": True,
        "customer": customer,
        "allowed_payment_method_types": ["sepa_debit"],
        "payment_method_data": DEBIT,
        "mandate_data": {"customer_acceptance": {"type": "offline"}},
        "return_url": "https://shop.example",
        **more,
    }
    return stripe.ok("POST", "/v1/setup_intents", params)


def test_its_mandate_is_for_one_amount_and_the_account_is_not_saved() -> None:
    stripe = LocalStripe()
    once = _set_up(stripe, single_use={"amount": 900, "currency": "eur"})
    mandate = stripe.ok("GET", f"/v1/mandates/{once['single_use_mandate']}")
    assert (once["status"], once["mandate"]) == ("succeeded", None)
    assert (mandate["type"], mandate["single_use"]) == ("single_use", {"amount": 900, "currency": "eur"})
    assert stripe.ok("GET", f"/v1/payment_methods/{once['payment_method']}")["customer"] is None
    always = _set_up(stripe)
    assert (always["single_use_mandate"], always["mandate"] is None) == (None, False)
    assert stripe.ok("GET", f"/v1/payment_methods/{always['payment_method']}")["customer"] == always["customer"]


@pytest.mark.parametrize(
    ("once", "expected"),
    [
        ({"amount": 0, "currency": "eur"}, (400, "parameter_invalid_integer", "single_use[amount]")),
        ({"amount": 900, "currency": "zzz"}, (400, None, "currency")),
        ({"amount": 900}, (400, "parameter_missing", "single_use[currency]")),
    ],
)
def test_an_amount_that_cannot_be_is_refused(once: dict[str, Any], expected: tuple[int, str | None, str]) -> None:
    params = {"confirm": True, "payment_method_data": DEBIT, "single_use": once}
    assert refusal(LocalStripe().refused("POST", "/v1/setup_intents", params)) == expected
