"""Identifiers in Stripe's manner: a prefix that names the object, then letters and digits."""

from __future__ import annotations

import os
import random

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# What each byte becomes: as good as evenly spread, and one call however long the name is.
_LETTERS = bytes(ord(_ALPHABET[byte % len(_ALPHABET)]) for byte in range(256))


class Ids:
    """Makes identifiers; the same seed makes the same ones, so that a recorded run can be repeated."""

    def __init__(self, seed: int | None = None) -> None:
        """Start from `seed`, or from the system's randomness."""
        self._random = random.Random(os.urandom(16) if seed is None else seed)  # noqa: S311 - names, not secrets

    def new(self, prefix: str, length: int = 24) -> str:
        """Return `prefix` and `length` letters and digits."""
        return prefix + self._random.randbytes(length).translate(_LETTERS).decode()
