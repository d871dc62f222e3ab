"""What must never reach a log, a file or a page: keys, webhook secrets, client secrets, card numbers, passwords.

A secret is masked by its form (`payloom.kit.secrets`), by the name it stands under, and by its value: what this process
knows to be secret (`remember_secrets`) is masked wherever it appears. All of it holds in every encoding of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.secrets.cards import card_numbers, digits_of
from payloom.kit.secrets.encodings import coded_texts, views
from payloom.kit.secrets.named import named_secrets_in
from payloom.kit.secrets.patterns import is_secret_name, secrets_in

MASK = "[redacted]"
_SHORTEST = 8
"""Of a value that is masked wherever it stands: a shorter one would hide ordinary words."""
_FEWEST = 6
"""Letters of a text that may hold a secret."""
_PERHAPS = re.compile(
    r"[%=\\&]|[\"']\s*[:,]\s*[\"'\[{\d-]|</|[sre]k_|sec_|secret_|/approve/|(?i:earer |asic )|://|eyJ|[A-Za-z0-9+/_-]{20}|\d(?:[\W_]{0,8}\d){12}|[！-～]{4}|[\xad\u200b-\u200d\u2060\ufeff]"
)
"""What a text has that holds a secret, plain or encoded. It is quick, and most texts have nothing of it."""


class _Known:
    """The values that this process knows to be secret."""

    def __init__(self) -> None:
        self.values: set[str] = set()
        self.pattern: re.Pattern[str] | None = None

    def add(self, values: Iterable[str]) -> None:
        more = {value for value in values if len(value) >= _SHORTEST} - self.values
        if more:
            self.values |= more
            longest_first = sorted(self.values, key=lambda value: (-len(value), value))
            self.pattern = re.compile("|".join(map(re.escape, longest_first)))
            _CLEAN.clear()


_KNOWN = _Known()
_CLEAN: set[str] = set()
"""Short texts that look as if they held a secret, and hold none: ids, which come again and again."""
_MOST_CLEAN, _LONGEST_CLEAN = 4096, 80


def remember_secrets(values: Iterable[str]) -> None:
    """Mask these values from now on wherever they stand, in every encoding. Values under 8 characters are left out."""
    _KNOWN.add(values)


def known_secrets() -> int:
    """Return a number that grows with the values that this process knows to be secret."""
    return len(_KNOWN.values)


def known_secrets_in(text: str) -> list[tuple[int, int]]:
    """Return where the values stand that this process knows to be secret."""
    if _KNOWN.pattern is None or not any(value in text for value in _KNOWN.values):
        return []
    return [match.span() for match in _KNOWN.pattern.finditer(text)]


def redact_text(text: str) -> str:
    """Return `text` with keys, secrets and card numbers masked, in every encoding; their kind stays readable."""
    return _redacted(text, by_name=True)


def _redacted(text: str, *, by_name: bool) -> str:
    if not worth_a_look(text):
        return text
    masks = secret_places(text, by_name=by_name)
    if not masks:
        if by_name:
            remember_clean(text)
        return text
    pieces: list[str] = []
    at = 0
    for start, end, mask in masks:
        pieces += (text[at:start], mask)
        at = end
    return "".join([*pieces, text[at:]])


def worth_a_look(text: str) -> bool:
    """Whether a text may hold a secret: a quick look, which most texts end with."""
    if is_clean(text):
        return False
    if _PERHAPS.search(text) is not None or (_KNOWN.pattern is not None and _KNOWN.pattern.search(text) is not None):
        return True
    if text.isidentifier():  # names of fields, and words such as `succeeded`, come again and again
        remember_clean(text)
    return False


def is_clean(text: str) -> bool:
    """Whether it is known that nothing is in a text."""
    return len(text) < _FEWEST or text in _CLEAN


def remember_clean(text: str) -> None:
    """Look no more at a short text in which `secret_places` has found nothing."""
    if len(text) <= _LONGEST_CLEAN:
        if len(_CLEAN) >= _MOST_CLEAN:
            _CLEAN.clear()
        _CLEAN.add(text)


def secret_places(text: str, *, by_name: bool = True, decoded: bool = True) -> list[tuple[int, int, str]]:
    """Return where the secrets of a text are and what to show instead, from left to right, without overlaps.

    by_name: also what stands under a secret name. decoded: also what base64, base32 and hex hide.
    """
    masks: list[tuple[int, int, str]] = []
    for view in views(text):
        secrets = [(start, end, MASK) for start, end in secrets_in(view.text)]
        secrets += [(start, end, f"[card …{digits[-4:]}]") for start, end, digits in card_numbers(view.text)]
        if by_name:
            named = named_secrets_in(view.text)
            secrets += [(start, end, MASK) for start, end in named if view.text[start:end] != MASK]
        if _KNOWN.pattern is not None:
            secrets += [(*match.span(), MASK) for match in _KNOWN.pattern.finditer(view.text)]
        if decoded:
            secrets += [(start, end, MASK) for start, end in coded_secrets_in(view.text, by_name=by_name)]
        masks += [(*view.span(start, end), mask) for start, end, mask in secrets]
    return _merged(masks)


def coded_secrets_in(text: str, *, by_name: bool = True) -> list[tuple[int, int]]:
    """Return where secrets are that base64, base32 or hex hide in a text."""
    return [
        (start, end)
        for start, end, content in coded_texts(text)
        if secret_places(content, by_name=by_name, decoded=False)
    ]


def _merged(masks: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    merged: list[tuple[int, int, str]] = []
    for start, end, mask in sorted(masks, key=lambda span: (span[0], -span[1])):
        if merged and start < merged[-1][1]:
            before = merged[-1]
            merged[-1] = (before[0], max(before[1], end), before[2])
        else:
            merged.append((start, end, mask))
    return merged


def redact(value: Any) -> Any:
    """Return a copy of a JSON value with secrets masked, by key name and by content, at every depth."""
    return _copy(value, by_name=True)


def redact_content(value: Any) -> Any:
    """Return a copy of a JSON value with secrets masked by content only: what describes a `password` stays readable."""
    return _copy(value, by_name=False)


def _copy(value: Any, *, by_name: bool) -> Any:
    if isinstance(value, str):
        return value if is_clean(value) else _redacted(value, by_name=by_name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        digits = digits_of(float(value) if isinstance(value, Decimal) else value)
        return value if digits is None else f"[card …{digits[-4:]}]"
    if is_map(value):
        return {
            name if is_clean(name) else redact_text(name): MASK
            if by_name and is_secret_name(name) and _tells(item)
            else _copy(item, by_name=by_name)
            for name, item in [(str(key), item) for key, item in value.items()]
        }
    if is_sequence(value):
        return [_copy(item, by_name=by_name) for item in value]
    return value


def _tells(value: Any) -> bool:
    """Whether a value under a secret name says something: what is empty, true or false does not."""
    if isinstance(value, bool):
        return False
    return isinstance(value, int | float | Decimal) or (
        (isinstance(value, str) or is_map(value) or is_sequence(value)) and len(value) > 0
    )
