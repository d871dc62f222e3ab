"""Time as a dependency. Every room asks a Clock; nothing else in `src/payloom` reads the system's time."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> dt.datetime:
        """Return the current moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Return the current moment, aware, in UTC."""
        return dt.datetime.now(dt.UTC)


class ManualClock:
    """A clock that moves only when a test advances it."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        """Start at `start` (aware), or at 2026-01-01T00:00:00Z."""
        self._now = start or dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        """Return the moment it was last set to."""
        return self._now

    def advance(self, delta: dt.timedelta) -> None:
        """Move forward (or back, with a negative delta: clocks do that too)."""
        self._now += delta

    def set(self, moment: dt.datetime) -> None:
        """Jump to `moment` (aware)."""
        self._now = moment


def to_epoch(moment: dt.datetime) -> int:
    """Return whole Unix seconds, as Stripe counts time."""
    return int(moment.timestamp())


def from_epoch(seconds: float) -> dt.datetime:
    """Return the aware UTC moment of `seconds` since 1970."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def rfc3339(moment: dt.datetime) -> str:
    """Return `2026-01-31T10:00:00Z`, with microseconds only when there are any."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def monotonic() -> float:
    """Return seconds of a clock that never goes back; for durations and time-outs."""
    return time.monotonic()


def processor_time() -> float:
    """Return the seconds of processor time that this thread has used; waiting does not count."""
    return time.thread_time()
