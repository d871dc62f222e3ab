"""How amounts become whole minor units."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def rounded(value: Decimal) -> int:
    """Return the nearest whole minor unit, halves away from zero."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share(amount: int, part: int, whole: int) -> int:
    """Return `amount` × `part` / `whole` in whole minor units."""
    return rounded(Decimal(amount) * part / whole)
