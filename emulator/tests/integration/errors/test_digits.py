"""A number is written with the digits 0 to 9; those of other scripts are no number, and no bug."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from emulator.tests.support.in_process import LocalStripe

import payloom_emulator
from payloom_emulator.kit.digits import is_digits, whole_number

_SOURCES = Path(payloom_emulator.__file__).parent


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("0500", 500),
        ("-5", -5),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("-99999999999999999999", None),
        ("", None),
        ("-", None),
        ("--5", None),
        ("+5", None),
        ("1_000", None),
        ("²", None),
        ("٣", None),
        ("５", None),
        ("1.0", None),
    ],
)
def test_a_whole_number(text: str, number: int | None) -> None:
    assert whole_number(text) == number
    assert not is_digits(text) or text in {"0", "0500", "9223372036854775807", "9223372036854775808"}


def test_digits_are_asked_for_in_one_place() -> None:
    asking = [path.name for path in _SOURCES.rglob("*.py") if ".isdigit()" in path.read_text("utf-8")]
    assert asking == ["digits.py"]


@pytest.mark.parametrize("text", ["²", "٣", "--5", "99999999999999999999"])
@pytest.mark.parametrize(
    ("path", "params", "param"),
    [
        ("/v1/payment_intents", {"currency": "usd", "amount": "{}"}, "amount"),
        ("/v1/customers", {"balance": "{}"}, "balance"),
        ("/v1/coupons", {"duration": "once", "percent_off": "{}"}, "percent_off"),
        ("/v1/payment_methods", {"type": "card", "card": {"number": "{}" * 12}}, "number"),
        ("/v1/payment_methods", {"type": "us_bank_account", "us_bank_account": {"account_number": "1", "routing_number": "{}" * 9}}, "us_bank_account[routing_number]"),
        ("/v1/tokens", {"card": {"number": "4242424242424242", "exp_month": "{}", "exp_year": "2034"}}, "exp_month"),
        ("/v1/tokens", {"card": {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "{}" * 3}}, "cvc"),
    ],
)  # fmt: skip
def test_every_door_refuses_other_digits(text: str, path: str, params: dict[str, Any], param: str) -> None:
    def filled(value: Any) -> Any:
        return {n: filled(v) for n, v in value.items()} if isinstance(value, dict) else value.replace("{}", text)

    assert LocalStripe().refused("POST", path, filled(params))["param"] == param


_HUGE = "9" * 4999


def test_a_text_of_thousands_of_digits_is_no_number() -> None:
    local = LocalStripe()
    customer = local.ok("POST", "/v1/customers", {"source": "tok_visa"})
    card = f"/v1/customers/{customer['id']}/sources/{customer['default_source']}"
    account = local.ok("POST", "/v1/accounts", {"type": "custom", "country": "US"})["id"]
    cards = f"/v1/accounts/{account}/external_accounts"
    debit = local.ok("POST", cards, {"external_account": "tok_visa_debit"})["id"]
    for path in (card, f"{cards}/{debit}"):
        assert local.refused("POST", path, {"exp_year": _HUGE})["param"] == "exp_year"
    item = {"price_data": {"currency": "usd", "unit_amount": 900, "product_data": {"name": "A"}}, "quantity": 1}
    params = {"mode": "payment", "line_items": [item], "success_url": "https://shop.example"}
    page = f"/v1/payment_pages/{local.ok('POST', '/v1/checkout/sessions', params)['id']}/confirm"
    details = {
        "type": "card",
        "card": {"number": "4242424242424242", "exp_month": "12", "exp_year": "2034", "cvc": "123"},
    }
    late = {**details, "card": {**details["card"], "exp_year": _HUGE}}
    for more in ({"payment_method_data": late}, {"payment_method_data": details, "expected_amount": _HUGE}):
        status, _ = local.emulator.call("POST", page, {"email": "j@example.com", **more}, key="pk_test_browser_1")
        assert 400 <= status < 500


def test_a_cursor_is_an_object_of_the_list() -> None:
    local = LocalStripe()
    customer = local.ok("POST", "/v1/customers")["id"]
    for path, noun in (("/v1/charges", "charge"), ("/v1/invoices", "invoice"), ("/v1/products", "product")):
        for name in ("starting_after", "ending_before"):
            error = local.refused("GET", path, {name: customer})
            assert (error["code"], error["param"]) == ("resource_missing", name)
            assert error["message"] == f"No such {noun}: '{customer}'"


@pytest.mark.parametrize(
    ("path", "params", "param", "words"),
    [
        ("/v1/subscriptions", {"customer": "x", "items": [{"price": "x"}], "application_fee_percent": "{}"}, "application_fee_percent", "two"),
        ("/v1/subscriptions", {"customer": "x", "items": [{"price": "x"}], "transfer_data": {"destination": "x", "amount_percent": "{}"}}, "transfer_data[amount_percent]", "two"),
        ("/v1/products", {"name": "A", "package_dimensions": {"height": "{}", "length": "1", "weight": "1", "width": "1"}}, "package_dimensions[height]", "two"),
        ("/v1/prices", {"currency": "usd", "product": "x", "unit_amount_decimal": "{}"}, "unit_amount_decimal", "12"),
        ("/v1/prices", {"currency": "usd", "product": "x", "billing_scheme": "tiered", "tiers": [{"up_to": "inf", "flat_amount_decimal": "{}"}]}, "tiers[0][flat_amount_decimal]", "12"),
    ],
)  # fmt: skip
def test_a_decimal_has_as_many_places_as_stripe_takes(
    path: str, params: dict[str, Any], param: str, words: str
) -> None:
    def filled(value: Any, text: str) -> Any:
        if isinstance(value, dict):
            return {name: filled(inner, text) for name, inner in value.items()}
        return [filled(inner, text) for inner in value] if isinstance(value, list) else value.replace("{}", text)

    too_fine = "1." + "1" * (3 if words == "two" else 13)
    error = LocalStripe().refused("POST", path, filled(params, too_fine))
    message = f"Invalid decimal: {too_fine}; must contain at maximum {words} decimal places."
    assert (error["param"], error["message"]) == (param, message)
    status, body = LocalStripe().emulator.call("POST", path, filled(params, too_fine[:-1]))
    assert status == 200 or body["error"].get("param") != param
