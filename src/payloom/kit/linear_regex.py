"""Regular expressions that match in linear time, whatever the pattern: RE2, with types."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import re2  # pyright: ignore[reportMissingTypeStubs] - it ships none

_RE2: Any = re2  # The one place that knows a module without types.


class LinearMatch(Protocol):
    """A match of a pattern in a text."""

    def span(self, group: int = 0) -> tuple[int, int]:
        """Return where the match, or a group of it, begins and ends; -1 twice for a group that takes no part."""
        ...


class LinearPattern(Protocol):
    """A compiled pattern."""

    def search(self, text: str) -> object | None:
        """Return a match anywhere in the text, or None."""
        ...

    def finditer(self, text: str) -> Iterator[LinearMatch]:
        """Yield all matches in the text that do not overlap, from left to right."""
        ...

    def findall(self, text: str) -> Sequence[object]:
        """Return all matches in the text that do not overlap."""
        ...


class BadPattern(ValueError):
    """RE2 refuses the pattern. The message says why."""


def compile_pattern(pattern: str, *, max_memory: int | None = None) -> LinearPattern:
    """Return the compiled pattern, in RE2's syntax; raises BadPattern.

    max_memory: bytes that a pattern may use; None: RE2's own limit.
    """
    options = _RE2.Options()
    options.log_errors = False
    if max_memory is not None:
        options.max_mem = max_memory
    try:
        return _RE2.compile(pattern, options=options)
    except (_RE2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "it is not valid"
        raise BadPattern(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None
