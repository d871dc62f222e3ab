"""The emulator's time: real time plus an offset that only moves when told, and Stripe's test clocks beside it.

Nothing moves on read. What is planned for a moment is a row in `timers`; `run_due` runs the rows in order, each in its
own unit of work whose time is the row's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.errors import EmulatorError
from payloom_emulator.kit.clock import SystemClock, to_epoch

if TYPE_CHECKING:
    from payloom_emulator.core.store import Store
    from payloom_emulator.kit.clock import Clock

_OFFSET = "clock_offset"


class EmulatorClock:
    """Seconds since 1970 as the emulator counts them."""

    def __init__(self, store: Store, base: Clock | None = None) -> None:
        """Follow `base` (the machine's clock by default), plus the offset the store remembers."""
        self._store, self._base = store, base or SystemClock()

    @property
    def offset(self) -> int:
        """Seconds the emulator is ahead of real time."""
        return self._store.meta(_OFFSET, 0)

    def now(self) -> int:
        """Return whole Unix seconds."""
        return to_epoch(self._base.now()) + self.offset

    def precise(self) -> float:
        """Return Unix seconds with their fraction, for deliveries."""
        return self._base.now().timestamp() + self.offset

    def real(self) -> float:
        """Return real Unix seconds; signatures carry these, receivers compare them with their own clocks."""
        return self._base.now().timestamp()

    def set(self, moment: int) -> None:
        """Jump to `moment` (Unix seconds); never back, as test clocks never go back."""
        if moment < self.now():
            raise EmulatorError(
                f"The emulator's clock is at {self.now()} and does not go back to {moment}.",
                hint="Reset the emulator to start over.",
            )
        self._store.set_meta(_OFFSET, self.offset + moment - self.now())
