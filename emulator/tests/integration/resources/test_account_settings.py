"""What an account keeps for itself: payment method configurations, balance settings, templates, rates, files."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe, refusal

CONFIGURATIONS = "/v1/payment_method_configurations"
ON, OFF = {"display_preference": {"preference": "on"}}, {"display_preference": {"preference": "off"}}


def test_an_account_has_a_default_configuration(stripe_here: LocalStripe) -> None:
    (default,) = stripe_here.ok("GET", CONFIGURATIONS)["data"]
    assert (default["is_default"], default["card"]["available"], default["ideal"]["available"]) == (True, True, False)
    intent = stripe_here.ok("POST", "/v1/payment_intents", {"amount": 500, "currency": "eur"})
    assert intent["payment_method_configuration_details"]["id"] == default["id"]
    assert stripe_here.refused("POST", f"{CONFIGURATIONS}/{default['id']}", {"active": False})["param"] == "active"


@pytest.mark.parametrize(
    ("currency", "types"), [("eur", ["card", "ideal"]), ("usd", ["card"]), ("gbp", ["card", "bacs_debit"])]
)
def test_intents_offer_what_their_configuration_turns_on(
    stripe_here: LocalStripe, currency: str, types: list[str]
) -> None:
    params = {"name": "Shop", "card": ON, "link": OFF, "ideal": ON, "bacs_debit": ON}
    configuration = stripe_here.ok("POST", CONFIGURATIONS, params)
    asking = {"amount": 500, "currency": currency, "payment_method_configuration": configuration["id"]}
    intent = stripe_here.ok("POST", "/v1/payment_intents", asking)
    assert intent["payment_method_types"] == types
    assert intent["payment_method_configuration_details"] == {"id": configuration["id"], "parent": None}
    stripe_here.ok("POST", f"{CONFIGURATIONS}/{configuration['id']}", {"ideal": OFF, "bacs_debit": OFF})
    assert stripe_here.ok("POST", "/v1/payment_intents", asking)["payment_method_types"] == ["card"]
    stripe_here.ok("POST", f"{CONFIGURATIONS}/{configuration['id']}", {"active": False})
    assert stripe_here.refused("POST", "/v1/payment_intents", asking)["param"] == "payment_method_configuration"
    listed = stripe_here.ok("GET", CONFIGURATIONS, {"active": False})["data"]
    assert [row["id"] for row in listed] == [configuration["id"]]


def test_setup_intents_and_sessions_take_a_configuration(stripe_here: LocalStripe) -> None:
    configuration = stripe_here.ok("POST", CONFIGURATIONS, {"sepa_debit": ON, "link": OFF, "klarna": ON})["id"]
    setup = stripe_here.ok("POST", "/v1/setup_intents", {"payment_method_configuration": configuration})
    assert setup["payment_method_types"] == ["card", "sepa_debit"]
    line = {"price_data": {"currency": "eur", "unit_amount": 700, "product_data": {"name": "Mug"}}, "quantity": 1}
    params = {"mode": "payment", "line_items": [line], "success_url": "https://a.example"}
    session = stripe_here.ok("POST", "/v1/checkout/sessions", {**params, "payment_method_configuration": configuration})
    assert session["payment_method_types"] == ["card", "sepa_debit", "klarna"]
    missing = stripe_here.refused("POST", "/v1/payment_intents", {"amount": 500, "currency": "eur", "payment_method_configuration": "pmc_no"})  # fmt: skip
    assert refusal(missing) == (400, "resource_missing", "payment_method_configuration")


def test_a_child_configuration_follows_its_parent(stripe_here: LocalStripe) -> None:
    parent = stripe_here.ok("POST", CONFIGURATIONS, {"ideal": ON})["id"]
    child = stripe_here.ok("POST", CONFIGURATIONS, {"parent": parent, "link": OFF})
    assert (child["parent"], child["ideal"]["display_preference"]["value"]) == (parent, "on")
    assert child["ideal"]["display_preference"]["preference"] == "none"


def test_balance_settings_change(stripe_here: LocalStripe) -> None:
    path = "/v1/balance_settings"
    assert stripe_here.ok("GET", path)["payments"]["payouts"]["schedule"] == {"interval": "daily"}
    schedule = {"interval": "weekly", "weekly_payout_days": ["monday", "friday"]}
    params = {
        "payments": {"payouts": {"schedule": schedule}, "settlement_timing": {"delay_days_override": 7}},
    }
    changed = stripe_here.ok("POST", path, params)["payments"]
    assert (changed["payouts"]["schedule"], changed["settlement_timing"]["delay_days"]) == (schedule, 7)
    assert stripe_here.events() == ["balance_settings.updated"]
    assert stripe_here.ok("GET", path)["payments"] == changed


@pytest.mark.parametrize(
    ("payments", "param"),
    [
        ({"payouts": {"schedule": {"interval": "monthly"}}}, "payments[payouts][schedule][monthly_payout_days]"),
        ({"payouts": {"schedule": {"interval": "daily", "monthly_payout_days": [1]}}}, "payments[payouts][schedule][monthly_payout_days]"),
        ({"settlement_timing": {"delay_days_override": 90}}, "payments[settlement_timing][delay_days_override]"),
    ],
)  # fmt: skip
def test_balance_settings_that_cannot_be_are_refused(
    stripe_here: LocalStripe, payments: dict[str, Any], param: str
) -> None:
    assert stripe_here.refused("POST", "/v1/balance_settings", {"payments": payments})["param"] == param


def test_an_invoice_template_is_archived_and_taken_back(stripe_here: LocalStripe) -> None:
    (template,) = stripe_here.ok("GET", "/v1/invoice_rendering_templates")["data"]
    path = f"/v1/invoice_rendering_templates/{template['id']}"
    assert stripe_here.ok("POST", f"{path}/archive")["status"] == "archived"
    assert stripe_here.refused("POST", f"{path}/archive")["status"] == 400
    assert stripe_here.ok("GET", "/v1/invoice_rendering_templates", {"status": "active"})["data"] == []
    assert stripe_here.ok("POST", f"{path}/unarchive")["status"] == "active"
    assert stripe_here.ok("GET", path, {"version": 1})["nickname"] == "Standard"
    assert stripe_here.refused("GET", path, {"version": 2})["param"] == "version"


def test_exchange_rates_agree_in_both_directions(stripe_here: LocalStripe) -> None:
    rates = {row["id"]: row["rates"] for row in stripe_here.ok("GET", "/v1/exchange_rates", {"limit": 100})["data"]}
    assert abs(rates["eur"]["gbp"] * rates["gbp"]["eur"] - 1) < 0.00001
    assert stripe_here.ok("GET", "/v1/exchange_rates/eur")["rates"] == rates["eur"]
    assert stripe_here.refused("GET", "/v1/exchange_rates/xyz")["code"] == "resource_missing"


def test_files_and_quotes_are_downloaded(stripe_here: LocalStripe) -> None:
    customer = stripe_here.ok("POST", "/v1/customers", {"name": "Jenny"})["id"]
    data = {
        "currency": "usd",
        "unit_amount": 700,
        "product": stripe_here.ok("POST", "/v1/products", {"name": "Mug"})["id"],
    }
    quote = stripe_here.ok("POST", "/v1/quotes", {"customer": customer, "line_items": [{"price_data": data}]})["id"]
    assert stripe_here.refused("GET", f"/v1/quotes/{quote}/pdf")["status"] == 400
    stripe_here.ok("POST", f"/v1/quotes/{quote}/finalize")
    content = base64.b64decode(stripe_here.ok("GET", f"/v1/quotes/{quote}/pdf")["content"])
    assert content.startswith(b"%PDF-1.4")
    assert b"Mug" in content


def test_a_card_source_has_no_transfers_and_needs_no_check(stripe_here: LocalStripe) -> None:
    source = stripe_here.ok("POST", "/v1/sources", {"type": "card", "token": "tok_visa"})["id"]
    assert stripe_here.ok("GET", f"/v1/sources/{source}/source_transactions")["data"] == []
    assert stripe_here.refused("POST", f"/v1/sources/{source}/verify", {"values": ["1"]})["param"] == "source"


def test_entitlements_follow_the_subscription(stripe_here: LocalStripe) -> None:
    customer = stripe_here.ok("POST", "/v1/customers", {"email": "jenny@example.com"})["id"]
    product = stripe_here.ok("POST", "/v1/products", {"name": "Plan"})["id"]
    feature = stripe_here.ok("POST", "/v1/entitlements/features", {"name": "API", "lookup_key": "api"})["id"]
    stripe_here.ok("POST", f"/v1/products/{product}/features", {"entitlement_feature": feature})
    recurring = {"currency": "usd", "unit_amount": 700, "product": product, "recurring": {"interval": "month"}}
    price = stripe_here.ok("POST", "/v1/prices", recurring)["id"]
    paying = {"customer": customer, "items": [{"price": price}]}
    method = stripe_here.ok("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
    subscription = stripe_here.ok("POST", "/v1/subscriptions", {**paying, "default_payment_method": method})["id"]
    (row,) = stripe_here.ok("GET", "/v1/entitlements/active_entitlements", {"customer": customer})["data"]
    path = f"/v1/entitlements/active_entitlements/{row['id']}"
    assert stripe_here.ok("GET", path, {"expand": ["feature"]})["feature"]["lookup_key"] == "api"
    stripe_here.ok("DELETE", f"/v1/subscriptions/{subscription}")
    assert stripe_here.ok("GET", "/v1/entitlements/active_entitlements", {"customer": customer})["data"] == []
    summaries = [name for name in stripe_here.events() if name == "entitlements.active_entitlement_summary.updated"]
    assert len(summaries) == 2
    assert stripe_here.refused("GET", path)["code"] == "resource_missing"
