"""What can go wrong in a storm, as small values: a schedule is a list of them, and shrinking takes some away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Sequence
from typing import get_args

from payloom.connectors.stripe.catalog.operations import Operation
from payloom.sandbox.scenario.faults import FaultPlan, MailFault
from payloom.sandbox.stripe.sandbox_stripe import Fault


@dataclasses.dataclass(frozen=True, slots=True)
class DuplicateDelivery:
    """A delivery comes a second time, `after` others."""

    delivery: int
    after: int

    def __str__(self) -> str:
        return f"delivery {self.delivery + 1} comes again {self.after} later"


@dataclasses.dataclass(frozen=True, slots=True)
class LostDelivery:
    """A delivery is lost, and caught up with at the end."""

    delivery: int

    def __str__(self) -> str:
        return f"delivery {self.delivery + 1} is lost and caught up with at the end"


@dataclasses.dataclass(frozen=True, slots=True)
class ReorderDeliveries:
    """A delivery and the next one change places."""

    delivery: int

    def __str__(self) -> str:
        return f"deliveries {self.delivery + 1} and {self.delivery + 2} change places"


@dataclasses.dataclass(frozen=True, slots=True)
class ClockJump:
    """Time passes (or the clock is set back) before a delivery."""

    delivery: int
    seconds: int

    def __str__(self) -> str:
        return f"the clock moves by {self.seconds} s before delivery {self.delivery + 1}"


@dataclasses.dataclass(frozen=True, slots=True)
class ProcessKill:
    """The process dies at a boundary, and is back after some seconds."""

    point: int
    down: int

    def __str__(self) -> str:
        return f"the process dies at boundary {self.point} and is back after {self.down} s"


@dataclasses.dataclass(frozen=True, slots=True)
class StripeFails:
    """Something goes wrong with the n-th request to Stripe."""

    request: int
    fault: Fault

    def __str__(self) -> str:
        words: dict[str, str] = {
            "refused": "finds no connection",
            "lost": "is done, and its answer is lost",
            "fault": "is answered with a 500, nothing done",
            "fault_after": "is done and answered with a 500",
            "busy": "is answered with a 429",
            "timeout": "is not answered, nothing done",
        }
        return f"request {self.request} to Stripe {words[self.fault]}"


@dataclasses.dataclass(frozen=True, slots=True)
class MailFails:
    """Something goes wrong with the n-th mail."""

    mail: int
    fault: MailFault

    def __str__(self) -> str:
        words: dict[str, str] = {
            "refused": "is refused for good",
            "busy": "finds the server busy",
            "lost": "is taken, and the connection breaks",
        }
        return f"mail {self.mail} {words[self.fault]}"


@dataclasses.dataclass(frozen=True, slots=True)
class Interleave:
    """Runs advance side by side; deliveries come while calls are under way."""

    seed: int

    def __str__(self) -> str:
        return f"runs advance side by side (order {self.seed})"


Incident = (
    DuplicateDelivery
    | LostDelivery
    | ReorderDeliveries
    | ClockJump
    | ProcessKill
    | StripeFails
    | MailFails
    | Interleave
)


class StormFaults(FaultPlan):
    """The faults of one schedule."""

    def __init__(self, schedule: Sequence[Incident]) -> None:
        """Everything is decided by the schedule."""
        self._kills = {incident.point: incident.down for incident in schedule if isinstance(incident, ProcessKill)}
        self._stripe: dict[int, Fault] = {
            incident.request: incident.fault for incident in schedule if isinstance(incident, StripeFails)
        }
        self._mails: dict[int, MailFault] = {
            incident.mail: incident.fault for incident in schedule if isinstance(incident, MailFails)
        }
        sides = [incident for incident in schedule if isinstance(incident, Interleave)]
        self.interleaved = bool(sides)
        self._random = random.Random(sides[0].seed if sides else 0)  # noqa: S311 - a schedule, not a secret
        self._requests = self._sent = 0
        self._down = 0
        self.doubts = 0
        self.permanent: list[str] = []
        """Faults that the run cannot recover from: the outcome is not compared."""

    def kills(self, point: int) -> bool:
        """See NoFaults."""
        self._down = self._kills.get(point, self._down)
        return point in self._kills

    def downtime(self) -> dt.timedelta:
        """See NoFaults."""
        return dt.timedelta(seconds=self._down)

    def stripe(self, operation: Operation) -> Fault | None:
        """See NoFaults."""
        self._requests += 1
        fault = self._stripe.get(self._requests)
        # Whether a changed object changed because of us cannot be looked up: such a step fails, and is seen.
        if fault in ("fault", "fault_after") and operation.method != "get" and operation.function != "create":
            self.permanent.append(f"a saved 500 of {operation.name}")
        return fault

    def mail(self, key: str) -> MailFault | None:
        """See NoFaults."""
        self._sent += 1
        fault = self._mails.get(self._sent)
        if fault == "refused":
            self.permanent.append(f"the mail {key} was refused")
        self.doubts += fault == "lost"
        return fault

    def choose(self, many: int) -> int:
        """See NoFaults."""
        return self._random.randrange(many)


STRIPE_FAULTS: tuple[Fault, ...] = get_args(Fault)
MAIL_FAULTS: tuple[MailFault, ...] = get_args(MailFault)
