"""A run between two turns, as immutable values: what a turn takes, and what it returns."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import Attempt, Recording
from payloom.inbox.service import InboxEvent
from payloom.runs.advance.replay import ReplayCache
from payloom.runs.run_rows import Journal, OpenStepRow, Run
from payloom.workflows.program.commands import Do, Entry, StepFailure


@dataclasses.dataclass(frozen=True, slots=True)
class StepCall:
    """An outside step to call now."""

    do: Do
    attempt: Attempt


@dataclasses.dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a call: a value, what records it and gives the value, or a failure."""

    do: Do
    value: Any = None
    failure: StepFailure | None = None
    recording: Recording | None = None

    def recorded(self, tx: sa.Connection) -> Any:
        """Write within `tx` what belongs to the result, and return the step's value."""
        return self.value if self.recording is None else self.recording.record(tx)


@dataclasses.dataclass(frozen=True, slots=True)
class OpenStep:
    """A step that has started and has no result yet.

    until: when to retry, wake or time out. in_flight: a call of this process is out. waiting: for an event, a decision
    or another run.
    """

    attempts: int = 1
    first_at: dt.datetime | None = None
    in_doubt: bool = False
    until: dt.datetime | None = None
    in_flight: bool = False
    waiting: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class RunState:
    """A run as it is in the database after a turn.

    run: its row; a turn works on a copy. stored: False until the transaction that inserts the row commits.
    replays: keeps the execution from turn to turn; a cache only, so it is no part of the value.
    """

    run: Run
    event: InboxEvent | None
    entries: tuple[Entry, ...] = ()
    open: Mapping[str, OpenStep] = dataclasses.field(default_factory=dict[str, OpenStep])
    seq: int = 0
    stored: bool = True
    replays: ReplayCache = dataclasses.field(default_factory=ReplayCache, compare=False, repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class TurnResult:
    """What a turn did, and what the worker does next.

    Next: these calls, or another turn at once (`again`), or a turn at a time (`again_at`), or nothing (`done`: the run
    has ended, or waits). ended: the run has ended. journaled: the rows that the turn added to the journal.
    began: when the turn began, if it was the run's first.
    """

    calls: Sequence[StepCall] = ()
    again: bool = False
    again_at: dt.datetime | None = None
    done: bool = False
    ended: bool = False
    journaled: Sequence[Mapping[str, Any]] = ()
    began: dt.datetime | None = None


START = TurnResult(again=True)
"""What the worker does with a run that it has just claimed: a turn at once."""


def loaded_state(run: Run, event: InboxEvent | None, journal: Journal) -> RunState:
    """Return the state of a run whose row and journal were read from the database."""
    return RunState(run, event, tuple(journal.entries), open_steps(journal), journal.seq)


def open_steps(journal: Journal) -> dict[str, OpenStep]:
    """Return the steps of a journal that have no result yet, by path."""
    return {path: _open_step(row) for path, row in journal.open.items()}


def _open_step(row: OpenStepRow) -> OpenStep:
    waiting = row["status"] == "waiting" and row["verb"] != "sleep"
    return OpenStep(row["attempts"], row["first_attempt_at"], row["in_doubt"], row["retry_at"], waiting=waiting)
