"""When an event is sent again, and the switches that make deliveries misbehave on purpose."""

from __future__ import annotations

import dataclasses
import random

# Seconds from one attempt to the next. Stripe does not publish its own; `sandbox` and `live` follow what its
# documentation says in words (three times over a few hours; up to three days with exponential back-off).
SCHEDULES: dict[str, tuple[float, ...]] = {
    "quick": (1, 5, 30, 300, 3600),
    "sandbox": (1800, 3600, 7200),
    "live": (300, 1800, 3600, 7200, 14400, 28800, 43200, 43200, 43200, 43200),
    "none": (),
}


@dataclasses.dataclass(slots=True)
class DeliveryFaults:
    """Switches: the share of deliveries (0 to 1) that are doubled, swapped with later ones, delayed or lost."""

    seed: int = 0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    drop: float = 0.0
    delay_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Start the sequence of draws at its beginning."""
        self._random = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    _random: random.Random = dataclasses.field(init=False, repr=False)

    def draw(self) -> tuple[int, float, bool]:
        """Return (copies, seconds to wait, lost) for the next delivery."""
        duplicate, reorder, delay, drop = (self._random.random() for _ in range(4))
        wait = 0.0
        if reorder < self.reorder:
            wait += 0.3
        if delay < self.delay:
            wait += self.delay_seconds
        return (2 if duplicate < self.duplicate else 1), wait, drop < self.drop
