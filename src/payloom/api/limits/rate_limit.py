"""Rate limits: a token bucket per caller and purpose, in memory first, then in the database for all processes together.

Memory refuses a flood without a look at the database. What it lets through is counted there, where every server and the
next start find it.
"""

from __future__ import annotations

import collections
import math
from collections.abc import Callable
from typing import Protocol

from payloom.api.http.errors import TooManyRequests
from payloom.kit.clock import monotonic

MAX_KEYS = 50_000


class RateLimiter:
    """Allows `count` calls per `seconds` for each key, refilled evenly. Counts in this process only."""

    def __init__(self, count: int, seconds: float, *, now: Callable[[], float] = monotonic) -> None:
        """Allow `count` at once, then one each `seconds / count`."""
        self._count = count
        self._rate = count / seconds
        self._now = now
        self._buckets: collections.OrderedDict[str, tuple[float, float]] = collections.OrderedDict()

    def check(self, key: str, amount: int = 1) -> None:
        """Count one call of `key`, or an amount. Raises TooManyRequests with `retry_after` in whole seconds."""
        now = self._now()
        tokens, at = self._buckets.pop(key, (float(self._count), now))
        tokens = min(float(self._count), tokens + (now - at) * self._rate)
        if len(self._buckets) >= MAX_KEYS:
            self._buckets.popitem(last=False)
        if tokens < amount:
            self._buckets[key] = (tokens, now)
            raise too_many(self._wait(tokens, amount))
        self._buckets[key] = (tokens - amount, now)

    def peek(self, key: str) -> None:
        """Raise TooManyRequests if `check` would, and count nothing."""
        if (bucket := self._buckets.get(key)) is not None:
            tokens = bucket[0] + (self._now() - bucket[1]) * self._rate
            if tokens < 1:
                raise too_many(self._wait(tokens))

    def forget(self, key: str) -> None:
        """Let `key` begin anew."""
        self._buckets.pop(key, None)

    def _wait(self, tokens: float, amount: int = 1) -> int:
        # What rounding adds must not make it a second more.
        return max(math.ceil((amount - tokens) / self._rate - 1e-6), 1)

    def close(self, key: str, seconds: float) -> None:
        """Let nothing of `key` through for so long."""
        self._buckets[key] = (1 - seconds * self._rate, self._now())


class Counters(Protocol):
    """Counts calls for all processes together."""

    async def take(self, key: str, count: int, seconds: float) -> int:
        """Count a call of `key`; return 0, or after how many whole seconds the next one may come."""
        ...

    async def give_back(self, key: str) -> None:
        """Forget the calls of `key`."""
        ...


class SharedLimiter:
    """Allows `count` calls per `seconds` for each key, over all processes."""

    def __init__(self, purpose: str, count: int, seconds: float, counters: Counters) -> None:
        """purpose: what is counted; limits of the same purpose, count and seconds share what is used."""
        self._purpose = f"{purpose}\n{count}/{seconds}"
        self._count = count
        self._seconds = seconds
        self._here = RateLimiter(count, seconds)
        self._counters = counters

    async def check(self, key: str) -> None:
        """Count one call of `key`. Raises TooManyRequests, or DatabaseError if it cannot be counted."""
        self._here.check(key)
        wait = await self._counters.take(f"{self._purpose}\n{key}", self._count, self._seconds)
        if wait:
            self._here.close(key, wait)
            raise too_many(wait)

    async def give_back(self, key: str) -> None:
        """Forget the calls of `key`: they came to nothing."""
        self._here.forget(key)
        await self._counters.give_back(f"{self._purpose}\n{key}")

    def peek(self, key: str) -> None:
        """Raise TooManyRequests if this process knows that `key` has nothing left; count nothing."""
        self._here.peek(key)


def too_many(seconds: int) -> TooManyRequests:
    """Return the refusal of a call that may come again after so many seconds."""
    return TooManyRequests(hint=f"Wait {seconds} seconds.", retry_after=seconds)
