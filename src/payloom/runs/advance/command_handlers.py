"""What a turn does for each command of the interpreter: one handler per kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import StepFailed
from payloom.db.transactions import after_commit
from payloom.kit.secrets.redaction import redact_text
from payloom.runs.advance.run_state import OpenStep
from payloom.runs.advance.steps.outside_steps import OutsideSteps
from payloom.runs.advance.steps.table_step import TableSteps
from payloom.runs.advance.turn_changes import StepRow, TurnChanges
from payloom.runs.coordination import shared_calls
from payloom.runs.coordination.parking import Parking
from payloom.runs.coordination.shared_calls import SharedCalls
from payloom.runs.coordination.waits import Waits
from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import waits as waits_table
from payloom.workflows.program.commands import (
    Approve,
    CallOnce,
    Command,
    Do,
    Entry,
    Log,
    Respond,
    Sleep,
    StepFailure,
    Wait,
)

_Handler = Callable[[TurnChanges, Any], dt.datetime | None]


class CommandHandlers:
    """Does or begins commands within a turn."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the services."""
        self._deps = deps
        self._tables = TableSteps(deps)
        self._parking = Parking(deps)
        self._waits = Waits(deps)
        self._shared_calls = SharedCalls(deps)
        self.outside = OutsideSteps(deps)
        self._handlers: Mapping[type[Command], _Handler] = {
            Do: self._do,
            Sleep: self._sleep,
            Log: self._log,
            Respond: self._respond,
            CallOnce: self._call,
            Wait: self._wait,
            Approve: self._wait,
        }

    def begin(self, changes: TurnChanges, command: Command) -> dt.datetime | None:
        """Do or begin a command. Returns a time if the run must be parked until then."""
        return self._handlers[type(command)](changes, command)

    def notify(self, changes: TurnChanges) -> None:
        """Tell the callers that wait for the run, once the transaction is durable, that it has responded or ended."""
        run_id, notify = changes.run.id, self._deps.notify
        after_commit(changes.tx, lambda: notify(run_id))

    def _do(self, changes: TurnChanges, do: Do) -> dt.datetime | None:
        if do.in_database:
            return self._table(changes, do)
        self.outside.start(changes, do)
        return None

    def _table(self, changes: TurnChanges, do: Do) -> dt.datetime | None:
        now = self._deps.clock.now()
        step = changes.open.get(do.path)
        if step is not None and step.until is not None and step.until > now:
            return None
        value: Any = None
        failure: StepFailure | None = None
        try:
            value = self._tables.perform(changes.tx, changes.run, do)
        except StepFailed as failed:
            failure = failed.failure
        if failure is not None:
            if self._parking.may_park(changes.run, do, failure) and changes.replay.would_fail(
                Entry(do.path, None, failure, self._deps.clock.now())
            ):
                return self._parking.park(changes.tx, changes.run, self._tables.table_of(changes.tx, changes.run, do))
            attempts = step.attempts if step is not None else 1
            if failure.retryable and do.retry is not None and attempts < do.retry.attempts:
                first = step or OpenStep(first_at=now)
                self.outside.retry_later(changes, do, failure, first, do.retry, new=step is None)
                return None
        changes.wrote = do.verb != "select"
        changes.finish(do, self._deps.clock.now(), value, failure)
        return None

    def _sleep(self, changes: TurnChanges, command: Sleep) -> None:
        now = self._deps.clock.now()
        if command.until <= now:
            changes.finish(command, now)
        elif command.path not in changes.open:
            changes.open[command.path] = OpenStep(until=command.until)
            changes.insert(command, {"status": "waiting", "retry_at": command.until})

    def _wait(self, changes: TurnChanges, command: Wait | Approve) -> None:
        tx, run, now = changes.tx, changes.run, self._deps.clock.now()
        step = changes.open.get(command.path)
        if step is None:
            event = self._waits.find_existing_event(tx, run, command) if isinstance(command, Wait) else None
            if event is not None:
                changes.finish(command, self._deps.clock.now(), self._deps.workflows.awaited_value(event))
                return
            changes.open[command.path] = OpenStep(until=command.until, waiting=True)
            changes.insert(command, {"status": "waiting", "retry_at": command.until})
            changes.wait_inserts.append(self._waits.wait_values(run, command, now))
            run.waiting_for = _awaited(command)
        elif command.until is None or command.until > now:
            run.waiting_for = _awaited(command)
        else:
            tx.execute(sa.delete(waits_table).where(waits_table.c.run_id == run.id, waits_table.c.path == command.path))
            changes.finish(command, self._deps.clock.now())

    def _call(self, changes: TurnChanges, command: CallOnce) -> None:
        tx, run = changes.tx, changes.run
        if command.path in changes.open:
            run.waiting_for = _awaited_run(command, shared_calls.awaited(tx, run.id, command.path))
            return
        call = self._shared_calls.start_or_join(tx, run, command)
        row: StepRow = {
            "verb": "call",
            "action": command.workflow[:512],
            "args": shared_calls.args_of(command, call.run_id),
        }
        if call.run_id is not None and call.completed is None:
            changes.open[command.path] = OpenStep(waiting=True)
            changes.insert(command, {**row, "status": "waiting"})
            changes.wait_inserts.append(shared_calls.wait_values(run, command, call.run_id, self._deps.clock.now()))
            run.waiting_for = _awaited_run(command, call.run_id)
            return
        value = call.completed.output if call.completed is not None else None
        changes.finish(command, self._deps.clock.now(), value, call.failure, row)

    def _log(self, changes: TurnChanges, command: Log) -> None:
        now = self._deps.clock.now()
        changes.finish(command, now)
        line = {"run_id": changes.run.id, "path": command.path, "level": command.level}
        changes.log_inserts.append({**line, "text": redact_text(command.text), "at": now})

    def _respond(self, changes: TurnChanges, command: Respond) -> None:
        changes.finish(command, self._deps.clock.now())
        if changes.run.response is None:
            changes.run.response = {"status": command.status, "body": command.body}
            self.notify(changes)


def _awaited_run(command: CallOnce, run_id: str | None) -> dict[str, Any]:
    return {"call": command.workflow, "run": run_id, "until": None}


def _awaited(command: Wait | Approve) -> dict[str, Any]:
    if isinstance(command, Wait):
        return {"event": command.family, "until": command.until}
    return {"approval": command.title, "roles": list(command.roles), "until": command.until}
