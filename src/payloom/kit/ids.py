"""Identifiers: sortable by time, unguessable enough to be unique, prefixed so that a reader knows what they name."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_lock = threading.Lock()
_last = (0, 0)


def base32(value: int) -> str:
    """Return 26 characters for the lowest 130 bits of `value`; greater numbers sort later."""
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def new_id(prefix: str) -> str:
    """Return `prefix_` + 26 characters: 48 bits of milliseconds, then 80 bits of randomness.

    Ids made by one process sort in the order they were made, also within a millisecond.
    """
    global _last  # noqa: PLW0603 - one monotonic counter per process is the point
    with _lock:
        milliseconds = time.time_ns() // 1_000_000
        before, entropy = _last
        if milliseconds <= before:
            milliseconds, entropy = before, entropy + 1
        else:
            entropy = secrets.randbits(79)
        _last = (milliseconds, entropy)
    return f"{prefix}_{base32(milliseconds << 80 | entropy)}"


def new_token(bits: int = 256) -> str:
    """Return a URL-safe random token of at least `bits` bits, for sessions and links."""
    return secrets.token_urlsafe((bits + 7) // 8)
