"""What a turn of a run has changed so far; written at its end, or thrown away with its transaction."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import Attempt
from payloom.db import compiled_statements
from payloom.db.deferred_writes import defer_insert
from payloom.kit.redaction import redact
from payloom.runs.coordination import lanes, shared_calls, waits
from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import logs, runs, steps
from payloom.runs.models import waits as waits_table
from payloom.runs.run_rows import Run, run_changes, run_values
from payloom.workflows.program.commands import Command, Do, Entry, StepFailure

UPDATE_STEP = sa.update(steps).where(steps.c.run_id == sa.bindparam("at_run"), steps.c.path == sa.bindparam("at_path"))


@functools.cache
def _update_step(columns: frozenset[str]) -> sa.Update:
    """Return the update that sets these columns; built once per set, as building costs more than running."""
    return UPDATE_STEP.values({name: sa.bindparam(f"new_{name}", type_=steps.c[name].type) for name in columns})


@functools.cache
def _update_run(columns: frozenset[str]) -> sa.Update:
    values = {name: sa.bindparam(f"new_{name}", type_=runs.c[name].type) for name in columns}
    return sa.update(runs).where(runs.c.id == sa.bindparam("at_run")).values(values)


@dataclasses.dataclass(frozen=True, slots=True)
class StepCall:
    """An outside step to do now."""

    do: Do
    attempt: Attempt


@dataclasses.dataclass(frozen=True, slots=True)
class StepResult:
    """What came of a call."""

    do: Do
    value: Any = None
    failure: StepFailure | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class TurnResult:
    """What the driver does next: these calls, or another turn at once, or at a time; or nothing (over, or asleep)."""

    calls: Sequence[StepCall] = ()
    again: bool = False
    again_at: dt.datetime | None = None
    done: bool = False


@dataclasses.dataclass(slots=True)
class OpenStep:
    """A step that has begun. until: when to try again, wake or give up; in_flight: a call of this process is out."""

    attempts: int = 1
    first_at: dt.datetime | None = None
    in_doubt: bool = False
    until: dt.datetime | None = None
    in_flight: bool = False
    waiting: bool = False


@dataclasses.dataclass(slots=True)
class TurnChanges:
    """What a turn has changed so far; thrown away if its transaction is."""

    run: Run
    open: dict[str, OpenStep]
    seq: int
    entries: list[Entry] = dataclasses.field(default_factory=list)
    calls: list[StepCall] = dataclasses.field(default_factory=list)
    step_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    step_updates: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    wait_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    log_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    canceled: bool = False
    ended: bool = False
    wrote: bool = False
    """The latest step wrote: here a long transaction may end. Never between a read and the write decided by it."""

    def insert(self, command: Command, values: dict[str, Any]) -> None:
        """Add a step's row."""
        row = {
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

    def update(self, path: str, values: dict[str, Any]) -> None:
        """Change a step's row."""
        self.step_updates.append((path, values))

    def flush(self, deps: RunDependencies, tx: sa.Connection, before: Run, *, new_run: bool) -> None:
        """Write everything. before: the run's row as it is in the database (not yet there with `new_run`)."""
        run = self.run
        if new_run:
            run.updated_at = deps.clock.now()
            defer_insert(tx, runs, [run_values(run)])
        elif changed := run_changes(before, run):
            changed["updated_at"] = run.updated_at = deps.clock.now()
            fresh = {f"new_{name}": value for name, value in changed.items()}
            compiled_statements.rows(tx, _update_run(frozenset(changed)), {"at_run": run.id, **fresh})
        for path, values in self.step_updates:
            fresh = {f"new_{name}": value for name, value in values.items()}
            compiled_statements.rows(tx, _update_step(frozenset(values)), {"at_run": run.id, "at_path": path, **fresh})
        if self.step_inserts:
            defer_insert(tx, steps, self.step_inserts)
        if self.wait_inserts:
            defer_insert(tx, waits_table, self.wait_inserts)
        if self.log_inserts:
            defer_insert(tx, logs, self.log_inserts)
        if self.ended:
            if any(found.waiting for found in self.open.values()):
                waits.delete_waits(tx, run.id)
            if run.dedupe_key is not None and not new_run:  # nobody has seen a new run yet
                shared_calls.answer_callers(deps, tx, run)
            if run.lane is not None and not new_run:  # a new run found its lane empty, and keeps it locked
                lanes.release(deps, tx, run.lane, run.id)


def open_step_from(row: dict[str, Any]) -> OpenStep:
    waiting = row["status"] == "waiting" and row["verb"] != "sleep"
    return OpenStep(row["attempts"], row["first_attempt_at"], row["in_doubt"], row["retry_at"], waiting=waiting)
