"""A caller has a burst, then an even rate; other callers are not affected."""

from __future__ import annotations

import pytest

from payloom.api.http.errors import TooManyRequests
from payloom.api.limits.rate_limit import RateLimiter


class Hand:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_the_call_after_the_burst_is_told_when_to_come_back() -> None:
    limiter = RateLimiter(3, 60, now=(hand := Hand()))
    for _ in range(3):
        limiter.check("ada")
    with pytest.raises(TooManyRequests) as refused:
        limiter.check("ada")
    assert refused.value.data["retry_after"] == 20
    limiter.check("grace")
    hand.time += 20
    limiter.check("ada")
    with pytest.raises(TooManyRequests):
        limiter.check("ada")


def test_waiting_long_gives_no_more_than_the_burst() -> None:
    limiter = RateLimiter(2, 1, now=(hand := Hand()))
    hand.time = 1e6
    limiter.check("ada")
    limiter.check("ada")
    with pytest.raises(TooManyRequests):
        limiter.check("ada")
