"""Plays a case as it stands, and then in every way the world could have: twice, in another order, with deaths."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence

from payloom.connectors.port import OutsideHost
from payloom.sandbox.project import Cast, Stage
from payloom.sandbox.scenario.faults import KillAt, NoFaults
from payloom.sandbox.scenario.outcome import Outcome, read_outcome
from payloom.sandbox.scenario.replays import replay_problems
from payloom.sandbox.scenario.scenario import Call, Delivery, Event, Pass, Story
from payloom.testing.casefile import Case
from payloom.testing.expect import Difference, Expectation, compare
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.program.program import ApiTrigger

MOST_ORDERS = 12
MOST_KILLS = 80
"""Deaths per case; a case with more boundaries has every n-th of them tried."""


@dataclasses.dataclass(slots=True)
class Played:
    """One way a case was played."""

    variant: str
    differences: list[Difference]

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        return not self.differences


@dataclasses.dataclass(slots=True)
class CaseResult:
    """What came of a case. base: the outcome as the case stands, None when it could not be played."""

    case: Case
    base: Outcome | None
    played: list[Played]
    stories: int = 0

    @property
    def ok(self) -> bool:
        """Whether every variant held."""
        return all(one.ok for one in self.played)


class Playing:
    """Plays cases on a stage."""

    def __init__(
        self,
        stage: Stage,
        *,
        variants: bool = True,
        seen: Callable[[Sequence[Execution]], None] = lambda _: None,
        wrap: Callable[[OutsideHost], OutsideHost] = lambda host: host,
    ) -> None:
        """variants: otherwise each case is played once. seen: told which executions a case as it stands had."""
        self.stage = stage
        self.variants = variants
        self._seen = seen
        self._wrap = wrap

    async def play(self, case: Case) -> CaseResult:
        """Play a case in every way."""
        cast = await self.stage.cast(case.file.workflows)
        base, points, problems = await self.tell(case, cast, case.deliveries)
        self._seen(self.stage.library(cast, case.given.env).built)
        result = CaseResult(case, base, [Played("as it stands", [*Expectation(case).differences(base), *problems])], 1)
        if not self.variants or not result.ok:
            return result
        for variant, deliveries, faults, loose in self._others(case, cast, points):
            found, _, problems = await self.tell(case, cast, deliveries, faults)
            result.stories += 1
            differences = [*compare(base, found, loose=loose), *problems]
            if differences:
                result.played.append(Played(variant, differences))
        return result

    async def tell(
        self, case: Case, cast: Cast, deliveries: Sequence[Delivery], faults: NoFaults | None = None
    ) -> tuple[Outcome, list[str], list[Difference]]:
        """Play one story of a case; return its outcome, its boundaries, and what its journal says otherwise."""
        story = Story(self.stage, cast, case.given, faults=faults, strict=not case.any_order, wrap=self._wrap)
        async with story.playing():
            for one in deliveries:
                await story.deliver(one)
            await story.finish()
            outcome = read_outcome(story, case.file.ids())
            problems = [Difference(one) for one in replay_problems(story)]
        return outcome, list(story.trace), problems

    def _others(
        self, case: Case, cast: Cast, points: Sequence[str]
    ) -> Iterator[tuple[str, Sequence[Delivery], NoFaults | None, bool]]:
        twice = list(_twice(case.deliveries, cast))
        if len(twice) > len(case.deliveries):
            yield "delivered twice", twice, None, False
        for order in orders(case):
            names = ", ".join(one.id for one in order if isinstance(one, Event))
            yield f"delivered in the order {names}", order, None, True
        step = -(-len(points) // MOST_KILLS)
        for point in range(1, len(points) + 1, max(step, 1)):
            yield f"killed at boundary {point} ({points[point - 1]})", case.deliveries, KillAt(point), False


def _twice(deliveries: Sequence[Delivery], cast: Cast) -> Iterator[Delivery]:
    """Yield every delivery, again at once where that must change nothing, and all events once more at the end."""
    for one in deliveries:
        yield one
        if isinstance(one, Event) or (isinstance(one, Call) and deduped(one, cast)):
            yield one
    yield from (one for one in deliveries if isinstance(one, Event))


def deduped(call: Call, cast: Cast) -> bool:
    """Whether the same call again is the same run."""
    workflow = cast.workflows[call.workflow]
    return workflow.once is not None or any(
        isinstance(trigger, ApiTrigger) and trigger.dedupe is not None for trigger in workflow.triggers
    )


def orders(case: Case) -> Iterator[list[Delivery]]:
    """Yield other orders of a case's events, if they may come in any; what is not an event keeps its place."""
    events = list(dict.fromkeys(one for one in case.deliveries if isinstance(one, Event)))
    if not case.any_order or len(events) < 2 or any(isinstance(one, Pass) for one in case.deliveries):
        return
    slots = [at for at, one in enumerate(case.deliveries) if isinstance(one, Event)]
    if len(events) <= 3:
        others = [list(one) for one in itertools.permutations(events)][1:]
    else:
        others = [_swapped(events, at) for at in range(len(events) - 1)] + [events[::-1]]
    for other in others[:MOST_ORDERS]:
        order = list(case.deliveries)
        place = dict(zip([one.id for one in events], other, strict=True))
        for slot in slots:
            found = case.deliveries[slot]
            assert isinstance(found, Event)
            order[slot] = place[found.id]
        yield order


def _swapped(events: Sequence[Event], at: int) -> list[Event]:
    out = list(events)
    out[at], out[at + 1] = out[at + 1], out[at]
    return out
