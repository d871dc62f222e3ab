"""How often one member of staff may do something: each call that changes, sends or starts something is counted.

What leaves the server is counted twice: by who asks, and by what it is done to, over all processes. So neither a script
nor a stolen session can fill a customer's mailbox, or start the same run over and over.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from payloom.api.http.same_origin import SAFE_METHODS
from payloom.api.limits.rate_limit import Counters, RateLimiter, SharedLimiter
from payloom.api.management.access.audit import audited_action
from payloom.api.management.access.auth import Caller


@dataclasses.dataclass(frozen=True, slots=True)
class Budget:
    """Calls per seconds of one route: by a person, and, if it is bounded, to one target."""

    person: tuple[int, float]
    target: tuple[int, float] | None = None


CHANGE = Budget((300, 60.0))
"""A change here, of rows, files, accounts. It sends nothing and starts nothing by itself."""
QUESTION = Budget((1200, 60.0))
"""The editor asks while somebody types."""
MAIL = Budget((60, 600.0), (5, 3600.0))
TO_ONE_ADDRESS = (10, 3600.0)
"""Emails that staff resend to one address."""
START = Budget((240, 60.0), (30, 600.0))
MANY = Budget((30, 600.0))
BUDGETS: Mapping[str | None, Budget] = {
    None: QUESTION,
    "mail.resent": MAIL,
    "account.link": MAIL,
    "alerts.tested": Budget((10, 600.0)),
    "run.retried": START,
    "run.forked": START,
    "run.decided": START,
    "event.replayed": START,
    "workflow.started": Budget((240, 60.0)),
    "workflow.tested": Budget((240, 60.0)),
    "runs.retried": MANY,
    "events.replayed": MANY,
    "events.fetched": MANY,
    "bulk.started": MANY,
    "bulk.resumed": MANY,
}
"""By what the audit trail records (None: nothing). What is not named here is a `CHANGE`."""


class StaffLimits:
    """Counts what staff do. Safe methods are not counted."""

    def __init__(self, counters: Counters) -> None:
        """counters: of what leaves the server, for every process."""
        self._counters = counters
        self._here: dict[tuple[int, float], RateLimiter] = {}
        self._shared: dict[tuple[int, float], SharedLimiter] = {}

    async def check(self, request: Request, caller: Caller) -> None:
        """Count a call. Raises TooManyRequests."""
        if request.method in SAFE_METHODS:
            return
        route = request.scope.get("route")
        name = f"{request.method} {getattr(route, 'path', '')}"
        budget = budget_of(route, request.method)
        self._limiter(budget.person).check(f"{name}\n{caller.by}")
        if budget.target is not None:
            target = "/".join(map(str, request.path_params.values()))
            await self._shared_limiter(budget.target).check(f"{name}\n{target}")

    async def check_mail(self, mail: Mapping[str, Any] | None) -> None:
        """Count a mail that is sent again, by its addresses: a copy of a copy is one more. Raises TooManyRequests."""
        for address in mail["to"] if mail is not None else ():
            await self._shared_limiter(TO_ONE_ADDRESS).check(str(address).strip().lower())

    def _limiter(self, rate: tuple[int, float]) -> RateLimiter:
        return self._here.setdefault(rate, RateLimiter(*rate))

    def _shared_limiter(self, rate: tuple[int, float]) -> SharedLimiter:
        return self._shared.setdefault(rate, SharedLimiter("staff", *rate, self._counters))


def budget_of(route: Any, method: str) -> Budget:
    """Return how often a route may be called."""
    return BUDGETS.get(audited_action(route, method), CHANGE)
