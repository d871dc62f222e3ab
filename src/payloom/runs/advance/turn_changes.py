"""The working copy of one turn: what it has changed so far. Dropped if the transaction is rolled back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa

from payloom.kit.secrets.redaction import redact
from payloom.runs.advance.replay import Replay
from payloom.runs.advance.run_state import OpenStep, RunState, StepCall, TurnResult
from payloom.runs.registry import WorkflowRegistry
from payloom.runs.run_rows import Run, copy_run, failure_to_json
from payloom.workflows.program.commands import Command, Do, Entry, StepFailure

StepRow = dict[str, Any]


@dataclasses.dataclass(slots=True)
class TurnChanges:
    """What a turn has changed so far.

    before: the run's row as it is in the database. run: as it will be. wrote: the latest step wrote rows; only then may
    a long transaction end, never between a read and the write decided by it.
    """

    tx: sa.Connection
    before: RunState
    run: Run
    replay: Replay
    open: dict[str, OpenStep]
    seq: int
    canceled: bool = False
    calls: list[StepCall] = dataclasses.field(default_factory=list[StepCall])
    step_inserts: list[StepRow] = dataclasses.field(default_factory=list[StepRow])
    step_updates: list[tuple[str, StepRow]] = dataclasses.field(default_factory=list[tuple[str, StepRow]])
    wait_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list[dict[str, Any]])
    log_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list[dict[str, Any]])
    ended: bool = False
    wrote: bool = False

    @classmethod
    def of(
        cls, tx: sa.Connection, workflows: WorkflowRegistry, state: RunState, *, canceled: bool = False
    ) -> TurnChanges:
        """Begin with a copy of `state`."""
        execution = state.replays.take(state.entries)
        replay = Replay(workflows, state.run, state.event, state.entries, execution)
        return cls(tx, state, copy_run(state.run), replay, dict(state.open), state.seq, canceled)

    def state(self) -> RunState:
        """Return the state after the turn, once everything is written."""
        history, replays = self.replay.history(), self.before.replays
        replays.keep(history, self.replay.execution)
        return RunState(self.run, self.before.event, history, self.open, self.seq, replays=replays)

    def result(
        self, *, again: bool = False, again_at: dt.datetime | None = None, done: bool = False, calls: bool = False
    ) -> TurnResult:
        """Return the turn's result. calls: with the calls that it has begun."""
        began = None if self.before.stored else self.run.started_at
        return TurnResult(self.calls if calls else (), again, again_at, done, self.ended, self.step_inserts, began)

    def finish(
        self,
        command: Command,
        at: dt.datetime,
        value: Any = None,
        failure: StepFailure | None = None,
        row: StepRow | None = None,
    ) -> None:
        """Record a step's result, in the execution and in its row. row: further columns."""
        known = command.path in self.open
        self.seq += 1
        self.open.pop(command.path, None)
        self.replay.record(Entry(command.path, value, failure, at))
        outcome: StepRow = {
            **(row or {}),
            "seq": self.seq,
            "status": "succeeded" if failure is None else "failed",
            "value": value,
            "failure": None if failure is None else failure_to_json(failure),
            "at": at,
            "retry_at": None,
        }
        if known:
            self.update(command.path, outcome)
        else:
            self.insert(command, outcome)

    def insert(self, command: Command, values: StepRow) -> None:
        """Add a step's row."""
        row: StepRow = {
            "run_id": self.run.id,
            "path": command.path,
            "seq": self.seq,
            "verb": type(command).__name__.lower(),
            "action": "",
            "step_id": getattr(command, "step_id", None),
            "line": command.line,
            "args": None,
            "key": None,
            "attempts": 1,
            "in_doubt": False,
            "first_attempt_at": None,
            "retry_at": None,
            "value": None,
            "failure": None,
            "at": None,
        }
        if isinstance(command, Do):
            row |= {"verb": command.verb, "action": command.action[:512], "args": redact(dict(command.args))}
            if not command.in_database:
                row["key"] = command.key
        self.step_inserts.append(row | values)

    def update(self, path: str, values: StepRow) -> None:
        """Change a step's row."""
        self.step_updates.append((path, values))
