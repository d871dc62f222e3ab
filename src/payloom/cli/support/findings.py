"""What `payloom doctor` looked at."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. summary: what was seen. hint: what to do.

    A good one with a hint is no problem, but somebody has to decide.
    """

    name: str
    good: bool
    summary: str
    hint: str | None = None

    @property
    def mark(self) -> str:
        """Return the sign in front of it: fine, to be decided, or a problem."""
        if not self.good:
            return "✗"
        return "!" if self.hint else "✓"
