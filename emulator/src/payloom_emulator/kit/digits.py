"""What counts as a whole number: the digits 0 to 9. `str.isdigit` takes `²` and the digits of other scripts, too."""

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
