"""Money is an integer in minor units with its currency. Never a float, never "cents" for all.

Exponents are Stripe's (docs.stripe.com/currencies), which differ from ISO 4217: ISK and UGX have no minor unit in daily
life but are sent to Stripe as two-decimal amounts ending in 00.
"""

from __future__ import annotations

import copy
import dataclasses
import decimal
import functools
import re
from typing import Any

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
CURRENCIES = frozenset(
    [
        "aed",
        "afn",
        "all",
        "amd",
        "ang",
        "aoa",
        "ars",
        "aud",
        "awg",
        "azn",
        "bam",
        "bbd",
        "bdt",
        "bgn",
        "bhd",
        "bif",
        "bmd",
        "bnd",
        "bob",
        "brl",
        "bsd",
        "bwp",
        "byn",
        "bzd",
        "cad",
        "cdf",
        "chf",
        "clp",
        "cny",
        "cop",
        "crc",
        "cve",
        "czk",
        "djf",
        "dkk",
        "dop",
        "dzd",
        "egp",
        "etb",
        "eur",
        "fjd",
        "fkp",
        "gbp",
        "gel",
        "gip",
        "gmd",
        "gnf",
        "gtq",
        "gyd",
        "hkd",
        "hnl",
        "hrk",
        "htg",
        "huf",
        "idr",
        "ils",
        "inr",
        "isk",
        "jmd",
        "jod",
        "jpy",
        "kes",
        "kgs",
        "khr",
        "kmf",
        "krw",
        "kwd",
        "kyd",
        "kzt",
        "lak",
        "lbp",
        "lkr",
        "lrd",
        "lsl",
        "mad",
        "mdl",
        "mga",
        "mkd",
        "mmk",
        "mnt",
        "mop",
        "mur",
        "mvr",
        "mwk",
        "mxn",
        "myr",
        "mzn",
        "nad",
        "ngn",
        "nio",
        "nok",
        "npr",
        "nzd",
        "omr",
        "pab",
        "pen",
        "pgk",
        "php",
        "pkr",
        "pln",
        "pyg",
        "qar",
        "ron",
        "rsd",
        "rub",
        "rwf",
        "sar",
        "sbd",
        "scr",
        "sek",
        "sgd",
        "shp",
        "sle",
        "sos",
        "srd",
        "std",
        "szl",
        "thb",
        "tjs",
        "tnd",
        "top",
        "try",
        "ttd",
        "twd",
        "tzs",
        "uah",
        "ugx",
        "usd",
        "usdc",
        "uyu",
        "uzs",
        "vnd",
        "vuv",
        "wst",
        "xaf",
        "xcd",
        "xcg",
        "xof",
        "xpf",
        "yer",
        "zar",
        "zmw",
    ]
)
"""The currencies that Stripe takes."""
SMALLEST_CHARGE = {
    "usd": 50,
    "aed": 200,
    "aud": 50,
    "bgn": 100,
    "brl": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "hkd": 400,
    "huf": 17500,
    "inr": 50,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "sgd": 50,
    "thb": 1000,
}
"""The smallest amounts that Stripe charges, in minor units; another currency has none of its own."""
LARGEST_CHARGE = {
    "idr": 999_999_999_999,
    "inr": 9_999_999_999,
    "jpy": 9_999_999_999,
    "krw": 9_999_999_999,
    "vnd": 9_999_999_999,
    "huf": 9_999_999_999,
    "lbp": 999_999_999_999,
    "cop": 9_999_999_999,
}
"""The largest amounts that Stripe charges, in minor units, of the currencies that are not held to `MAX_CHARGE`."""
MAX_CHARGE = 99_999_999
WHOLE_ONLY = frozenset(["isk", "ugx"])
"""Currencies whose amounts end in 00."""
WHOLE_PAYOUTS = frozenset(["huf", "twd"])
"""Currencies that are charged in two decimals and paid out whole."""


def exponent(currency: str) -> int:
    """Return how many decimals Stripe counts for a currency: 0, 2 or 3."""
    code = currency.lower()
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


@dataclasses.dataclass(frozen=True, slots=True, order=False)
class Amount:
    """An amount of money: `minor` units (int) of `currency` (lower-case ISO 4217 code)."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"an amount is a whole number of minor units, not {type(self.minor).__name__}")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isalpha():
            raise ValueError(f"{self.currency!r} is not a three-letter currency code")
        object.__setattr__(self, "currency", self.currency.lower())

    def _same(self, other: Amount) -> None:
        if self.currency != other.currency:
            raise ValueError(f"cannot combine {self.currency} with {other.currency}")

    def __add__(self, other: Amount) -> Amount:
        self._same(other)
        return Amount(self.minor + other.minor, self.currency)

    def __sub__(self, other: Amount) -> Amount:
        self._same(other)
        return Amount(self.minor - other.minor, self.currency)

    def major(self) -> decimal.Decimal:
        """Return the exact amount in major units, e.g. 21.98 for 2198 usd."""
        return decimal.Decimal(self.minor).scaleb(-exponent(self.currency))

    def format(self, locale: str = "en_US") -> str:
        """Return the amount for people, e.g. `$21.98`, `¥500`, `KWD 1.500`. `locale`: `de_DE` or `de-DE`."""
        return _formatted(self, locale.replace("-", "_"))


@functools.lru_cache(maxsize=2048)
def _formatted(amount: Amount, name: str) -> str:
    """Return an amount for people. The same prices are shown again and again."""
    pattern, symbol = _currency_pattern(amount.currency, name)
    text = pattern.apply(amount.major(), name, currency=amount.currency.upper(), currency_digits=False)
    # CLDR puts a space between a symbol made of letters and the digit after it; Babel leaves that out.
    return re.sub(rf"({re.escape(symbol)})(?=\d)", "\\1\u00a0", text) if symbol[-1:].isalpha() else text


@functools.lru_cache(maxsize=512)
def _currency_pattern(currency: str, name: str) -> tuple[Any, str]:
    """Return Babel's pattern and symbol of a currency in a locale."""
    from babel import Locale  # noqa: PLC0415 - babel's data loads only where money is shown
    from babel.numbers import get_currency_symbol, parse_pattern  # noqa: PLC0415 - loads on use

    pattern = copy.copy(parse_pattern(Locale.parse(name).currency_formats["standard"].pattern))
    pattern.frac_prec = (exponent(currency), exponent(currency))
    return pattern, get_currency_symbol(currency.upper(), name)
