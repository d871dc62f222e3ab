"""Which story a seed tells: a case (or a sequence made of several), and what goes wrong in it."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from payloom.sandbox.project import Cast
from payloom.sandbox.scenario.scenario import Call, Delivery, Event, Moment, Pass
from payloom.testing.casefile import Case
from payloom.testing.storm.faults import (
    MAIL_FAULTS,
    STRIPE_FAULTS,
    Again,
    Incident,
    Jump,
    Kill,
    Late,
    MailFails,
    SideBySide,
    StripeFails,
    Swap,
)
from payloom.testing.variants import deduped
from payloom.workflows.program.program import ApiTrigger, Workflow

_DAY = 25 * 3600
_WAITING = frozenset({"wait", "wait_for", "approve"})


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """What would happen without faults. free: its events may come in any order, and its runs at the same time.

    made: a sequence made of several cases. What delays a run may change what comes of it, as nobody promised otherwise.
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


def plot_of(case: Case, others: Sequence[Case], rng: random.Random) -> Plot:
    """Return the case itself, or now and then a sequence of events from cases of its file that begin alike."""
    alike = [one for one in others if one.file is case.file and one.given == case.given]
    events = [delivery for one in alike for delivery in one.deliveries if isinstance(delivery, Event)]
    if len(events) < 2 or rng.random() < 0.7:
        return Plot(case, case.deliveries, case.any_order)
    picked = [rng.choice(events) for _ in range(rng.randint(2, 5))]
    return Plot(case, tuple(_renamed(one, number) for number, one in enumerate(picked, 1)), free=False, made=True)


def _renamed(event: Event, number: int) -> Event:
    """Return the same event as another one, made a second later than the one before."""
    payload = {**event.payload, "id": f"evt_made_{number}", "created": int(event.payload["created"]) + 100 + number}
    return Event(payload)


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """What a schedule is made for. points, requests, mails: how many there are when nothing goes wrong."""

    plot: Plot
    cast: Cast
    points: int
    requests: int
    mails: int

    @property
    def quiet(self) -> bool:
        """Whether time may pass: a clock that jumps makes a case that waits another case."""
        return not any(isinstance(one, Moment | Pass) for one in self.plot.deliveries) and not _waits(self.cast)

    @property
    def long(self) -> bool:
        """Whether more than a day may pass: longer than keys and `dedupe` values live."""
        calls = sum(isinstance(one, Call) for one in self.plot.deliveries)
        return self.quiet and (calls == 0 or (calls == 1 and not any(map(_dedupes, self.cast.workflows.values()))))


def schedule_of(scene: Scene, rng: random.Random) -> list[Incident]:
    """Return what goes wrong."""
    makers = [_kill, _kill, _again]
    makers += [_stripe, _stripe] if scene.requests else []
    makers += [_mail] if scene.mails else []
    makers += [_jump] if scene.quiet else []
    if scene.plot.free and len(scene.plot.deliveries) > 1:
        makers += [_swap, _late]
    makers += [_sides] if scene.plot.free and scene.quiet else []
    found = [one for _ in range(rng.randint(1, 5)) if (one := rng.choice(makers)(scene, rng)) is not None]
    return list(dict.fromkeys(found))


def _kill(scene: Scene, rng: random.Random) -> Incident:
    down = rng.choice((0, 1, 40, 1000, _DAY) if scene.long else (0, 1, 40))
    return Kill(rng.randint(1, max(2, scene.points + scene.points // 3)), down)


def _again(scene: Scene, rng: random.Random) -> Incident | None:
    at = rng.randrange(len(scene.plot.deliveries))
    one = scene.plot.deliveries[at]
    if isinstance(one, Event) or (isinstance(one, Call) and deduped(one, scene.cast)):
        return Again(at, rng.randint(0, 3))
    return None


def _late(scene: Scene, rng: random.Random) -> Incident | None:
    at = rng.randrange(len(scene.plot.deliveries))
    return Late(at) if isinstance(scene.plot.deliveries[at], Event) else None


def _swap(scene: Scene, rng: random.Random) -> Incident | None:
    at = rng.randrange(len(scene.plot.deliveries) - 1)
    both = scene.plot.deliveries[at : at + 2]
    return Swap(at) if all(isinstance(one, Event) for one in both) else None


def _jump(scene: Scene, rng: random.Random) -> Incident:
    return Jump(rng.randrange(len(scene.plot.deliveries)), rng.choice((-600, -5, 7, 90, 1300)))


def _stripe(scene: Scene, rng: random.Random) -> Incident:
    return StripeFails(rng.randint(1, scene.requests + 2), rng.choice(STRIPE_FAULTS))


def _mail(scene: Scene, rng: random.Random) -> Incident:
    return MailFails(rng.randint(1, scene.mails + 1), rng.choice(MAIL_FAULTS))


def _sides(_scene: Scene, rng: random.Random) -> Incident:
    return SideBySide(rng.randrange(1000))


def _waits(cast: Cast) -> bool:
    return any(node.verb in _WAITING for workflow in cast.workflows.values() for node in workflow.nodes())


def _dedupes(workflow: Workflow) -> bool:
    return any(isinstance(one, ApiTrigger) and one.dedupe is not None for one in workflow.triggers)


def arranged(plot: Plot, schedule: Sequence[Incident]) -> list[Delivery]:
    """Return the deliveries in the order in which they come."""
    order = list(range(len(plot.deliveries)))
    for one in schedule:
        if isinstance(one, Swap) and one.delivery + 1 < len(order):
            first, second = order.index(one.delivery), order.index(one.delivery + 1)
            order[first], order[second] = order[second], order[first]
    late = [one.delivery for one in schedule if isinstance(one, Late)]
    order = [at for at in order if at not in late] + [at for at in order if at in late]
    for one in schedule:
        if isinstance(one, Again):
            order.insert(order.index(one.delivery) + 1 + one.after, one.delivery)
    out: list[Delivery] = []
    for at in order:
        moves = [one.seconds for one in schedule if isinstance(one, Jump) and one.delivery == at]
        out += [Pass(seconds) for seconds in moves if plot.deliveries[at] not in out]
        out.append(plot.deliveries[at])
    return out
