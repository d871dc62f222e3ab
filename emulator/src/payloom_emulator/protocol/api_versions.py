"""API versions: which exist, and the dates at which they changed."""

from __future__ import annotations

import re

from payloom_emulator.protocol.errors import StripeError

NEWEST = "2026-10-28.endive"


DEFAULT = "2026-08-26.dahlia"


EVER = "9999-12-31"
"""Later than every version: what is so in all of them."""


ENDIVE, DAHLIA, CLOVER, BASIL, ACACIA = "2026-09-30", "2026-03-25", "2025-09-30", "2025-03-31", "2024-09-30"


_NAME = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z_]+)?$")


_NAMED_FROM = {ACACIA: "acacia", BASIL: "basil", CLOVER: "clover", DAHLIA: "dahlia", ENDIVE: "endive"}


_OLDEST = "2011-01-01"


def known_version(version: str) -> str:
    """Return the version, or raise Stripe's 400 when there is none of that name."""
    plain = version.split(";", maxsplit=1)[0].strip()
    date, _, name = plain.partition(".")
    expected = next((n for since, n in reversed(_NAMED_FROM.items()) if date >= since), "")
    if not _NAME.match(plain) or not _OLDEST <= date <= NEWEST[:10] or name not in {expected, "preview"}:
        raise StripeError(
            f"Invalid Stripe API version: {version}. You do not have permission to pass this Stripe-Version header, or it does not exist. The newest version the local Stripe knows is {NEWEST}."
        )
    return plain
