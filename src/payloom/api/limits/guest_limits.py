"""What one guest's address may send to endpoints: a rate where they have none of their own, and an amount of bytes.

Both are counted in this process's memory: they bound what a stranger can make the database store, and cost it nothing.
"""

from __future__ import annotations

import math

from starlette.requests import Request

from payloom.api.http.client_address import client_key
from payloom.api.limits.rate_limit import RateLimiter

MAX_GUEST_BODY = 64 * 1024
"""Bytes of a guest's body. What a signed-in person sends may be as large as a body can be."""
BUDGET_KB = 4096
BUDGET_SECONDS = 600.0
"""A guest's address may send so many kilobytes of inputs in so many seconds, to all endpoints together."""


class GuestLimits:
    """Counts guests by address."""

    def __init__(self, rate: tuple[int, float] | None) -> None:
        """rate: calls per seconds of one endpoint; None: neither calls nor bytes are counted."""
        self._rate = RateLimiter(*rate) if rate is not None else None
        self._kilobytes = RateLimiter(BUDGET_KB, BUDGET_SECONDS) if rate is not None else None

    def check_rate(self, request: Request, endpoint: str) -> None:
        """Count a call of an endpoint. Raises TooManyRequests."""
        if self._rate is not None:
            self._rate.check(f"{endpoint}\n{client_key(request)}")

    def check_bytes(self, request: Request, sent: int) -> None:
        """Count the bytes of a body or query. Raises TooManyRequests."""
        if self._kilobytes is not None and sent:
            self._kilobytes.check(client_key(request), math.ceil(sent / 1024))
