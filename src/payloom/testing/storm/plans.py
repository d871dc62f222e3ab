"""Which scenario a seed plays: a case (or a sequence made of several), and what goes wrong in it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from payloom.sandbox.project import WorkflowSet
from payloom.sandbox.rolled_back import SANDBOX_LIMITS
from payloom.sandbox.scenario.deliveries import AdvanceTime, Delivery, EventDelivery, ScheduleTick, WorkflowCall
from payloom.sandbox.scenario.scenario import PATIENCE
from payloom.testing.casefile import Case
from payloom.testing.storm.faults import (
    MAIL_FAULTS,
    STRIPE_FAULTS,
    ClockJump,
    DuplicateDelivery,
    Incident,
    Interleave,
    LostDelivery,
    MailFails,
    ProcessKill,
    ReorderDeliveries,
    StripeFails,
)
from payloom.testing.variants import deduped
from payloom.workflows.program.program import ApiTrigger, Workflow

_DAY = 25 * 3600
_MARGIN = 3600
"""How many seconds before its end a `dedupe` value is no longer relied on: faults delay the calls."""
_WAITING = frozenset({"wait", "wait_for", "approve"})


@dataclasses.dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """What would happen without faults. free: its events may come in any order, and its runs at the same time.

    made: a sequence made of several cases. A delay can change the outcome of its runs.
    """

    case: Case
    deliveries: tuple[Delivery, ...]
    free: bool
    made: bool = False

    @property
    def strict(self) -> bool:
        """Whether one delivery follows from the one before."""
        return not self.case.any_order and not self.made

    @property
    def id(self) -> str:
        """The case's id; made-up sequences say so."""
        return self.case.id


def make_plan(case: Case, others: Sequence[Case], rng: random.Random) -> ScenarioPlan:
    """Return the case itself, or now and then a sequence of events from cases of its file that begin alike."""
    alike = [other for other in others if other.file is case.file and other.given == case.given]
    events = [delivery for other in alike for delivery in other.deliveries if isinstance(delivery, EventDelivery)]
    if len(events) < 2 or rng.random() < 0.7:
        return ScenarioPlan(case, case.deliveries, case.any_order)
    picked = [rng.choice(events) for _ in range(rng.randint(2, 5))]
    return ScenarioPlan(
        case, tuple(_renamed(event, number) for number, event in enumerate(picked, 1)), free=False, made=True
    )


def _renamed(event: EventDelivery, number: int) -> EventDelivery:
    """Return the same event as another one, made a second later than the one before."""
    payload = {**event.payload, "id": f"evt_made_{number}", "created": int(event.payload["created"]) + 100 + number}
    return EventDelivery(payload)


@dataclasses.dataclass(frozen=True, slots=True)
class ScheduleContext:
    """What a schedule is made for. points, requests, mails: how many there are when nothing goes wrong."""

    plan: ScenarioPlan
    workflow_set: WorkflowSet
    points: int
    requests: int
    mails: int

    @property
    def quiet(self) -> bool:
        """Whether time may pass: a clock that jumps makes a case that waits another case."""
        return not any(
            isinstance(delivery, ScheduleTick | AdvanceTime) for delivery in self.plan.deliveries
        ) and not _waits(self.workflow_set)

    @property
    def long(self) -> bool:
        """Whether more than a day may pass: longer than keys and `dedupe` values live."""
        calls = sum(isinstance(delivery, WorkflowCall) for delivery in self.plan.deliveries)
        return self.quiet and (
            calls == 0 or (calls == 1 and not any(map(_dedupes, self.workflow_set.workflows.values())))
        )


def make_schedule(context: ScheduleContext, rng: random.Random) -> list[Incident]:
    """Return what goes wrong."""
    makers = [_kill, _kill, _again]
    makers += [_stripe, _stripe] if context.requests else []
    makers += [_mail] if context.mails else []
    makers += [_jump] if context.quiet else []
    if context.plan.free and len(context.plan.deliveries) > 1:
        makers += [_swap, _late]
    makers += [_sides] if context.plan.free and context.quiet else []
    incidents = [
        incident for _ in range(rng.randint(1, 5)) if (incident := rng.choice(makers)(context, rng)) is not None
    ]
    return list(dict.fromkeys(incidents))


def _kill(context: ScheduleContext, rng: random.Random) -> Incident:
    down = rng.choice((0, 1, 40, 1000, _DAY) if context.long else (0, 1, 40))
    return ProcessKill(rng.randint(1, max(2, context.points + context.points // 3)), down)


def _again(context: ScheduleContext, rng: random.Random) -> Incident | None:
    at = rng.randrange(len(context.plan.deliveries))
    delivery = context.plan.deliveries[at]
    if isinstance(delivery, EventDelivery) or (
        isinstance(delivery, WorkflowCall) and deduped(delivery, context.workflow_set)
    ):
        return DuplicateDelivery(at, rng.randint(0, 3))
    return None


def _late(context: ScheduleContext, rng: random.Random) -> Incident | None:
    at = rng.randrange(len(context.plan.deliveries))
    return LostDelivery(at) if isinstance(context.plan.deliveries[at], EventDelivery) else None


def _swap(context: ScheduleContext, rng: random.Random) -> Incident | None:
    at = rng.randrange(len(context.plan.deliveries) - 1)
    both = context.plan.deliveries[at : at + 2]
    return ReorderDeliveries(at) if all(isinstance(delivery, EventDelivery) for delivery in both) else None


def _jump(context: ScheduleContext, rng: random.Random) -> Incident:
    return ClockJump(rng.randrange(len(context.plan.deliveries)), rng.choice((-600, -5, 7, 90, 1300)))


def _stripe(context: ScheduleContext, rng: random.Random) -> Incident:
    return StripeFails(rng.randint(1, context.requests + 2), rng.choice(STRIPE_FAULTS))


def _mail(context: ScheduleContext, rng: random.Random) -> Incident:
    return MailFails(rng.randint(1, context.mails + 1), rng.choice(MAIL_FAULTS))


def _sides(_scene: ScheduleContext, rng: random.Random) -> Incident:
    return Interleave(rng.randrange(1000))


def _waits(workflow_set: WorkflowSet) -> bool:
    return any(node.verb in _WAITING for workflow in workflow_set.workflows.values() for node in workflow.nodes())


def _dedupes(workflow: Workflow) -> bool:
    return any(isinstance(trigger, ApiTrigger) and trigger.dedupe is not None for trigger in workflow.triggers)


def _repeatable(delivery: Delivery, following: Sequence[Delivery], workflow_set: WorkflowSet) -> int:
    """Return after how many of the following deliveries this one can come again and change nothing.

    A call with the `dedupe` value of an earlier one is the same call for a day. Later it is a call of its own.
    """
    if not isinstance(delivery, WorkflowCall) or workflow_set.workflows[delivery.workflow].once is not None:
        return len(following)
    left = SANDBOX_LIMITS.dedupe_for - _MARGIN
    for number, other in enumerate(following):
        left -= other.seconds if isinstance(other, AdvanceTime) else PATIENCE.total_seconds()
        if left < 0 or isinstance(other, ScheduleTick):
            return number
    return len(following)


def apply_schedule(plan: ScenarioPlan, schedule: Sequence[Incident], workflow_set: WorkflowSet) -> list[Delivery]:
    """Return the deliveries in the order in which they come."""
    order = list(range(len(plan.deliveries)))
    for incident in schedule:
        if isinstance(incident, ReorderDeliveries) and incident.delivery + 1 < len(order):
            first, second = order.index(incident.delivery), order.index(incident.delivery + 1)
            order[first], order[second] = order[second], order[first]
    late = [incident.delivery for incident in schedule if isinstance(incident, LostDelivery)]
    order = [at for at in order if at not in late] + [at for at in order if at in late]
    for incident in schedule:
        if isinstance(incident, DuplicateDelivery):
            first = order.index(incident.delivery)
            following = [plan.deliveries[at] for at in order[first + 1 : first + 1 + incident.after]]
            order.insert(
                first + 1 + _repeatable(plan.deliveries[incident.delivery], following, workflow_set), incident.delivery
            )
    out: list[Delivery] = []
    for at in order:
        moves = [
            incident.seconds for incident in schedule if isinstance(incident, ClockJump) and incident.delivery == at
        ]
        out += [AdvanceTime(seconds) for seconds in moves if plan.deliveries[at] not in out]
        out.append(plan.deliveries[at])
    return out
