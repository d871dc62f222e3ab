"""What goes wrong in a scenario. `FaultPlan` itself: nothing."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from payloom.connectors.stripe.catalog.operations import Operation
from payloom.sandbox.stripe.sandbox_stripe import Fault

MailFault = Literal["refused", "busy", "lost"]
"""refused: 5xx, final. busy: 4xx, nothing was sent. lost: the server took the mail and the connection broke."""


class FaultPlan:
    """Nothing goes wrong, and runs advance one after another. Subclasses override what shall go wrong."""

    interleaved = False
    """Whether runs advance side by side, in an order that `choose` decides."""

    def kills(self, point: int) -> bool:  # noqa: ARG002 - others decide by it
        """Return whether the process is killed at a boundary; boundaries count from 1."""
        return False

    def stripe(self, operation: Operation) -> Fault | None:  # noqa: ARG002 - subclasses read it
        """Return what goes wrong with the next request to Stripe, or None."""
        return None

    def mail(self, key: str) -> MailFault | None:  # noqa: ARG002 - subclasses read it
        """Return what goes wrong with the next mail, or None."""
        return None

    def choose(self, many: int) -> int:  # noqa: ARG002 - subclasses read it
        """Return which of `many` calls proceeds first, from 0."""
        return 0

    def downtime(self) -> dt.timedelta:
        """Return how long it takes until a killed process is up again."""
        return dt.timedelta(0)


class KillAt(FaultPlan):
    """The process is killed once, at one boundary."""

    def __init__(self, point: int) -> None:
        """point: from 1."""
        self._point = point

    def kills(self, point: int) -> bool:
        """See NoFaults."""
        return point == self._point


class AtOnce(FaultPlan):
    """Nothing goes wrong, but what is delivered together advances side by side, one call each in turn."""
