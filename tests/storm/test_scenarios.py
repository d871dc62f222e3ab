"""A1, A2, A13, A14, A16, A17 on the templates' workflows, as scenarios: every death, pair, fault, copy and order of a
case. A scenario runs the real code of runs in one process on an in-memory database, thousands an hour; see
`payloom storm`.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.storm.support.effect_ledger import STORM, Tally, some

from payloom.sandbox.scenario.deliveries import EventDelivery
from payloom.sandbox.stripe.sandbox_stripe import Fault
from payloom.testing.runner import chosen, load_case_files, open_project
from payloom.testing.storm.faults import STRIPE_FAULTS, DuplicateDelivery, Incident, ProcessKill, StripeFails
from payloom.testing.storm.plans import ScenarioPlan
from payloom.testing.storm.runner import ScenarioResult, StormRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from payloom.sandbox.project import SandboxProject
    from payloom.testing.casefile import Case

TEMPLATES = Path(__file__).parents[2] / "templates"
ROOTS = ["shop", "gallery", "saas"]
PAIRED = {
    "shop": ("checkout-completed", "refund"),
    "gallery": ("buy", "dunning"),
    "saas": ("subscribe", "keep-subscription"),
}
"""Flows of which every pair of deaths is tried."""

pytestmark = [pytest.mark.timeout(7200), pytest.mark.parametrize("root", ROOTS)]


class Theatre:
    """A template's cases and a stage for them."""

    def __init__(self, root: str, sandbox: SandboxProject, cases: Sequence[Case], tally: Tally) -> None:
        self.root, self.sandbox, self.tally = root, sandbox, tally
        self.runner = StormRunner(sandbox, cases)
        # The slice of a case is the same every time.
        self.cases = [case for case in cases if STORM or zlib.crc32(case.id.encode()) % 16 == 0]

    async def fault_free(self, case: Case) -> tuple[ScenarioPlan, Any, ScenarioResult]:
        """A case as it stands."""
        plan = ScenarioPlan(case, case.deliveries, case.any_order)
        workflow_set = await self.sandbox.workflow_set(case.file.workflows)
        return plan, workflow_set, await self.runner._run_without_faults(plan, workflow_set)

    async def judge(self, fault: str, case: Case, schedule: Sequence[Incident], deliveries: Any = None) -> None:
        """Tell the case under a schedule and compare it with a fault-free run."""
        plan, workflow_set, fault_free = await self.fault_free(case)
        if deliveries is not None:
            plan = ScenarioPlan(case, deliveries, case.any_order)
        result = await self.runner._run_and_compare(plan, workflow_set, schedule, fault_free)
        kills = sum(isinstance(incident, ProcessKill) for incident in schedule)
        order = [delivery.id for delivery in plan.deliveries if isinstance(delivery, EventDelivery)]
        detail = f"{case.id}: {', '.join(map(str, schedule)) or order}"
        self.tally.judge(fault, f"{self.root}, in memory", result.wrong, kills=kills, detail=detail)


def play(root: str, tally: Tally, work: Callable[[Theatre], Coroutine[Any, Any, None]]) -> None:
    """Open a template and let `work` play scenarios of it."""

    async def opened() -> None:
        project, sandbox = open_project(TEMPLATES / root)
        await sandbox.prepare()
        try:
            await work(Theatre(root, sandbox, list(chosen(load_case_files(project), None)), tally))
        finally:
            await sandbox.close()

    asyncio.run(opened())


def test_a1_a_death_at_every_boundary_of_every_flow(root: str, tally: Tally) -> None:
    """One death per scenario, at each boundary there is."""

    async def work(theatre: Theatre) -> None:
        for case in theatre.cases:
            _, _, fault_free = await theatre.fault_free(case)
            for point in range(1, fault_free.points + 1, 1 if STORM else 4):
                await theatre.judge("A1", case, [ProcessKill(point, 0)])

    play(root, tally, work)


def test_a2_two_deaths_at_every_pair_of_boundaries(root: str, tally: Tally) -> None:
    """All pairs for two flows of each template, 500 random ones for the rest."""

    async def work(theatre: Theatre) -> None:
        rng = random.Random(2)
        pairs: list[tuple[Case, int, int]] = []
        for case in theatre.cases:
            _, _, fault_free = await theatre.fault_free(case)
            all_pairs = list(itertools.combinations(range(1, fault_free.points + fault_free.points // 3 + 1), 2))
            whole = STORM and case.file.path.name.split(".")[0] in PAIRED[theatre.root]
            pairs += [
                (case, *pair) for pair in (all_pairs if whole else rng.sample(all_pairs, min(len(all_pairs), 40)))
            ]
        for case, first, second in pairs if STORM else rng.sample(pairs, min(len(pairs), 12)):
            await theatre.judge("A2", case, [ProcessKill(first, 0), ProcessKill(second, 0)])

    play(root, tally, work)


@pytest.mark.parametrize("fault", ["A13", "A14"])
def test_a13_a14_every_request_to_stripe_fails_in_every_way(root: str, tally: Tally, fault: str) -> None:
    """Each request of each case: not sent, not answered, answer lost; 429, 500 before and after the effect."""
    answers: set[Fault] = {"fault", "fault_after", "busy"}
    faults: list[Fault] = [kind for kind in STRIPE_FAULTS if (kind in answers) == (fault == "A14")]

    async def work(theatre: Theatre) -> None:
        for case in theatre.cases:
            _, _, fault_free = await theatre.fault_free(case)
            for request, kind in itertools.product(range(1, fault_free.requests + 1), faults):
                await theatre.judge(fault, case, [StripeFails(request, kind)])

    play(root, tally, work)


def test_a16_every_event_many_times(root: str, tally: Tally) -> None:
    """Each delivery of each case 2, 10 and 100 times, and again after all others."""

    async def work(theatre: Theatre) -> None:
        for case in theatre.cases:
            for at, delivery in enumerate(case.deliveries):
                if isinstance(delivery, EventDelivery):
                    for times in (2, 10, 100) if STORM else (2, 10):
                        again = [DuplicateDelivery(at, later % 4) for later in range(times - 1)]
                        await theatre.judge("A16", case, again)

    play(root, tally, work)


def test_a17_every_order_of_events(root: str, tally: Tally) -> None:
    """All permutations of up to six events that may come in any order, with each of them once more."""

    async def work(theatre: Theatre) -> None:
        for case in theatre.runner.cases:
            if (
                case.any_order
                and len({delivery.id for delivery in case.deliveries if isinstance(delivery, EventDelivery)}) > 1
            ):
                for deliveries in itertools.islice(_orders(case), some(100_000, 8)):
                    await theatre.judge("A17", case, [], deliveries)

    play(root, tally, work)


def _orders(case: Case) -> Iterator[tuple[Any, ...]]:
    slots = [at for at, delivery in enumerate(case.deliveries) if isinstance(delivery, EventDelivery)]
    for order in itertools.permutations([case.deliveries[at] for at in slots]):
        placed: list[Any] = list(case.deliveries)
        for slot, delivery in zip(slots, order, strict=True):
            placed[slot] = delivery
        yield tuple(placed)
        for again in order:
            yield (*placed, again)
