"""Rate limits: a token bucket per caller and route, in this process's memory.

Several processes each keep their own count; the limit is a brake against card testing, not an exact quota.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Callable

from payloom.api.errors import TooManyRequests
from payloom.kit.clock import monotonic

MOST_KEYS = 50_000


class RateLimiter:
    """Allows `count` calls per `seconds` for each key, refilled evenly."""

    def __init__(self, count: int, seconds: float, *, now: Callable[[], float] = monotonic) -> None:
        """Allow `count` at once, then one each `seconds / count`."""
        self._count = count
        self._rate = count / seconds
        self._now = now
        self._buckets: collections.OrderedDict[str, tuple[float, float]] = collections.OrderedDict()

    def check(self, key: str) -> None:
        """Count one call of `key`. Raises TooManyRequests with `retry_after` in whole seconds."""
        now = self._now()
        tokens, at = self._buckets.pop(key, (float(self._count), now))
        tokens = min(float(self._count), tokens + (now - at) * self._rate)
        if len(self._buckets) >= MOST_KEYS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            self._buckets[key] = (tokens, now)
            wait = math.ceil((1 - tokens) / self._rate)
            raise TooManyRequests(hint=f"Wait {wait} seconds.", retry_after=wait)
        self._buckets[key] = (tokens - 1, now)
