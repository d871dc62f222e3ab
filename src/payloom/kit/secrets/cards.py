"""Card numbers in texts and numbers, told from order numbers by first digits, length, and Luhn's check."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any

from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.secrets.encodings import coded_texts, views

_BLANKS = r" \t\x0b\x0c\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_HIDDEN = r"\xad\u200b-\u200d\u2060\ufeff"
_BETWEEN = rf"[{_BLANKS}{_HIDDEN}\r\n/|.·_\-\u2010-\u2015\u2212]"
"""What people and programs put between the digits of a card number: blanks and lines, dots, dashes, strokes."""
_USUAL = re.compile(rf"{_BETWEEN}*")
_REGION = re.compile(r"\d(?:[\W_]{0,8}\d){12,}")
"""Digits with anything but letters between them; what is unusual there asks for the usual groups."""
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
_USUAL_FORMS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 4, 4, 4, 3)})
"""The same where commas, colons or brackets stand between them: other numbers come in lists, too."""
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
_CODED = re.compile(r"[%=\\&][0-9A-Za-z#\s\\]|[A-Za-z0-9+/_-]{20}|[\uff01-\uff5e\xad\u200b-\u200d\u2060\ufeff]")
"""What a text has that may hide digits."""


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
        yield from _in_groups(text, _groups(text, region))


def _groups(text: str, region: re.Match[str]) -> list[tuple[int, int, str]]:
    """Return the start, the end and the digits of each group; short ones of one length are one number, spaced out."""
    groups: list[tuple[int, int, str]] = []
    length = 0
    for group in _GROUP.finditer(text, *region.span()):
        digits = group[0] if group[0].isascii() else "".join(str(int(char)) for char in group[0])
        before, length = length, len(digits)
        if groups and before == length <= _SHORT_GROUP and _USUAL.fullmatch(text, groups[-1][1], group.start()):
            start, _, number = groups[-1]
            groups[-1] = (start, group.end(), (number + digits)[: _LONGEST + 1])
        else:
            groups.append((group.start(), group.end(), digits))
    return groups


def _in_groups(text: str, groups: Sequence[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Try every run of whole groups: what stands beside a number (a year, a CVC) must not hide it."""
    at = 0
    while at < len(groups):
        numbers = _numbers(text, groups, at)
        number, end = next(((number, end) for number, end in numbers if is_card_number(number)), ("", at))
        if number:
            yield groups[at][0], groups[end][1], number
        at = end + 1


def _numbers(text: str, groups: Sequence[tuple[int, int, str]], at: int) -> Iterator[tuple[str, int]]:
    """Yield what could be a card number from group `at` on, and its last group; the longest first."""
    for end in reversed(range(at, min(len(groups), at + _MOST_GROUPS))):
        lengths = tuple(len(digits) for _, _, digits in groups[at : end + 1])
        if _SHORTEST <= sum(lengths) <= _LONGEST and (end == at or _is_form(text, groups[at : end + 1], lengths)):
            yield "".join(digits for _, _, digits in groups[at : end + 1]), end


def _is_form(text: str, groups: Sequence[tuple[int, int, str]], lengths: tuple[int, ...]) -> bool:
    """Whether groups are as people write them: usual lengths, and nothing unusual or always the same between them."""
    if lengths not in _FORMS:
        return False
    between = {text[before[1] : after[0]] for before, after in itertools.pairwise(groups)}
    if all(_USUAL.fullmatch(piece) for piece in between):
        return True
    return lengths in _USUAL_FORMS and len(between) == 1


def has_card_number(value: Any) -> bool:
    """Whether a JSON value holds a card number, as a text in any encoding, a number or a name, at any depth.

    Numbers of 13 digits do not count: no card has so few any more, and barcodes of products do.
    """
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, str):
        return len(value) > _SHORTEST and any(map(_is_written_in, _readings(value)))
    if isinstance(value, int | float):
        return (digits := digits_of(value)) is not None and len(digits) > _SHORTEST
    if is_map(value):
        return any(has_card_number(name) or has_card_number(item) for name, item in value.items())
    return is_sequence(value) and any(map(has_card_number, value))


def _readings(text: str) -> Iterator[str]:
    if _CODED.search(text) is None:
        yield text
        return
    for view in views(text):
        yield view.text
        for _, _, content in coded_texts(view.text):
            yield from (inner.text for inner in views(content))


def _is_written_in(text: str) -> bool:
    return any(len(digits) > _SHORTEST for _, _, digits in card_numbers(text))


def digits_of(value: float) -> str | None:
    """Return the digits of a number that is a card number, or None."""
    if not 10**12 <= value < 10**19 or value != int(value):
        return None
    digits = str(int(value))
    return digits if is_card_number(digits) else None
