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


def test_a_cursor_is_an_object_of_the_list() -> None:
    local = LocalStripe()
    customer = local.ok("POST", "/v1/customers")["id"]
    for path, noun in (("/v1/charges", "charge"), ("/v1/invoices", "invoice"), ("/v1/products", "product")):
        for name in ("starting_after", "ending_before"):
            error = local.refused("GET", path, {name: customer})
            assert (error["code"], error["param"]) == ("resource_missing", name)
            assert error["message"] == f"No such {noun}: '{customer}'"
