"""Did you mean …?"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def closest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that `name` is most likely a misspelling of, or None."""
    matches = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """Return `did you mean 'where'?` or an empty string."""
    best = closest(name, choices)
    return f"did you mean {best!r}?" if best else ""
