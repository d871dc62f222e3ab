"""What Stripe's own answers hold and its types do not tell: defaults, fields that are always there, and headers.

Each row was read from an answer of Stripe in the newest version but one.
"""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe

from payloom_emulator.protocol.form import decode
from payloom_emulator.runtime.emulator import Emulator
from payloom_emulator.runtime.requests.messages import Request

ABSENT = object()
NOTHING_COLLECTED = {"business_name": None, "individual_name": None, "shipping_details": None}
CARD = {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}

ROWS: list[tuple[str, str, object]] = [
    ("method", "shared_payment_granted_token", None),
    ("intent", "shared_payment_granted_token", None),
    ("intent", "managed_payments", {"enabled": False}),
    ("intent", "payment_method_options.card", CARD),
    ("intent", "amount_details", {"tip": {}}),
    ("charge", "destination", None),
    ("charge", "dispute", None),
    ("charge", "order", None),
    ("charge", "payment_method_details.card.electronic_commerce_indicator", "07"),
    ("charge", "payment_method_details.card.transaction_link_id", None),
    ("setup", "managed_payments", {"enabled": False}),
    ("session", "managed_payments", {"enabled": False}),
    ("session", "collected_information", NOTHING_COLLECTED),
    ("session", "customer_details.name", None),
    ("session", "customer_details.email", "jenny@example.com"),
    ("session", "customer_details.tax_ids", None),
    ("subscription", "trial_settings.end_behavior.billing_cycle_anchor", "now"),
    ("invoice", "attempt_count", 1),
    ("invoice", "payments.url", "/v1/invoices/payments"),
    ("invoice_intent", "payment_details.customer_reference", None),
    ("invoice_intent", "payment_method_options.card", CARD),
    ("invoice_intent", "setup_future_usage", "off_session"),
    ("credit_note", "lines.data.0.metadata", None),
    ("credit_note", "lines.total_count", ABSENT),
]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """Return an answer of each kind, all of one customer."""
    local = LocalStripe()
    customer = local.ok("POST", "/v1/customers", {"email": "jenny@example.com", "name": "Jenny Rosen"})
    owner = {"customer": customer["id"]}
    method = local.ok("POST", "/v1/payment_methods/pm_card_visa/attach", owner)
    local.ok("POST", f"/v1/customers/{customer['id']}", {"invoice_settings": {"default_payment_method": method["id"]}})
    named = {"product_data": {"name": "Plan"}, "recurring": {"interval": "month"}}
    price = local.ok("POST", "/v1/prices", {"currency": "usd", "unit_amount": 2500, **named})
    payment = {**owner, "payment_method": method["id"], "confirm": True, "return_url": "https://example.com"}
    intent = local.ok("POST", "/v1/payment_intents", {"amount": 1000, "currency": "usd", **payment})
    lines = {"line_items": [{"price": price["id"], "quantity": 1}], "success_url": "https://example.com"}
    subscription = local.ok("POST", "/v1/subscriptions", {**owner, "items": [{"price": price["id"]}]})
    invoice = local.ok("GET", f"/v1/invoices/{subscription['latest_invoice']}", {"expand": ["payments"]})
    paid_by = invoice["payments"]["data"][0]["payment"]["payment_intent"]
    line = {"type": "custom_line_item", "description": "Refund", "quantity": 1, "unit_amount": 500}
    note = {"invoice": invoice["id"], "refund_amount": 500, "lines": [line]}
    return {
        "method": method,
        "intent": intent,
        "charge": local.ok("GET", f"/v1/charges/{intent['latest_charge']}"),
        "setup": local.ok("POST", "/v1/setup_intents", owner),
        "session": local.ok("POST", "/v1/checkout/sessions", {**owner, "mode": "subscription", **lines}),
        "subscription": subscription,
        "invoice": invoice,
        "invoice_intent": local.ok("GET", f"/v1/payment_intents/{paid_by}"),
        "credit_note": local.ok("POST", "/v1/credit_notes", note),
    }


def at(value: Any, path: str) -> object:
    for part in path.split("."):
        if isinstance(value, dict) and part not in value:
            return ABSENT
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


@pytest.mark.parametrize(("name", "path", "expected"), ROWS, ids=[f"{name}.{path}" for name, path, _ in ROWS])
def test_an_answer_has_what_stripes_has(
    answers: dict[str, dict[str, Any]], name: str, path: str, expected: object
) -> None:
    assert at(answers[name], path) == expected


def test_money_is_available_when_a_day_begins_and_its_payment_names_the_invoice(
    answers: dict[str, dict[str, Any]],
) -> None:
    assert answers["subscription"]["billing_mode"]["updated_at"] == answers["subscription"]["created"]
    assert answers["invoice_intent"]["payment_details"]["order_reference"] == answers["invoice"]["id"]
    code = answers["charge"]["payment_method_details"]["card"]["authorization_code"]
    assert len(code) == 6
    assert code.isdigit()
    local = LocalStripe()
    legacy = {"amount": 1000, "currency": "usd", "source": "tok_visa", "expand": ["balance_transaction"]}
    booked = local.ok("POST", "/v1/charges", legacy)["balance_transaction"]
    assert booked["available_on"] % 86_400 == 0
    assert 6 * 86_400 < booked["available_on"] - booked["created"] <= 7 * 86_400


def test_a_disputed_charge_names_its_dispute_and_a_destination_charge_the_account() -> None:
    local = LocalStripe()
    account = local.ok("POST", "/v1/accounts", {"type": "custom", "country": "US", "email": "a@example.com"})
    sent = {"amount": 1000, "currency": "usd", "source": "tok_visa", "destination": {"account": account["id"]}}
    assert local.ok("POST", "/v1/charges", sent, version="2020-08-27")["destination"] == account["id"]
    disputed = local.ok("POST", "/v1/charges", {"amount": 900, "currency": "usd", "source": "tok_createDispute"})
    dispute = local.ok("GET", "/v1/disputes", {"charge": disputed["id"]})["data"][0]
    assert local.ok("GET", f"/v1/charges/{disputed['id']}")["dispute"] == dispute["id"]


def test_a_card_that_is_refused_when_it_is_attached_names_an_empty_parameter() -> None:
    local = LocalStripe()
    customer = local.ok("POST", "/v1/customers")["id"]
    path = "/v1/payment_methods/pm_card_chargeDeclined/attach"
    error = local.refused("POST", path, {"customer": customer})
    assert (error["status"], error["param"], error["decline_code"]) == (402, "", "generic_decline")


def test_a_schedule_starts_its_subscription_active_with_a_draft_that_is_collected_an_hour_later() -> None:
    local = LocalStripe()
    customer = local.ok("POST", "/v1/customers")["id"]
    named = {"product_data": {"name": "Plan"}, "recurring": {"interval": "month"}}
    price = local.ok("POST", "/v1/prices", {"currency": "usd", "unit_amount": 2500, **named})["id"]
    phases = [{"items": [{"price": price}], "duration": {"interval": "month"}}]
    schedule = {"customer": customer, "start_date": "now", "phases": phases}
    subscription = local.ok("POST", "/v1/subscription_schedules", schedule)["subscription"]
    begun = local.ok("GET", f"/v1/subscriptions/{subscription}", {"expand": ["latest_invoice"]})
    assert (begun["status"], begun["latest_invoice"]["status"]) == ("active", "draft")
    assert begun["latest_invoice"]["automatically_finalizes_at"] == begun["created"] + 3600
    local.advance(3700)
    late = local.ok("GET", f"/v1/subscriptions/{subscription}", {"expand": ["latest_invoice"]})
    assert (late["status"], late["latest_invoice"]["status"]) == ("past_due", "open")
    assert late["latest_invoice"]["next_payment_attempt"] is not None


def test_a_payout_of_a_connected_account_needs_a_bank_in_its_currency() -> None:
    local = LocalStripe()
    account = local.ok("POST", "/v1/accounts", {"type": "custom", "country": "US", "email": "a@example.com"})["id"]
    local.ok("POST", "/v1/charges", {"amount": 5000, "currency": "usd", "source": "tok_bypassPending"}, account=account)
    error = local.refused("POST", "/v1/payouts", {"amount": 100, "currency": "usd"}, account=account)
    assert error["message"] == "Sorry, you don't have any external accounts in that currency (usd)"


def headers_of(method: str, path: str, params: str = "", **more: Any) -> dict[str, str]:
    request = Request(method, path, decode(params), "Bearer sk_test_1", None, **more)
    return Emulator().answer(request).headers


@pytest.mark.parametrize(
    ("method", "path", "key", "expected"),
    [
        ("POST", "/v1/customers", "k1", "false"),
        ("POST", "/v1/customers/cus_none", "k1", "false"),
        ("GET", "/v1/customers", None, None),
    ],
)
def test_an_answer_to_a_call_with_a_key_says_that_it_need_not_be_repeated(
    method: str, path: str, key: str | None, expected: str | None
) -> None:
    assert headers_of(method, path, idempotency_key=key).get("Stripe-Should-Retry") == expected


def test_a_page_of_the_v2_api_leads_back_to_the_page_before() -> None:
    local = LocalStripe()
    for _ in range(5):
        local.ok("POST", "/v1/customers")
    path, seen = "/v2/core/events?limit=2", []
    while path:
        page = local.ok("GET", path)
        seen.append(page)
        path = page["next_page_url"]
    assert [len(page["data"]) for page in seen] == [2, 2, 1]
    assert [page["previous_page_url"] is None for page in seen] == [True, False, False]
    back = local.ok("GET", seen[2]["previous_page_url"])
    assert [e["id"] for e in back["data"]] == [e["id"] for e in seen[1]["data"]]
    assert local.ok("GET", back["previous_page_url"])["data"] == seen[0]["data"]
    assert local.ok("GET", back["next_page_url"])["data"] == seen[2]["data"]


def test_a_portal_flow_whose_feature_is_off_is_refused() -> None:
    local = LocalStripe()
    product = local.ok("POST", "/v1/products", {"name": "A"})["id"]
    price = {"currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}, "product": product}
    price_id = local.ok("POST", "/v1/prices", price)["id"]
    customer = local.ok("POST", "/v1/customers", {"source": "tok_visa"})["id"]
    subscription = local.ok("POST", "/v1/subscriptions", {"customer": customer, "items": [{"price": price_id}]})
    features = {"subscription_cancel": {"enabled": False}, "invoice_history": {"enabled": True}}
    configuration = local.ok("POST", "/v1/billing_portal/configurations", {"features": features})["id"]
    update = "updated because the subscription update feature"
    item = {"id": subscription["items"]["data"][0]["id"], "quantity": 2}
    for kind, refusal, more in (
        ("subscription_update", update, {}),
        ("subscription_update_confirm", update, {"items": [item]}),
        ("subscription_pause", "paused because the subscription pause feature", {}),
        ("subscription_cancel", "canceled because the subscription cancellation feature", {}),
    ):
        flow = {"type": kind, kind: {"subscription": subscription["id"], **more}}
        params = {"customer": customer, "configuration": configuration, "flow_data": flow}
        error = local.refused("POST", "/v1/billing_portal/sessions", params)
        assert error["message"] == f"This subscription cannot be {refusal} in the portal configuration is disabled."


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_product_that_is_left_out_is_named_with_its_page(method: str) -> None:
    status, body = LocalStripe().emulator.call(method, "/v1/forwarding/requests")
    assert (status, body["error"]["code"]) == (501, "emulator_not_covered")
    assert "Stripe Vault and Forward (https://docs.stripe.com/payments/vault-and-forward)" in body["error"]["message"]
