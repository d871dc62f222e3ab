"""Runs storms: plays each seed's scenario, checks what must hold, and shrinks a scenario that fails."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from payloom.connectors.port import OutsideHost
from payloom.kit.clock import monotonic
from payloom.kit.validation.text_files import read_text
from payloom.sandbox.project import SandboxProject, WorkflowSet
from payloom.sandbox.scenario.outcome import Outcome, read_outcome
from payloom.sandbox.scenario.scenario import Scenario
from payloom.testing.casefile import Case
from payloom.testing.expect import Expectation, compare
from payloom.testing.storm.faults import Incident, MailFails, ProcessKill, StormFaults, StripeFails
from payloom.testing.storm.observe import broken_invariants, exhausted_steps
from payloom.testing.storm.plans import ScenarioPlan, ScheduleContext, apply_schedule, make_plan, make_schedule

KEPT = "tests/storm-seeds.txt"
_MOST_TRIES = 200


@dataclasses.dataclass(frozen=True, slots=True)
class ScenarioResult:
    """The result of a scenario. permanent: why its outcome was not compared."""

    outcome: Outcome
    wrong: list[str]
    points: int
    requests: int
    mails: int
    permanent: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class FailingSchedule:
    """A seed whose scenario fails. schedule: the smallest that still fails; before: how long it was."""

    seed: int
    plan: ScenarioPlan
    schedule: list[Incident]
    before: int
    wrong: list[str]

    @property
    def replay(self) -> str:
        """The command that plays this scenario again."""
        return f'payloom storm --seed {self.seed} --case "{self.plan.id}"'


@dataclasses.dataclass(slots=True)
class StormReport:
    """The result of a storm."""

    scenarios: int
    incidents: int
    compared: int
    failures: list[FailingSchedule]
    seconds: float
    broken_cases: dict[str, list[str]] = dataclasses.field(default_factory=dict[str, list[str]])
    """The cases that fail as they stand, with what differs: no storm says anything about them."""

    @property
    def ok(self) -> bool:
        """Whether every scenario held, and every case holds as it stands."""
        return not self.failures and not self.broken_cases


class StormRunner:
    """Plays the scenarios of one project."""

    def __init__(
        self,
        sandbox: SandboxProject,
        cases: Sequence[Case],
        *,
        wrap: Callable[[OutsideHost], OutsideHost] = lambda host: host,
    ) -> None:
        """wrap: see Scenario."""
        self.sandbox = sandbox
        self.cases = list(cases)
        self._wrap = wrap
        self._fault_free: dict[str, ScenarioResult] = {}

    async def run(
        self,
        seeds: Iterable[tuple[int, str | None]],
        *,
        until: float | None = None,
        on_scenario: Callable[[int, FailingSchedule | None], None] = lambda _seed, _wreck: None,
    ) -> StormReport:
        """Play a scenario per `(seed, case id or None)`.

        until: a monotonic time to stop at, in seconds. on_scenario: called after each.
        """
        report = StormReport(0, 0, 0, [], monotonic())
        for seed, name in seeds:
            if until is not None and monotonic() > until:
                break
            failing = await self._seed(seed, name, report)
            if failing is not None:
                report.failures.append(failing)
            on_scenario(seed, failing)
        report.seconds = monotonic() - report.seconds
        return report

    async def _seed(self, seed: int, name: str | None, report: StormReport) -> FailingSchedule | None:
        case = next((case for case in self.cases if case.id == name), None)
        if case is None:
            case = random.Random(seed).choice(self.cases)  # noqa: S311 - a scenario, not a secret
        rng = random.Random(f"{seed}/{case.id}")  # noqa: S311 - no secret: a seed replays the storm
        plan = make_plan(case, self.cases, rng)
        workflow_set = await self.sandbox.workflow_set(case.file.workflows)
        if case.id in report.broken_cases or await self._is_broken(case, workflow_set, report):
            return None
        fault_free = await self._run_without_faults(plan, workflow_set)
        schedule = make_schedule(
            ScheduleContext(plan, workflow_set, fault_free.points, fault_free.requests, fault_free.mails), rng
        )
        report.scenarios += 1
        report.incidents += len(schedule)
        result = await self._run_and_compare(plan, workflow_set, schedule, fault_free)
        report.compared += not result.permanent
        if not result.wrong:
            return None
        smallest, wrong = await self._shrink(plan, workflow_set, schedule, fault_free, result.wrong)
        return FailingSchedule(seed, plan, smallest, len(schedule), wrong)

    async def _is_broken(self, case: Case, workflow_set: WorkflowSet, report: StormReport) -> bool:
        """Return whether a case fails as it stands, and note why."""
        as_it_stands = ScenarioPlan(case, case.deliveries, case.any_order)
        result = await self._run_without_faults(as_it_stands, workflow_set)
        differences = [str(difference) for difference in Expectation(case).differences(result.outcome)]
        if differences:
            report.broken_cases[case.id] = differences
        return bool(differences)

    async def _run_without_faults(self, plan: ScenarioPlan, workflow_set: WorkflowSet) -> ScenarioResult:
        if plan.deliveries is not plan.case.deliveries:
            return await self.run_scenario(plan, workflow_set, [])
        if plan.id not in self._fault_free:
            self._fault_free[plan.id] = await self.run_scenario(plan, workflow_set, [])
        return self._fault_free[plan.id]

    async def _run_and_compare(
        self, plan: ScenarioPlan, workflow_set: WorkflowSet, schedule: Sequence[Incident], fault_free: ScenarioResult
    ) -> ScenarioResult:
        result = await self.run_scenario(plan, workflow_set, schedule)
        if result.permanent:
            return result
        differences = [str(difference) for difference in compare(fault_free.outcome, result.outcome, loose=True)]
        return dataclasses.replace(result, wrong=[*result.wrong, *differences])

    async def run_scenario(
        self, plan: ScenarioPlan, workflow_set: WorkflowSet, schedule: Sequence[Incident]
    ) -> ScenarioResult:
        """Play one scenario under a schedule and check what must hold."""
        storm = StormFaults(schedule)
        scenario = Scenario(
            self.sandbox, workflow_set, plan.case.given, faults=storm, strict=plan.strict, wrap=self._wrap
        )
        async with scenario.running():
            for number, delivery in enumerate(apply_schedule(plan, schedule, workflow_set)):
                await scenario.deliver(delivery)
                if storm.interleaved:
                    await scenario.settle(until=self.sandbox.clock.now(), steps=number % 3)
            await scenario.finish()
            outcome = read_outcome(scenario, plan.case.file.ids())
            wrong = broken_invariants(scenario, outcome)
            exhausted = self.sandbox.database.inspect(exhausted_steps)
        doubts = storm.doubts + sum(label.endswith("mail") for label in scenario.kill_points)
        permanent = [*storm.permanent, *exhausted]
        kinds = {run["error"].get("kind") for run in outcome.runs if run["error"]}
        if doubts > 1 and "mail_unknown" in kinds:
            permanent.append("a mail was in doubt twice")
        if "outcome_unknown" in kinds:
            permanent.append("what happened could not be looked up any more")
        if plan.made and any(isinstance(incident, StripeFails | MailFails) for incident in schedule):
            permanent.append("a made-up sequence was delayed")
        return ScenarioResult(
            outcome, wrong, len(scenario.trace), len(scenario.stripe.attempts), len(scenario.sent), permanent
        )

    async def _shrink(
        self,
        plan: ScenarioPlan,
        workflow_set: WorkflowSet,
        schedule: list[Incident],
        fault_free: ScenarioResult,
        wrong: list[str],
    ) -> tuple[list[Incident], list[str]]:
        """Take incidents away, and make numbers small, as long as the scenario still fails."""
        tries = 0
        best, reasons = list(schedule), wrong
        changed = True
        while changed and tries < _MOST_TRIES:
            changed = False
            for candidate in _smaller(best):
                tries += 1
                result = await self._run_and_compare(plan, workflow_set, candidate, fault_free)
                if result.wrong:
                    best, reasons, changed = candidate, result.wrong, True
                    break
        return best, reasons


def _smaller(schedule: Sequence[Incident]) -> Iterator[list[Incident]]:
    for at in range(len(schedule)):
        yield [*schedule[:at], *schedule[at + 1 :]]
    for at, incident in enumerate(schedule):
        if isinstance(incident, ProcessKill):
            for other in (
                {incident.down, 0} - {incident.down},
                {incident.point, incident.point // 2, incident.point - 1} - {incident.point, 0},
            ):
                for number in sorted(other):
                    less = ProcessKill(incident.point, number) if number == 0 else ProcessKill(number, incident.down)
                    yield [*schedule[:at], less, *schedule[at + 1 :]]


def kept_seeds(root: Path) -> list[tuple[int, str | None]]:
    """Return the seeds that failed once, from the project's file."""
    path = root / KEPT
    lines = read_text(path).splitlines() if path.is_file() else []
    pairs = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return [(int(pair[0]), pair[1].strip()) for pair in pairs if len(pair) == 2 and pair[0].isdigit()]


def keep_seeds(root: Path, failures: Sequence[FailingSchedule]) -> None:
    """Add failing seeds to the project's file, once each."""
    known = set(kept_seeds(root))
    new = [failure for failure in failures if (failure.seed, failure.plan.id) not in known]
    if not new:
        return
    path = root / KEPT
    head = "" if path.is_file() else "# Seeds whose scenarios failed once; `payloom storm` plays them first.\n"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(head + "".join(f"{failure.seed} {failure.plan.id}\n" for failure in new))
