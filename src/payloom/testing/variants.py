"""Plays a case as it stands, and then with duplicates, in other orders, and with a killed process."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import TypeGuard

from payloom.connectors.port import OutsideHost
from payloom.sandbox.project import SandboxProject, WorkflowSet
from payloom.sandbox.scenario.deliveries import AdvanceTime, Delivery, EventDelivery, WorkflowCall
from payloom.sandbox.scenario.faults import AtOnce, FaultPlan, KillAt
from payloom.sandbox.scenario.outcome import Outcome, read_outcome
from payloom.sandbox.scenario.replays import replay_problems
from payloom.sandbox.scenario.scenario import Scenario
from payloom.testing.casefile import Case
from payloom.testing.expect import Difference, Expectation, compare
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.program.program import ApiTrigger

MOST_ORDERS = 12
TWO_CALLERS = "by two callers at once, unlike one after the other"
MOST_KILLS = 80
"""Deaths per case; a case with more boundaries has every n-th of them tried."""


@dataclasses.dataclass(slots=True)
class VariantResult:
    """One way a case was played."""

    variant: str
    differences: list[Difference]

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return not self.differences


@dataclasses.dataclass(slots=True)
class CaseResult:
    """The result of a case. base: the outcome as the case stands, None when it could not be played."""

    case: Case
    base: Outcome | None
    variants: list[VariantResult]
    scenarios: int = 0

    @property
    def ok(self) -> bool:
        """Whether every variant held."""
        return all(variant.ok for variant in self.variants)


class VariantRunner:
    """Plays cases in a sandbox."""

    def __init__(
        self,
        sandbox: SandboxProject,
        *,
        variants: bool = True,
        seen: Callable[[Sequence[Execution]], None] = lambda _: None,
        wrap: Callable[[OutsideHost], OutsideHost] = lambda host: host,
    ) -> None:
        """variants: otherwise each case is played once. seen: called with the executions of a case as it stands."""
        self.sandbox = sandbox
        self.variants = variants
        self._seen = seen
        self._wrap = wrap

    async def run_case(self, case: Case) -> CaseResult:
        """Play a case in every way."""
        workflow_set = await self.sandbox.workflow_set(case.file.workflows)
        base, points, problems = await self.run_scenario(case, workflow_set, case.deliveries)
        self._seen(self.sandbox.library(workflow_set, case.given.env).built)
        result = CaseResult(
            case, base, [VariantResult("as it stands", [*Expectation(case).differences(base), *problems])], 1
        )
        if not self.variants or not result.ok:
            return result
        for variant, deliveries, faults, loose in self._others(case, workflow_set, points):
            outcome, _, problems = await self.run_scenario(case, workflow_set, deliveries, faults)
            result.scenarios += 1
            differences = [*compare(base, outcome, loose=loose), *problems]
            if differences:
                result.variants.append(VariantResult(variant, differences))
        await self._play_two_callers(case, workflow_set, result)
        return result

    async def _play_two_callers(self, case: Case, workflow_set: WorkflowSet, result: CaseResult) -> None:
        """Play each endpoint by two callers, one after the other and at once: what lasts must be the same."""
        if not any(_is_repeatable_endpoint(delivery, workflow_set) for delivery in case.deliveries):
            return
        one_by_one, _, _ = await self.run_scenario(case, workflow_set, case.deliveries, callers=2)
        at_once, _, problems = await self.run_scenario(case, workflow_set, case.deliveries, AtOnce(), callers=2)
        result.scenarios += 2
        differences = [*compare(one_by_one, at_once, loose=True, same_answers=False), *problems]
        if differences:
            result.variants.append(VariantResult(TWO_CALLERS, differences))

    async def run_scenario(
        self,
        case: Case,
        workflow_set: WorkflowSet,
        deliveries: Sequence[Delivery],
        faults: FaultPlan | None = None,
        *,
        callers: int = 1,
    ) -> tuple[Outcome, list[str], list[Difference]]:
        """Play one scenario of a case; return its outcome, its boundaries, and the differences of its journal.

        callers: how many make each call of which each is a run of its own.
        """
        scenario = Scenario(
            self.sandbox, workflow_set, case.given, faults=faults, strict=not case.any_order, wrap=self._wrap
        )
        async with scenario.running():
            for delivery in deliveries:
                if callers == 1 or not _is_repeatable_endpoint(delivery, workflow_set):
                    await scenario.deliver(delivery)
                elif isinstance(faults, AtOnce):
                    await scenario.deliver_together([delivery] * callers)
                else:
                    for _ in range(callers):
                        await scenario.deliver(delivery)
            await scenario.finish()
            outcome = read_outcome(scenario, case.file.ids())
            problems = [Difference(problem) for problem in replay_problems(scenario)]
        return outcome, list(scenario.trace), problems

    def _others(
        self, case: Case, workflow_set: WorkflowSet, points: Sequence[str]
    ) -> Iterator[tuple[str, Sequence[Delivery], FaultPlan | None, bool]]:
        twice = list(_twice(case.deliveries, workflow_set))
        if len(twice) > len(case.deliveries):
            yield "delivered twice", twice, None, False
        for order in orders(case):
            names = ", ".join(delivery.id for delivery in order if isinstance(delivery, EventDelivery))
            yield f"delivered in the order {names}", order, None, True
        step = -(-len(points) // MOST_KILLS)
        for point in range(1, len(points) + 1, max(step, 1)):
            yield f"killed at boundary {point} ({points[point - 1]})", case.deliveries, KillAt(point), False


def _twice(deliveries: Sequence[Delivery], workflow_set: WorkflowSet) -> Iterator[Delivery]:
    """Yield every delivery, again at once where that must change nothing, and all events once more at the end."""
    for delivery in deliveries:
        yield delivery
        if isinstance(delivery, EventDelivery) or (
            isinstance(delivery, WorkflowCall) and deduped(delivery, workflow_set)
        ):
            yield delivery
    yield from (delivery for delivery in deliveries if isinstance(delivery, EventDelivery))


def deduped(call: WorkflowCall, workflow_set: WorkflowSet) -> bool:
    """Whether the same call again is the same run."""
    workflow = workflow_set.workflows[call.workflow]
    return workflow.once is not None or any(
        isinstance(trigger, ApiTrigger) and trigger.dedupe is not None for trigger in workflow.triggers
    )


def _is_repeatable_endpoint(delivery: Delivery, workflow_set: WorkflowSet) -> TypeGuard[WorkflowCall]:
    """Whether a delivery is a request to an endpoint of which each is a run of its own."""
    if not isinstance(delivery, WorkflowCall) or deduped(delivery, workflow_set):
        return False
    return any(isinstance(trigger, ApiTrigger) for trigger in workflow_set.workflows[delivery.workflow].triggers)


def orders(case: Case) -> Iterator[list[Delivery]]:
    """Yield other orders of a case's events, if they may come in any; what is not an event keeps its place."""
    events = list(dict.fromkeys(delivery for delivery in case.deliveries if isinstance(delivery, EventDelivery)))
    if not case.any_order or len(events) < 2 or any(isinstance(delivery, AdvanceTime) for delivery in case.deliveries):
        return
    slots = [at for at, delivery in enumerate(case.deliveries) if isinstance(delivery, EventDelivery)]
    if len(events) <= 3:
        others = [list(permutation) for permutation in itertools.permutations(events)][1:]
    else:
        others = [_swapped(events, at) for at in range(len(events) - 1)] + [events[::-1]]
    for other in others[:MOST_ORDERS]:
        order = list(case.deliveries)
        place = dict(zip([event.id for event in events], other, strict=True))
        for slot in slots:
            delivery = case.deliveries[slot]
            assert isinstance(delivery, EventDelivery)
            order[slot] = place[delivery.id]
        yield order


def _swapped(events: Sequence[EventDelivery], at: int) -> list[EventDelivery]:
    out = list(events)
    out[at], out[at + 1] = out[at + 1], out[at]
    return out
