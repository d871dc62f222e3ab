"""The limit of calls per second."""

from __future__ import annotations

from payloom_emulator.protocol.errors import StripeError


class RateLimiter:
    """Counts calls per second and refuses those beyond the limit."""

    def __init__(self, limit: int | None) -> None:
        """Allow `limit` calls a second; None: any number."""
        self.limit = limit
        self._second, self._count = 0, 0

    def count(self, now: float) -> None:
        """Count one call at `now`, or raise 429."""
        if self.limit is None:
            return
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        if self._count > self.limit:
            raise StripeError(
                "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
                status=429,
                code="rate_limit",
                headers={"Stripe-Should-Retry": "true", "Stripe-Rate-Limited-Reason": "global-rate"},
            )
