"""Bank transfers fill a customer's cash balance, and the balance pays what the customer has open."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

from payloom_emulator.runtime.challenges import complete_challenge

DAHLIA = "2026-08-26.dahlia"
TRANSFER = {"customer_balance": {"funding_type": "bank_transfer"}}


@pytest.fixture
def customer(stripe_here: LocalStripe) -> str:
    return stripe_here.ok("POST", "/v1/customers", {"email": "jenny@example.com"})["id"]


def fund(stripe_here: LocalStripe, customer: str, amount: int, currency: str = "usd") -> dict[str, Any]:
    path = f"/v1/test_helpers/customers/{customer}/fund_cash_balance"
    return stripe_here.ok("POST", path, {"amount": amount, "currency": currency})


def order(stripe_here: LocalStripe, customer: str, amount: int = 1000, currency: str = "usd") -> dict[str, Any]:
    params = {
        "amount": amount,
        "currency": currency,
        "customer": customer,
        "confirm": True,
        "allowed_payment_method_types": ["customer_balance"],
        "payment_method_data": {"type": "customer_balance"},
        "payment_method_options": TRANSFER,
    }
    return stripe_here.ok("POST", "/v1/payment_intents", params)


def rows(stripe_here: LocalStripe, customer: str) -> list[tuple[str, int, int]]:
    path = f"/v1/customers/{customer}/cash_balance_transactions"
    listed = stripe_here.ok("GET", path)["data"]
    return [(row["type"], row["net_amount"], row["ending_balance"]) for row in reversed(listed)]


def test_a_cash_balance_is_empty_then_funded(stripe_here: LocalStripe, customer: str) -> None:
    path = f"/v1/customers/{customer}/cash_balance"
    assert stripe_here.ok("GET", path)["available"] is None
    row = fund(stripe_here, customer, 700)
    assert stripe_here.ok("GET", path)["available"] == {"usd": 700}
    assert row["funded"]["bank_transfer"]["type"] == "us_bank_transfer"
    read = stripe_here.ok("GET", f"{path}_transactions/{row['id']}")
    assert (read["net_amount"], read["type"]) == (700, "funded")
    assert stripe_here.events()[-2:] == ["customer_cash_balance_transaction.created", "cash_balance.funds_available"]
    assert stripe_here.refused("GET", "/v1/customers/cus_no/cash_balance")["code"] == "resource_missing"


@pytest.mark.parametrize(
    ("currency", "kind", "forms"),
    [
        ("eur", "eu_bank_transfer", ["iban"]),
        ("gbp", "gb_bank_transfer", ["sort_code"]),
        ("jpy", "jp_bank_transfer", ["zengin"]),
        ("mxn", "mx_bank_transfer", ["spei"]),
        ("usd", "us_bank_transfer", ["aba", "swift"]),
    ],
)
def test_a_payment_says_where_to_send_the_money(
    stripe_here: LocalStripe, customer: str, currency: str, kind: str, forms: list[str]
) -> None:
    intent = order(stripe_here, customer, 1000, currency)
    assert intent["status"] == "requires_action"
    action = intent["next_action"]["display_bank_transfer_instructions"]
    assert (action["type"], action["amount_remaining"]) == (kind, 1000)
    assert [address["type"] for address in action["financial_addresses"]] == forms
    transfer: dict[str, Any] = {"type": kind}
    if kind == "eu_bank_transfer":
        transfer["eu_bank_transfer"] = {"country": "DE"}
    params = {"currency": currency, "funding_type": "bank_transfer", "bank_transfer": transfer}
    path = f"/v1/customers/{customer}/funding_instructions"
    # The SDK's newest type names two of the five kinds.
    instructions = stripe_here.ok("POST", path, params, version=DAHLIA)
    assert instructions["bank_transfer"]["financial_addresses"] == action["financial_addresses"]


@pytest.mark.parametrize(
    ("currency", "transfer", "param"),
    [
        ("usd", {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "DE"}}, "bank_transfer[type]"),
        ("eur", {"type": "eu_bank_transfer"}, "bank_transfer[eu_bank_transfer]"),
        ("eur", {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "US"}}, "bank_transfer[eu_bank_transfer][country]"),
    ],
)  # fmt: skip
def test_instructions_that_cannot_be_are_refused(
    stripe_here: LocalStripe, customer: str, currency: str, transfer: dict[str, Any], param: str
) -> None:
    params = {"currency": currency, "funding_type": "bank_transfer", "bank_transfer": transfer}
    error = stripe_here.refused("POST", f"/v1/customers/{customer}/funding_instructions", params)
    assert refusal(error)[::2] == (400, param)


def test_transfers_pay_what_is_open_oldest_first(stripe_here: LocalStripe, customer: str) -> None:
    first, second = order(stripe_here, customer, 1000), order(stripe_here, customer, 500)
    fund(stripe_here, customer, 600)
    waiting = stripe_here.ok("GET", f"/v1/payment_intents/{first['id']}")
    assert waiting["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] == 400
    assert stripe_here.events(about=first["id"])[-1] == "payment_intent.partially_funded"
    fund(stripe_here, customer, 700)
    paid = stripe_here.ok("GET", f"/v1/payment_intents/{first['id']}")
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 1000)
    waiting = stripe_here.ok("GET", f"/v1/payment_intents/{second['id']}")
    assert waiting["next_action"]["display_bank_transfer_instructions"]["amount_remaining"] == 200
    stripe_here.ok("POST", f"/v1/payment_intents/{second['id']}/cancel")
    assert [row[:2] for row in rows(stripe_here, customer)] == [
        ("funded", 600),
        ("applied_to_payment", -600),
        ("funded", 700),
        ("applied_to_payment", -400),
        ("applied_to_payment", -300),
        ("unapplied_from_payment", 300),
    ]
    assert stripe_here.ok("GET", f"/v1/customers/{customer}/cash_balance")["available"] == {"usd": 300}


def test_what_is_on_the_balance_pays_at_once(stripe_here: LocalStripe, customer: str) -> None:
    fund(stripe_here, customer, 1500)
    assert order(stripe_here, customer)["status"] == "succeeded"
    refund = stripe_here.ok("POST", "/v1/refunds", {"charge": order(stripe_here, customer, 500)["latest_charge"]})
    assert refund["status"] == "succeeded"
    assert rows(stripe_here, customer)[-1] == ("refunded_from_payment", 500, 500)


def test_a_balance_is_applied_by_hand(stripe_here: LocalStripe, customer: str) -> None:
    stripe_here.ok("POST", f"/v1/customers/{customer}/cash_balance", {"settings": {"reconciliation_mode": "manual"}})
    intent = order(stripe_here, customer)
    path = f"/v1/payment_intents/{intent['id']}/apply_customer_balance"
    assert refusal(stripe_here.refused("POST", path))[1] == "cash_balance_insufficient"
    fund(stripe_here, customer, 1200)
    assert stripe_here.ok("GET", f"/v1/payment_intents/{intent['id']}")["status"] == "requires_action"
    assert stripe_here.refused("POST", path, {"amount": 1100})["param"] == "amount"
    assert stripe_here.ok("POST", path, {"amount": 400})["status"] == "requires_action"
    assert stripe_here.ok("POST", path)["status"] == "succeeded"
    assert stripe_here.refused("POST", path)["code"] == "payment_intent_unexpected_state"


def test_what_is_left_is_sent_back_or_stays(stripe_here: LocalStripe, customer: str) -> None:
    fund(stripe_here, customer, 900)
    params = {"origin": "customer_balance", "customer": customer, "amount": 400, "currency": "usd"}
    refund = stripe_here.ok("POST", "/v1/refunds", params)
    assert (refund["status"], refund["charge"]) == ("requires_action", None)
    assert refund["next_action"]["display_details"]["email_sent"]["email_sent_to"] == "jenny@example.com"
    expired = stripe_here.ok("POST", f"/v1/test_helpers/refunds/{refund['id']}/expire")
    assert expired["status"] == "failed"
    assert "refund.failed" in stripe_here.events(about=refund["id"])
    second = stripe_here.ok("POST", "/v1/refunds", params)
    assert stripe_here.ok("POST", f"/v1/refunds/{second['id']}/cancel")["status"] == "canceled"
    assert [row[:2] for row in rows(stripe_here, customer)] == [
        ("funded", 900),
        ("return_initiated", -400),
        ("return_canceled", 400),
        ("return_initiated", -400),
        ("return_canceled", 400),
    ]
    assert stripe_here.refused("POST", "/v1/refunds", {**params, "amount": 901})["code"] == "cash_balance_insufficient"
    assert stripe_here.refused("POST", f"/v1/test_helpers/refunds/{second['id']}/expire")["status"] == 400


def test_a_refund_of_a_voucher_asks_for_an_account(stripe_here: LocalStripe) -> None:
    params = {
        "amount": 2000,
        "currency": "jpy",
        "confirm": True,
        "allowed_payment_method_types": ["konbini"],
        "payment_method_data": {
            "type": "konbini",
            "billing_details": {"email": "jenny@example.com", "name": "Jenny"},
        },
    }
    intent = stripe_here.ok("POST", "/v1/payment_intents", params)
    complete_challenge(stripe_here.emulator, intent["id"], "complete", intent["client_secret"])
    charge = stripe_here.ok("GET", f"/v1/payment_intents/{intent['id']}")["latest_charge"]
    assert stripe_here.refused("POST", "/v1/refunds", {"charge": charge})["param"] == "instructions_email"
    refund = stripe_here.ok("POST", "/v1/refunds", {"charge": charge, "instructions_email": "jenny@example.com"})
    assert refund["status"] == "requires_action"
    assert stripe_here.ok("POST", f"/v1/test_helpers/refunds/{refund['id']}/expire")["status"] == "failed"
    assert stripe_here.ok("GET", f"/v1/charges/{charge}")["amount_refunded"] == 0
