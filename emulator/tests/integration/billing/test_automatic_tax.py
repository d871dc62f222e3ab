"""Automatic tax finds what `tax/calculations` finds: on invoices, quotes, subscriptions and in Checkout."""

from __future__ import annotations

from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe

ADDRESSES = {
    "Germany": {"country": "DE", "line1": "Am Platz 1", "postal_code": "10115", "city": "Berlin"},
    "New York": {"country": "US", "state": "NY", "postal_code": "10001"},
    "France, where the shop is not registered": {"country": "FR"},
}
CURRENCY = "eur"


@pytest.fixture
def shop() -> LocalStripe:
    """A shop that is registered in Germany and New York."""
    stripe = LocalStripe()
    for country, options in (
        ("DE", {"de": {"type": "standard", "standard": {"place_of_supply_scheme": "small_seller"}}}),
        ("US", {"us": {"type": "state_sales_tax", "state": "NY"}}),
    ):
        registration = {"active_from": "now", "country": country, "country_options": options}
        stripe.ok("POST", "/v1/tax/registrations", registration)
    return stripe


def _calculated(shop: LocalStripe, address: dict[str, Any], amount: int, behavior: str) -> tuple[int, list[str]]:
    """Return the tax that a calculation finds, and its reasons."""
    calculation = shop.ok(
        "POST",
        "/v1/tax/calculations",
        {
            "currency": CURRENCY,
            "customer_details": {"address": address, "address_source": "billing"},
            "line_items": [{"amount": amount, "reference": "L1", "tax_behavior": behavior}],
        },
    )
    reasons = [part["taxability_reason"] for part in calculation["tax_breakdown"]]
    return calculation[f"tax_amount_{behavior}"], reasons


def _price(shop: LocalStripe, behavior: str, **more: Any) -> str:
    price = {"currency": CURRENCY, "unit_amount": 1999, "tax_behavior": behavior, "product_data": {"name": "Mug"}}
    return shop.ok("POST", "/v1/prices", {**price, **more})["id"]


def _customer(shop: LocalStripe, address: dict[str, Any] | None) -> str:
    customer: dict[str, Any] = {"email": "ada@example.com", "address": address}
    customer_id = shop.ok("POST", "/v1/customers", {k: v for k, v in customer.items() if v})["id"]
    method = shop.ok("POST", "/v1/payment_methods/pm_card_visa/attach", {"customer": customer_id})["id"]
    shop.ok("POST", f"/v1/customers/{customer_id}", {"invoice_settings": {"default_payment_method": method}})
    return customer_id


def _check(taxed: dict[str, Any], total: int, expected: tuple[int, list[str]], behavior: str) -> None:
    tax, reasons = expected
    assert total == 1999 + (tax if behavior == "exclusive" else 0)
    assert sum(part["amount"] for part in taxed["total_taxes"]) == tax
    assert [part["taxability_reason"] for part in taxed["total_taxes"]] == reasons
    assert {part["tax_behavior"] for part in taxed["total_taxes"]} == {behavior}
    assert taxed["automatic_tax"]["status"] == "complete"


@pytest.mark.parametrize("behavior", ["exclusive", "inclusive"])
@pytest.mark.parametrize("place", ADDRESSES)
def test_an_invoice_has_the_tax_of_a_calculation(shop: LocalStripe, place: str, behavior: str) -> None:
    expected = _calculated(shop, ADDRESSES[place], 1999, behavior)
    customer = _customer(shop, ADDRESSES[place])
    about = {"customer": customer, "automatic_tax": {"enabled": True}, "currency": CURRENCY}
    invoice = shop.ok("POST", "/v1/invoices", about)
    line = {"customer": customer, "invoice": invoice["id"], "pricing": {"price": _price(shop, behavior)}}
    shop.ok("POST", "/v1/invoiceitems", line)
    final = shop.ok("POST", f"/v1/invoices/{invoice['id']}/finalize")
    _check(final, final["total"], expected, behavior)
    rate = shop.ok("GET", f"/v1/tax_rates/{final['total_taxes'][0]['tax_rate_details']['tax_rate']}")
    assert (rate["country"], rate["inclusive"]) == (ADDRESSES[place]["country"], behavior == "inclusive")
    preview = {"customer": customer, "automatic_tax": {"enabled": True}, "currency": CURRENCY}
    items = [{"price": _price(shop, behavior), "quantity": 1}]
    forecast = shop.ok("POST", "/v1/invoices/create_preview", {**preview, "invoice_items": items})
    _check(forecast, forecast["total"], expected, behavior)


@pytest.mark.parametrize("behavior", ["exclusive", "inclusive"])
@pytest.mark.parametrize("place", ADDRESSES)
def test_a_subscription_and_its_renewals_have_the_tax_of_a_calculation(
    shop: LocalStripe, place: str, behavior: str
) -> None:
    expected = _calculated(shop, ADDRESSES[place], 1999, behavior)
    price = _price(shop, behavior, recurring={"interval": "month"})
    about = {"customer": _customer(shop, ADDRESSES[place]), "items": [{"price": price}]}
    shop.ok("POST", "/v1/subscriptions", {**about, "automatic_tax": {"enabled": True}})
    shop.advance(33 * 86400)
    invoices = shop.ok("GET", "/v1/invoices")["data"]
    assert [invoice["status"] for invoice in invoices] == ["paid", "paid"]
    for invoice in invoices:
        _check(invoice, invoice["total"], expected, behavior)


@pytest.mark.parametrize("behavior", ["exclusive", "inclusive"])
@pytest.mark.parametrize("place", ADDRESSES)
def test_a_quote_has_the_tax_of_a_calculation(shop: LocalStripe, place: str, behavior: str) -> None:
    expected = _calculated(shop, ADDRESSES[place], 1999, behavior)
    price = _price(shop, behavior, recurring={"interval": "month"})
    about = {"customer": _customer(shop, ADDRESSES[place]), "line_items": [{"price": price}]}
    quote = shop.ok("POST", "/v1/quotes", {**about, "automatic_tax": {"enabled": True}})
    assert quote["total_details"]["amount_tax"] == expected[0]
    assert quote["automatic_tax"]["status"] == "complete"
    shop.ok("POST", f"/v1/quotes/{quote['id']}/finalize")
    accepted = shop.ok("POST", f"/v1/quotes/{quote['id']}/accept")
    invoice = shop.ok("GET", f"/v1/invoices/{accepted['invoice']}")
    assert invoice["total"] == quote["amount_total"]
    _check(invoice, invoice["total"], expected, behavior)


@pytest.mark.parametrize("behavior", ["exclusive", "inclusive"])
@pytest.mark.parametrize("place", ADDRESSES)
@pytest.mark.parametrize("known", [True, False])
def test_a_checkout_session_has_the_tax_of_a_calculation_once_the_address_is_known(
    shop: LocalStripe, place: str, behavior: str, known: bool
) -> None:
    expected = _calculated(shop, ADDRESSES[place], 1999, behavior)
    session = shop.ok(
        "POST",
        "/v1/checkout/sessions",
        {
            "mode": "payment",
            "success_url": "https://shop.example/done",
            "line_items": [{"price": _price(shop, behavior), "quantity": 1}],
            "automatic_tax": {"enabled": True},
            **({"customer": _customer(shop, ADDRESSES[place])} if known else {}),
        },
    )
    status = "complete" if known else "requires_location_inputs"
    assert (session["automatic_tax"]["status"], session["amount_subtotal"]) == (status, 1999)
    assert session["total_details"]["amount_tax"] == (expected[0] if known else 0)
    method = {"payment_method": "pm_card_visa", "email": "ada@example.com", "address": ADDRESSES[place]}
    shop.ok("POST", f"/v1/payment_pages/{session['id']}/confirm", method)
    paid = shop.ok("GET", f"/v1/checkout/sessions/{session['id']}", {"expand": ["total_details.breakdown"]})
    assert (paid["status"], paid["automatic_tax"]["status"]) == ("complete", "complete")
    assert paid["total_details"]["amount_tax"] == expected[0]
    assert paid["amount_total"] == 1999 + (expected[0] if behavior == "exclusive" else 0)
    assert [t["taxability_reason"] for t in paid["total_details"]["breakdown"]["taxes"]] == expected[1]
    intent = shop.ok("GET", f"/v1/payment_intents/{paid['payment_intent']}")
    assert intent["amount"] == paid["amount_total"]


def test_a_place_that_nobody_can_tell_is_asked_for(shop: LocalStripe) -> None:
    customer, price = _customer(shop, None), _price(shop, "exclusive", recurring={"interval": "month"})
    on = {"automatic_tax": {"enabled": True}}
    refused = shop.refused("POST", "/v1/subscriptions", {"customer": customer, "items": [{"price": price}], **on})
    assert (refused["status"], refused["code"]) == (400, "customer_tax_location_invalid")
    page = {"mode": "subscription", "success_url": "https://shop.example", "customer": customer, **on}
    lines = {"line_items": [{"price": price, "quantity": 1}]}
    assert shop.refused("POST", "/v1/checkout/sessions", {**page, **lines})["code"] == "customer_tax_location_invalid"
    saved = {"customer_update": {"address": "auto"}}
    session = shop.ok("POST", "/v1/checkout/sessions", {**page, **lines, **saved})
    assert session["automatic_tax"]["status"] == "requires_location_inputs"
    invoice = shop.ok("POST", "/v1/invoices", {"customer": customer, "currency": CURRENCY, **on})
    assert invoice["automatic_tax"]["status"] == "requires_location_inputs"
    refused = shop.refused("POST", f"/v1/invoices/{invoice['id']}/finalize")
    assert refused["code"] == "customer_tax_location_invalid"
    assert "enough customer location information" in refused["message"]
    shop.ok("POST", f"/v1/customers/{customer}", {"address": ADDRESSES["Germany"]})
    assert shop.ok("POST", f"/v1/invoices/{invoice['id']}/finalize")["automatic_tax"]["status"] == "complete"
