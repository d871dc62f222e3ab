"""What counts as a whole number, the digits 0 to 9, and the check digits of bank accounts.

`str.isdigit` takes `²` and the digits of other scripts, too.
"""

from __future__ import annotations

_MOST = 2**63 - 1


def is_digits(text: str) -> bool:
    """Return whether the text is one or more of the digits 0 to 9."""
    return text.isascii() and text.isdigit()


def whole_number(text: str) -> int | None:
    """Return the whole number that a text is, with or without a minus before it, if it fits into 64 bits."""
    digits = text.removeprefix("-")
    if not is_digits(digits) or len(digits) > 20:
        return None
    number = int(text)
    return number if -_MOST <= number <= _MOST else None


def _rest(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def iban(country: str, account: str) -> str:
    """Return the IBAN of a country's account, its check digits computed."""
    return f"{country.upper()}{98 - _rest(f'{account}{country}00'):02}{account}"


def is_iban(text: str) -> bool:
    """Return whether the check digits fit."""
    known_letters = text.isascii() and text.isalnum()
    return known_letters and 15 <= len(text) <= 34 and text[:2].isalpha() and _rest(text[4:] + text[:4]) == 1
