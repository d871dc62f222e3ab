"""What the runs room works with.

The database, the engine, the clock, the workflows and the connectors; and its limits.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Protocol

import sqlalchemy as sa

from payloom.connectors.port import OutsideHost, TableHost
from payloom.db.database import Database
from payloom.engine.port import Engine
from payloom.inbox.service import InboxEvent
from payloom.kit.clock import Clock
from payloom.runs.lost_time import LostTime
from payloom.runs.registry import WorkflowRegistry
from payloom.workflows.program.commands import Do


@dataclasses.dataclass(frozen=True, slots=True)
class RunLimits:
    """Times and sizes. Seconds unless said otherwise."""

    step_timeout: float = 60.0
    """An outside step that has not answered by then ended in doubt."""
    max_inline_wait: float = 2.0
    """Pauses up to this long are waited out in the process; longer ones end the segment."""
    park_for: float = 3600.0
    """How long a run started by an event waits for a row that does not exist yet."""
    park_first: float = 2.0
    park_max: float = 120.0
    """A parked run also looks by itself, after pauses that double between these two."""
    turn_steps: int = 200
    turn_seconds: float = 1.0
    """A transaction ends after the first write behind so many table steps, or behind so long; the rest of the run
    goes on in
    the next one."""
    local_slots: int = 112
    """Runs this process advances at once without going through the engine's queue. Most of them wait for an answer."""
    busy_slots: int = 16
    """Of these, how many may take turns. While there are more, a new event is stored with its run and answered; the
    run's first turn comes when there is room, in the order of arrival."""
    answer_within: float = 25.0
    """How long a caller waits for its answer before it is told the run's id instead."""
    dedupe_for: float = 24 * 3600.0


class RunObserver(Protocol):
    """Counts what ends. Called from any thread; must not block."""

    def run_ended(self, workflow: str, status: str, seconds: float) -> None:
        """A run ended as `succeeded`, `failed`, `refused` or `canceled`, so long after it was created."""
        ...

    def step_ended(self, verb: str, outcome: str, seconds: float) -> None:
        """An attempt of an outside step ended: `succeeded`, `refused`, `again` (nothing happened), `unknown`."""
        ...


def keyed_at_stripe(do: Do) -> bool:
    """Whether a step goes to Stripe, whose idempotency keys make a repeat harmless."""
    return do.verb == "stripe"


@dataclasses.dataclass(slots=True)
class Restoration:
    """lost: the lost time of a database that was restored not long ago, read when work begins."""

    lost: LostTime | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class RunDependencies:
    """The collaborators, wired once."""

    database: Database
    engine: Engine
    clock: Clock
    workflows: WorkflowRegistry
    tables: TableHost
    outside: OutsideHost
    limits: RunLimits = dataclasses.field(default_factory=RunLimits)
    notify: Callable[[str], None] = lambda _run_id: None
    """Called in a database thread after a run answered or ended."""
    on_event_stored: Callable[[sa.Connection, InboxEvent], None] | None = None
    """Told of every new event in the transaction that stores it."""
    observer: RunObserver | None = None
    """Told of what ended, once it is durable."""
    repeats_safely: Callable[[Do], bool] = keyed_at_stripe
    """Whether an outside step has its effect once, however often it goes out under its key."""
    offers: Callable[[str, str], bool] = lambda _verb, _name: True
    """Whether this process has a mail template (`email`) or a Python function (`python`) of this name."""
    restoration: Restoration = dataclasses.field(default_factory=Restoration)

    def later(self, seconds: float) -> dt.datetime:
        """Return the moment that many seconds from now."""
        return self.clock.now() + dt.timedelta(seconds=seconds)
