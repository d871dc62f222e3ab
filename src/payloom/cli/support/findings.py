"""What `payloom doctor` looked at."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. told: what was seen; hint: what to do."""

    name: str
    good: bool
    told: str
    hint: str | None = None
