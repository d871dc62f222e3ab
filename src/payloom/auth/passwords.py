"""Passwords: which are refused, and how they are kept (argon2id). Hashing takes tens of milliseconds, by design."""

from __future__ import annotations

import functools
import unicodedata
from pathlib import Path

import argon2

from payloom.auth.errors import BadPassword

SHORTEST = 8
LONGEST = 256
_COMMON = frozenset((Path(__file__).parent / "common_passwords.txt").read_text("utf-8").split())


class Passwords:
    """Checks and hashes passwords. Blocking: call it in a thread, outside of transactions."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None) -> None:
        """`hasher`: cheaper parameters for tests."""
        self._hasher = hasher or argon2.PasswordHasher()

    @functools.cached_property
    def _nobody(self) -> str:
        # Checked in place of a real one, so that an unknown account takes as long as a known one. A start without it
        # saves 150 ms of processor time and 64 MB.
        return self._hasher.hash("nobody has this password")

    def require_good(self, password: str, *, email: str = "") -> None:
        """Raise `BadPassword` unless the password may be used for an account with this address."""
        text = _normal(password)
        if len(text) < SHORTEST:
            raise BadPassword(f"a password has at least {SHORTEST} characters", hint="three unrelated words work well")
        if len(text) > LONGEST:
            raise BadPassword(f"a password has at most {LONGEST} characters")
        plain = text.casefold()
        names = {email.casefold(), email.casefold().partition("@")[0]}
        if plain in _COMMON or plain.rstrip("!.0123456789") in _COMMON or len(set(plain)) < 3 or plain in names:
            hint = "take one that is not in every list of passwords, such as three unrelated words"
            raise BadPassword("this password is too common", hint=hint)

    def hash(self, password: str) -> str:
        """Return the argon2id hash, parameters and salt included."""
        return self._hasher.hash(_normal(password))

    def verify(self, password: str, stored: str | None) -> bool:
        """Return whether the password belongs to the hash; takes as long for None (no such account) as for any."""
        if len(password) > 4 * LONGEST:
            return False
        nobody = self._nobody  # Asked for every account, so that the first check takes as long for each of them.
        try:
            matches = self._hasher.verify(stored or nobody, _normal(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return matches and stored is not None

    def outdated(self, stored: str) -> bool:
        """Return whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    # The same password typed on another keyboard may arrive as other code points. A lone surrogate cannot be encoded.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
