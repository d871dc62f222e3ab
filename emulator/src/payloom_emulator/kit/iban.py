"""International bank account numbers and their check digits."""

from __future__ import annotations


def _rest(text: str) -> int:
    return int("".join(str(int(letter, 36)) for letter in text)) % 97


def iban(country: str, account: str) -> str:
    """Return the IBAN of a country's account, its check digits computed."""
    return f"{country.upper()}{98 - _rest(f'{account}{country}00'):02}{account}"


def is_iban(text: str) -> bool:
    """Return whether the check digits fit."""
    known_letters = text.isascii() and text.isalnum()
    return known_letters and 15 <= len(text) <= 34 and text[:2].isalpha() and _rest(text[4:] + text[:4]) == 1
