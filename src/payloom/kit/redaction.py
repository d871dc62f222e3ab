"""What must never reach a log, a file or a page: keys, webhook secrets, client secrets, card numbers, passwords."""

from __future__ import annotations

import re
from typing import Any

from payloom.kit.json_types import is_map, is_sequence

MASK = "[redacted]"
_SECRETS = (
    r"\b((?:sk|rk)_(?:test|live)_|whsec_)[A-Za-z0-9_]{4,}",
    r"\b((?:pi|seti|cs)_[A-Za-z0-9_]{3,}_secret_)[A-Za-z0-9]+",
    r"(/approve/)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+",
    r"\b(Bearer |Basic )[A-Za-z0-9._~+/=-]{6,}",
)
_SECRET = re.compile("|".join(_SECRETS))
_DIGITS = re.compile(r"(?<![\dA-Za-z_])(?:\d[ -]?){12,18}\d(?![\dA-Za-z_])")
_KEYS = re.compile(
    r"(^|_)(password|passwd|secret|client_secret|authorization|cookie|token|api_key|cvc|cvv|card_number)$",
    re.IGNORECASE,
)


def _luhn(digits: str) -> bool:
    total = 0
    for position, char in enumerate(reversed(digits)):
        digit = int(char)
        if position % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"[card …{digits[-4:]}]" if 13 <= len(digits) <= 19 and _luhn(digits) else match[0]


def redact_text(text: str) -> str:
    """Return `text` with keys, secrets and card numbers masked; their kind stays readable."""
    text = _SECRET.sub(lambda m: f"{m[1] or m[2] or m[3] or m[4]}{MASK}", text)
    return _DIGITS.sub(_card, text)


def redact(value: Any) -> Any:
    """Return a copy of a JSON value with secrets masked, by key name and by content, at every depth."""
    if isinstance(value, str):
        return redact_text(value)
    if is_map(value):
        return {
            key: MASK if isinstance(item, str) and item and _KEYS.search(str(key)) else redact(item)
            for key, item in value.items()
        }
    if is_sequence(value):
        return [redact(item) for item in value]
    return value
