"""Amounts and currencies by Stripe's rules: smallest and largest amounts, which currencies there are."""

from __future__ import annotations

from payloom_emulator.kit.money import Amount, exponent
from payloom_emulator.protocol.errors import below_one, invalid

CURRENCIES = [
    "usd",
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
_KNOWN = frozenset(CURRENCIES)
MINIMUM: dict[str, int] = {
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
MAXIMUM = 99_999_999
_LARGER = {
    "idr": 999_999_999_999,
    "inr": 9_999_999_999,
    "jpy": 9_999_999_999,
    "krw": 9_999_999_999,
    "vnd": 9_999_999_999,
    "huf": 9_999_999_999,
    "lbp": 999_999_999_999,
    "cop": 9_999_999_999,
}
_WHOLE_ONLY = frozenset({"ugx", "isk"})


def currency(code: str, param: str = "currency") -> str:
    """Return the currency in lower case, or raise Stripe's 400."""
    lower = code.lower()
    if lower not in _KNOWN:
        raise invalid(
            f"Invalid currency: {code}. Stripe currently supports these currencies: {', '.join(CURRENCIES)}", param
        )
    return lower


def chargeable(amount: int, code: str, param: str = "amount") -> int:
    """Return the amount, or raise when Stripe would not charge it."""
    if amount < 1:
        raise below_one(param)
    largest = _LARGER.get(code, MAXIMUM)
    if amount > largest:
        raise invalid(f"Amount must be no more than {shown(largest, code)}", param, "amount_too_large")
    smallest = MINIMUM.get(code, 1)
    if amount < smallest:
        raise invalid(
            f"Amount must be at least {shown(smallest, code)}",
            param,
            "amount_too_small",
        )
    return payable(amount, code, param)


def payable(amount: int, code: str, param: str = "amount") -> int:
    """Return an amount that moves, or raise when its last digits are none that the currency's cards have."""
    if code in _WHOLE_ONLY and amount % 100:
        raise invalid(f"Invalid amount: {code} has no minor unit; the last two digits must be 00.", param)
    if exponent(code) == 3 and amount % 10:
        raise invalid(f"Invalid amount: the last digit of an amount in {code} must be 0.", param)
    return amount


def shown(amount: int, code: str) -> str:
    """Return an amount as Stripe writes it in messages: `$0.50 usd`, `€1.00`."""
    symbols = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "inr": "₹"}
    number = f"{Amount(amount, code if len(code) == 3 else 'usd').major():,}"
    return f"{symbols.get(code, '')}{number} {code}"


def plain(amount: int, code: str) -> str:
    """Return an amount as Stripe writes it in the refund error: `$12.00`."""
    return shown(amount, code).rsplit(" ", 1)[0]
