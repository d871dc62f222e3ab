"""Card numbers in texts and numbers, told from order numbers by first digits, length, and Luhn's check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from payloom.kit.json_types import is_map, is_sequence

_BLANKS = r" \t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_HIDDEN = r"\xad\u200b-\u200d\u2060\ufeff"
_BETWEEN = rf"[{_BLANKS}{_HIDDEN}\r\n/|.·_\-\u2010-\u2015\u2212]"
"""What people and programs put between the digits of a card number: blanks and lines, dots, dashes, strokes."""
_REGION = re.compile(rf"\d(?:{_BETWEEN}{{0,3}}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_NO_CARD = re.compile(
    r"(?<![0-9A-Fa-f])(?:[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32,})(?![0-9A-Fa-f])"
)
"""UUIDs and hashes: long enough to hold the digits of a card number by chance."""
_SHORTEST, _LONGEST, _MOST_GROUPS, _SHORT_GROUP = 13, 19, 5, 3
_FORMS = frozenset(
    {
        *((4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4), (4, 4, 4, 3)),
        *((4, 4, 5), (8, 8), (6, 10), (4, 12), (12, 4), (5, 5, 5), (6, 6, 4), (4, 4, 8), (8, 4, 4)),
    }
)
"""How long the groups of a written card number are."""
_ISSUERS = (
    r"4(?:\d{12}|\d{15}|\d{18})",  # Visa
    r"(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}",  # Mastercard
    r"3[47]\d{13}",  # American Express
    r"(?:6011|64[4-9]\d|65\d{2})\d{12,15}",  # Discover
    r"3(?:0[0-5]|09|[689]\d)\d{11,16}",  # Diners Club
    r"35(?:2[89]|[3-8]\d)\d{12,15}",  # JCB
    r"(?:62|81|82|60)\d{14,17}",  # UnionPay, RuPay
    r"(?:5[0678]|6\d)\d{12,17}",  # Maestro, Elo, UnionPay
    r"220[0-4]\d{12,15}",  # Mir
)
_ISSUED = re.compile("|".join(_ISSUERS))


def is_card_number(digits: str) -> bool:
    """Whether ASCII digits are a card number: an issuer's first digits and length, and Luhn's check."""
    return _ISSUED.fullmatch(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    total = 0
    for position, char in enumerate(reversed(digits)):
        digit = int(char)
        if position % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0


def card_numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the digits of each card number in a text, from left to right."""
    if _REGION.search(text) is None:
        return
    text = _NO_CARD.sub(lambda number: "x" * len(number[0]), text)
    for region in _REGION.finditer(text):
        yield from _in_groups(_groups(text, region))


def _groups(text: str, region: re.Match[str]) -> list[tuple[int, int, str]]:
    """Return the start, the end and the digits of each group; short ones of one length are one number, spaced out."""
    groups: list[tuple[int, int, str]] = []
    length = 0
    for group in _GROUP.finditer(text, *region.span()):
        digits = group[0] if group[0].isascii() else "".join(str(int(char)) for char in group[0])
        before, length = length, len(digits)
        if groups and before == length <= _SHORT_GROUP:
            start, _, number = groups[-1]
            groups[-1] = (start, group.end(), (number + digits)[: _LONGEST + 1])
        else:
            groups.append((group.start(), group.end(), digits))
    return groups


def _in_groups(groups: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Try every run of whole groups: what stands beside a number (a year, a CVC) must not hide it."""
    at = 0
    while at < len(groups):
        number, end = next(((number, end) for number, end in _numbers(groups, at) if is_card_number(number)), ("", at))
        if number:
            yield groups[at][0], groups[end][1], number
        at = end + 1


def _numbers(groups: Sequence[tuple[int, int, str]], at: int) -> Iterator[tuple[str, int]]:
    """Yield what could be a card number from group `at` on, and its last group; the longest first."""
    for end in reversed(range(at, min(len(groups), at + _MOST_GROUPS))):
        lengths = tuple(len(digits) for _, _, digits in groups[at : end + 1])
        if _SHORTEST <= sum(lengths) <= _LONGEST and (len(lengths) == 1 or lengths in _FORMS):
            yield "".join(digits for _, _, digits in groups[at : end + 1]), end


def has_card_number(value: Any) -> bool:
    """Whether a JSON value holds a card number, as a text, a number or a name, at any depth.

    Numbers of 13 digits do not count: no card has so few any more, and barcodes of products do.
    """
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        return len(value) > _SHORTEST and any(len(digits) > _SHORTEST for _, _, digits in card_numbers(value))
    if isinstance(value, int | float):
        return (digits := digits_of(value)) is not None and len(digits) > _SHORTEST
    if is_map(value):
        return any(has_card_number(name) or has_card_number(item) for name, item in value.items())
    return is_sequence(value) and any(map(has_card_number, value))


def digits_of(value: float) -> str | None:
    """Return the digits of a number that is a card number, or None."""
    if not 10**12 <= value < 10**19 or value != int(value):
        return None
    digits = str(int(value))
    return digits if is_card_number(digits) else None
