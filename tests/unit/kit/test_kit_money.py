"""Money is whole minor units with a currency that has 0, 2 or 3 decimals."""

from __future__ import annotations

import decimal
import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payloom.kit.money import (
    CURRENCIES,
    LARGEST_CHARGE,
    MAX_CHARGE,
    SMALLEST_CHARGE,
    THREE_DECIMAL,
    WHOLE_ONLY,
    Amount,
    exponent,
)
from payloom_emulator.ledger import money as local_stripe
from payloom_emulator.protocol.errors import StripeError


@pytest.mark.parametrize(
    ("minor", "currency", "american", "german"),
    [
        (2198, "usd", "$21.98", "21,98 $"),
        (500, "jpy", "¥500", "500 ¥"),
        (1500, "kwd", "KWD 1.500", "1,500 KWD"),
        (50_000, "isk", "ISK 500.00", "500,00 ISK"),
        (-100, "EUR", "-€1.00", "-1,00 €"),
        (123_456_789, "usd", "$1,234,567.89", "1.234.567,89 $"),
    ],
)
def test_people_read_amounts_as_their_currency_writes_them(
    minor: int, currency: str, american: str, german: str
) -> None:
    amount = Amount(minor, currency)
    assert amount.format().replace("\xa0", " ") == american
    assert amount.format("de-DE").replace("\xa0", " ") == german


WITHOUT_DECIMALS = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf"
THREE_DECIMALS = "bhd jod kwd omr tnd"
TEN_DIGITS, TWELVE_DIGITS = "cop huf inr jpy krw vnd", "idr lbp"


def test_decimals_are_stripes() -> None:
    """Written out as Stripe's page has them: an amount with the wrong decimals is wrong by ten or a hundred."""
    decimals = {code: exponent(code) for code in CURRENCIES}
    assert {code for code, count in decimals.items() if count == 0} == set(WITHOUT_DECIMALS.split())
    assert {code for code, count in decimals.items() if count == 3} == set(THREE_DECIMALS.split())
    assert {exponent("USD"), exponent("isk"), exponent("ugx")} == {2}
    digits = {code: str(largest) for code, largest in LARGEST_CHARGE.items()}
    assert digits == {**dict.fromkeys(TEN_DIGITS.split(), "9" * 10), **dict.fromkeys(TWELVE_DIGITS.split(), "9" * 12)}
    assert str(MAX_CHARGE) == "9" * 8


@pytest.mark.parametrize("minor", [1.0, "1", True, None, decimal.Decimal(1)])
def test_only_whole_numbers_are_amounts(minor: Any) -> None:
    with pytest.raises(TypeError, match="whole number"):
        Amount(minor, "usd")


@pytest.mark.parametrize("currency", ["", "us", "usdd", "12$", "üsd"])
def test_only_three_letters_are_a_currency(currency: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        Amount(1, currency)


def test_currencies_do_not_mix() -> None:
    for combine in (operator.add, operator.sub):
        with pytest.raises(ValueError, match="cannot combine usd with eur"):
            combine(Amount(1, "usd"), Amount(1, "eur"))
        assert combine(Amount(3, "usd"), Amount(3, "USD")).currency == "usd"


@given(st.integers(-(10**14), 10**14), st.integers(-(10**14), 10**14), st.sampled_from(["jpy", "usd", "kwd"]))
def test_sums_are_exact_and_major_units_go_back(left: int, right: int, currency: str) -> None:
    total = Amount(left, currency) + Amount(right, currency)
    assert total.minor == left + right
    assert total - Amount(right, currency) == Amount(left, currency)
    assert total.major().scaleb(exponent(currency)) == total.minor


def test_the_currencies_are_those_of_the_local_stripe() -> None:
    assert set(local_stripe.CURRENCIES) == CURRENCIES
    assert local_stripe.MINIMUM == SMALLEST_CHARGE
    assert (local_stripe._LARGER, local_stripe.MAXIMUM) == (LARGEST_CHARGE, MAX_CHARGE)
    for currency in CURRENCIES:
        largest = LARGEST_CHARGE.get(currency, MAX_CHARGE)
        with pytest.raises(StripeError, match="no more than"):
            local_stripe.chargeable(largest + 1, currency)


@pytest.mark.parametrize("currency", sorted(WHOLE_ONLY | THREE_DECIMAL))
def test_the_local_stripe_refuses_the_amounts_that_the_checker_finds(currency: str) -> None:
    with pytest.raises(StripeError, match="Invalid amount"):
        local_stripe.chargeable(10_001, currency)
