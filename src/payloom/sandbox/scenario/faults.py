"""What goes wrong in a story. The base is: nothing."""

from __future__ import annotations

import datetime as dt

from payloom.connectors.stripe.catalog.operations import Operation
from payloom.sandbox.scenario.process import MailFault
from payloom.sandbox.stripe.fake import Fault


class FaultPlan:
    """Nothing goes wrong, and one thing happens after another."""

    interleaved = False
    """Whether runs advance side by side, in an order that `choose` decides."""

    def kills(self, point: int) -> bool:  # noqa: ARG002 - others decide by it
        """Whether the process dies at a boundary; they count from 1."""
        return False

    def stripe(self, operation: Operation) -> Fault | None:  # noqa: ARG002
        """What goes wrong with the next request to Stripe."""
        return None

    def mail(self, key: str) -> MailFault | None:  # noqa: ARG002
        """What goes wrong with the next mail."""
        return None

    def choose(self, many: int) -> int:  # noqa: ARG002
        """Which of several calls goes first: a number below `many`."""
        return 0

    def downtime(self) -> dt.timedelta:
        """How long it takes until a process that died is up again."""
        return dt.timedelta(0)


class KillAt(FaultPlan):
    """The process dies once, at one boundary."""

    def __init__(self, point: int) -> None:
        """point: from 1."""
        self._point = point

    def kills(self, point: int) -> bool:
        """See NoFaults."""
        return point == self._point
