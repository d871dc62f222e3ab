"""Plays storms: tells each seed's story, checks what must hold, and shrinks a story that fails."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from payloom.connectors.port import OutsideHost
from payloom.kit.clock import monotonic
from payloom.sandbox.project import Cast, Stage
from payloom.sandbox.scenario.outcome import Outcome, read_outcome
from payloom.sandbox.scenario.scenario import Story
from payloom.testing.casefile import Case
from payloom.testing.expect import compare
from payloom.testing.storm.faults import Incident, Kill, MailFails, Storm, StripeFails
from payloom.testing.storm.observe import broken, exhausted_steps
from payloom.testing.storm.plans import Plot, Scene, arranged, plot_of, schedule_of

KEPT = "tests/storm-seeds.txt"
_MOST_TRIES = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Told:
    """A story that was told. permanent: why its outcome was not compared."""

    outcome: Outcome
    wrong: list[str]
    points: int
    requests: int
    mails: int
    permanent: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Wreck:
    """A seed whose story fails. schedule: the smallest that still fails; before: how long it was."""

    seed: int
    plot: Plot
    schedule: list[Incident]
    before: int
    wrong: list[str]

    @property
    def replay(self) -> str:
        """The command that tells this story again."""
        return f'payloom storm --seed {self.seed} --case "{self.plot.id}"'


@dataclasses.dataclass(slots=True)
class Weather:
    """What came of a storm."""

    stories: int
    incidents: int
    compared: int
    wrecks: list[Wreck]
    seconds: float


class Storming:
    """Tells stories of one project."""

    def __init__(
        self, stage: Stage, cases: Sequence[Case], *, wrap: Callable[[OutsideHost], OutsideHost] = lambda host: host
    ) -> None:
        """wrap: see Story."""
        self.stage = stage
        self.cases = list(cases)
        self._wrap = wrap
        self._calm: dict[str, Told] = {}

    async def run(
        self,
        seeds: Iterable[tuple[int, str | None]],
        *,
        until: float | None = None,
        told: Callable[[int, Wreck | None], None] = lambda _seed, _wreck: None,
    ) -> Weather:
        """Tell a story per `(seed, case id or None)`. until: a monotonic moment to stop at. told: called after each."""
        weather = Weather(0, 0, 0, [], monotonic())
        for seed, name in seeds:
            if until is not None and monotonic() > until:
                break
            wreck = await self._seed(seed, name, weather)
            if wreck is not None:
                weather.wrecks.append(wreck)
            told(seed, wreck)
        weather.seconds = monotonic() - weather.seconds
        return weather

    async def _seed(self, seed: int, name: str | None, weather: Weather) -> Wreck | None:
        case = next((one for one in self.cases if one.id == name), None)
        if case is None:
            case = random.Random(seed).choice(self.cases)  # noqa: S311 - a story, not a secret
        rng = random.Random(f"{seed}/{case.id}")  # noqa: S311
        plot = plot_of(case, self.cases, rng)
        cast = await self.stage.cast(case.file.workflows)
        calm = await self._without_faults(plot, cast)
        schedule = schedule_of(Scene(plot, cast, calm.points, calm.requests, calm.mails), rng)
        weather.stories += 1
        weather.incidents += len(schedule)
        found = await self._judged(plot, cast, schedule, calm)
        weather.compared += not found.permanent
        if not found.wrong:
            return None
        smallest, wrong = await self._shrunk(plot, cast, schedule, calm, found.wrong)
        return Wreck(seed, plot, smallest, len(schedule), wrong)

    async def _without_faults(self, plot: Plot, cast: Cast) -> Told:
        if plot.deliveries is not plot.case.deliveries:
            return await self.tell(plot, cast, [])
        if plot.id not in self._calm:
            self._calm[plot.id] = await self.tell(plot, cast, [])
        return self._calm[plot.id]

    async def _judged(self, plot: Plot, cast: Cast, schedule: Sequence[Incident], calm: Told) -> Told:
        found = await self.tell(plot, cast, schedule)
        if found.permanent:
            return found
        differences = [str(one) for one in compare(calm.outcome, found.outcome, loose=True)]
        return dataclasses.replace(found, wrong=[*found.wrong, *differences])

    async def tell(self, plot: Plot, cast: Cast, schedule: Sequence[Incident]) -> Told:
        """Tell one story under a schedule and check what must hold."""
        storm = Storm(schedule)
        story = Story(self.stage, cast, plot.case.given, faults=storm, strict=plot.strict, wrap=self._wrap)
        async with story.playing():
            for number, one in enumerate(arranged(plot, schedule)):
                await story.deliver(one)
                if storm.interleaved:
                    await story.settle(until=self.stage.clock.now(), steps=number % 3)
            await story.finish()
            outcome = read_outcome(story, plot.case.file.ids())
            wrong = broken(story, outcome)
            exhausted = self.stage.scratch.look(exhausted_steps)
        doubts = storm.doubts + sum(label.endswith("mail") for label in story.deaths)
        permanent = [*storm.permanent, *exhausted]
        if doubts > 1 and any((run["error"] or {}).get("kind") == "mail_unknown" for run in outcome.runs):
            permanent.append("a mail was in doubt twice")
        if any((run["error"] or {}).get("kind") == "outcome_unknown" for run in outcome.runs):
            permanent.append("what happened could not be looked up any more")
        if plot.made and any(isinstance(one, StripeFails | MailFails) for one in schedule):
            permanent.append("a made-up sequence was delayed")
        return Told(outcome, wrong, len(story.trace), len(story.stripe.attempts), len(story.sent), permanent)

    async def _shrunk(
        self, plot: Plot, cast: Cast, schedule: list[Incident], calm: Told, wrong: list[str]
    ) -> tuple[list[Incident], list[str]]:
        """Take incidents away, and make numbers small, as long as the story still fails."""
        tries = 0
        best, said = list(schedule), wrong
        changed = True
        while changed and tries < _MOST_TRIES:
            changed = False
            for candidate in _smaller(best):
                tries += 1
                found = await self._judged(plot, cast, candidate, calm)
                if found.wrong:
                    best, said, changed = candidate, found.wrong, True
                    break
        return best, said


def _smaller(schedule: Sequence[Incident]) -> Iterator[list[Incident]]:
    for at in range(len(schedule)):
        yield [*schedule[:at], *schedule[at + 1 :]]
    for at, one in enumerate(schedule):
        if isinstance(one, Kill):
            for other in ({one.down, 0} - {one.down}, {one.point, one.point // 2, one.point - 1} - {one.point, 0}):
                for number in sorted(other):
                    less = Kill(one.point, number) if number == 0 else Kill(number, one.down)
                    yield [*schedule[:at], less, *schedule[at + 1 :]]


def kept_seeds(root: Path) -> list[tuple[int, str | None]]:
    """Return the seeds that failed once, from the project's file."""
    path = root / KEPT
    lines = path.read_text("utf-8").splitlines() if path.is_file() else []
    pairs = [line.split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
    return [(int(pair[0]), pair[1].strip()) for pair in pairs if len(pair) == 2 and pair[0].isdigit()]


def keep_seeds(root: Path, wrecks: Sequence[Wreck]) -> None:
    """Add failing seeds to the project's file, once each."""
    known = set(kept_seeds(root))
    new = [one for one in wrecks if (one.seed, one.plot.id) not in known]
    if not new:
        return
    path = root / KEPT
    head = "" if path.is_file() else "# Seeds whose stories failed once; `payloom storm` tells them first, for ever.\n"
    path.parent.mkdir(exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(head + "".join(f"{one.seed} {one.plot.id}\n" for one in new))
