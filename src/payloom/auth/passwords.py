"""Passwords: which are refused, and how they are kept (argon2id). Hashing takes tens of milliseconds, by design."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

import argon2

from payloom.auth.errors import BadPassword

SHORTEST = 8
LONGEST = 256
_AROUND = "!.?*#_- 0123456789"
"""What people put around a word to make it count as another password."""
_DISGUISED = str.maketrans("@4031$57", "aaoeisst")
_DIGITS_ONLY = 10
"""Digits alone are a date or a telephone number unless there are at least so many."""


@functools.cache
def _leaked_passwords() -> frozenset[str]:
    text = (Path(__file__).parent / "common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


class Passwords:
    """Checks and hashes passwords. Blocking: call it in a thread, outside of transactions."""

    def __init__(self, hasher: argon2.PasswordHasher | None = None, *, words: Iterable[str] = ()) -> None:
        """Check and hash passwords.

        hasher: cheaper parameters for tests. words: names of the project, which are as easy to guess as common ones.
        """
        self._hasher = hasher or argon2.PasswordHasher()
        self._words = frozenset(form for word in ("payloom", *words) for form in _forms(word))

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
        if self._is_guessable(text.casefold(), email.casefold()):
            hint = "take one that is not in every list of passwords, such as three unrelated words"
            raise BadPassword("this password is too common", hint=hint)

    def _is_guessable(self, plain: str, email: str) -> bool:
        if len(set(plain)) < 3 or _is_sequence(plain) or (plain.isdigit() and len(plain) < _DIGITS_ONLY):
            return True
        known = _leaked_passwords() | self._words | {email, *_forms(email.partition("@")[0])}
        half = plain[: len(plain) // 2]
        cores = {plain, plain.strip(_AROUND), plain.translate(_DISGUISED), plain.strip(_AROUND).translate(_DISGUISED)}
        return bool(cores & known) or (plain == half * 2 and half in known)

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


def _forms(name: str) -> set[str]:
    """Return how a name is written as a password: `Corner Shop` as `corner`, `shop`, `cornershop`, `corner-shop`."""
    parts = [part for part in re.split(r"[\W_]+", name.casefold()) if part]
    long = {part for part in parts if len(part) > 3}
    return (long | {between.join(parts) for between in ("", "-", " ", ".", "_")}) - {""}


def _is_sequence(text: str) -> bool:
    """Return whether each letter follows the one before it, up or down: `12345678`, `hgfedcba`."""
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(text)}
    return steps in ({1}, {-1})


def _normal(password: str) -> str:
    # The same password typed on another keyboard may arrive as other code points. A lone surrogate cannot be encoded.
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace").decode()
