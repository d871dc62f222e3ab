"""Amounts as pages and messages write them: Stripe's decimals, American English's signs."""

from __future__ import annotations

import re

import pytest
from babel import Locale
from babel.numbers import get_currency_symbol

from payloom_emulator.kit.money import Amount


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (2198, "usd", "$21.98"),
        (-2198, "usd", "-$21.98"),
        (123456789, "eur", "€1,234,567.89"),
        (500, "jpy", "¥500"),
        (1500, "kwd", "KWD\u00a01.500"),
        (-5, "chf", "-CHF\u00a00.05"),
        (500, "xof", "F\u202fCFA\u00a0500"),
        (500, "isk", "ISK\u00a05.00"),
        (0, "gbp", "£0.00"),
    ],
)
def test_an_amount_is_written_as_american_english_writes_it(minor: int, currency: str, text: str) -> None:
    assert Amount(minor, currency).format() == text


def test_every_currency_has_the_sign_of_the_unicode_locale_data() -> None:
    for code in map(str, Locale.parse("en_US").currencies):
        text = Amount(100, code.lower()).format()
        assert re.split(r"\u00a0?\d", text)[0] == get_currency_symbol(code, "en_US"), code
