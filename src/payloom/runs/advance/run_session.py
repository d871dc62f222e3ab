"""One turn of a run, inside one transaction: note what came of outside calls, do what tables and time allow, say what
is next.

Everything here is synchronous database work. A turn may be run again (Postgres retries transactions): it starts from
the
committed state each time and changes the Drive for good only in `on_commit()`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import random
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import Attempt, StepFailed
from payloom.db import compiled_statements
from payloom.db.transactions import after_commit
from payloom.inbox.service import InboxEvent
from payloom.kit.clock import monotonic
from payloom.kit.redaction import redact_text
from payloom.runs import tracing
from payloom.runs.advance import table_step
from payloom.runs.advance.replay import ReplayCache
from payloom.runs.advance.turn_changes import (
    UPDATE_STEP,
    OpenStep,
    StepCall,
    StepResult,
    TurnChanges,
    TurnResult,
    open_step_from,
)
from payloom.runs.coordination import parking, shared_calls, waits
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import Superseded
from payloom.runs.models import runs, steps
from payloom.runs.models import waits as waits_table
from payloom.runs.run_rows import (
    Journal,
    Run,
    copy_run,
    failure_to_json,
    load_journal,
)
from payloom.workflows.program.commands import (
    Approve,
    CallOnce,
    Command,
    Do,
    Entry,
    Finished,
    Log,
    Respond,
    Retry,
    Sleep,
    StepFailure,
    Wait,
)

log = logging.getLogger("payloom.runs")

_FENCE = (
    sa.select(runs.c.epoch, runs.c.segment, runs.c.cancel_requested)
    .where(runs.c.id == sa.bindparam("run_id"))
    .with_for_update()
)
_CANCELED = StepFailure(kind="canceled", message="The run was canceled.", status=409)


_NOT_KNOWN = StepFailure(
    "outcome_unknown",
    "The process ended while this step was under way; whether it had its effect is not known.",
    status=502,
    hint="Look at the other side, then retry the run or cancel it.",
    data={"in_doubt": True},
)
_DEATHS = 5
"""So often more than its `retry` says a step goes out after deaths of its process: then it may be their cause."""


def _not_again(do: Do, found: OpenStep) -> bool:
    """Whether a step during which the process died must not go out again. Keys make Stripe's safe."""
    most = (do.retry or Retry()).attempts
    return (most == 1 and do.verb != "stripe") or found.attempts >= most + _DEATHS


class RunSession:
    """A run being advanced by this process."""

    def __init__(
        self, deps: RunDependencies, run: Run, journal: Journal, event: InboxEvent | None, *, new: bool = False
    ) -> None:
        """run: as claimed (or about to be inserted, with `new`)."""
        self._deps = deps
        self._event = event
        self._new = new
        self.run = run
        self._entries = journal.entries
        self._open = {path: open_step_from(row) for path, row in journal.open.items()}
        self._seq = journal.seq
        self._play = ReplayCache(deps, run, event, self._history)
        self._dirty = False
        self._scratch: TurnChanges

    # -- transaction bookkeeping -------------------------------------------------------------------------------------

    def _begin(self) -> TurnChanges:
        return TurnChanges(
            run=copy_run(self.run),
            open={path: dataclasses.replace(found) for path, found in self._open.items()},
            seq=self._seq,
        )

    def on_commit(self) -> None:
        """Make the last turn's changes the ones to go on from. Called once its transaction is durable."""
        self.notify_observers()
        scratch = self._scratch
        self.run, self._open, self._seq = scratch.run, scratch.open, scratch.seq
        self._entries = [*self._entries, *scratch.entries]
        self._new = False
        self._dirty = False

    def notify_observers(self) -> None:
        """Tell whoever watches what the latest turn did. Called once its transaction is durable."""
        scratch, watch = self._scratch, self._deps.watch
        run = scratch.run
        if watch is not None and scratch.ended and run.finished_at is not None:
            watch.run_ended(run.workflow_id, run.status, (run.finished_at - run.created_at).total_seconds())
        if tracing.on():
            tracing.turned(run, scratch.step_inserts, run.started_at if self._new else None, ended=scratch.ended)

    @property
    def ended(self) -> bool:
        """Whether the latest turn ended the run."""
        return self._scratch.ended

    def _reload(self, tx: sa.Connection) -> None:
        journal = load_journal(tx, self.run.id)
        in_flight = {path: found for path, found in self._open.items() if found.in_flight}
        self._entries, self._seq = journal.entries, journal.seq
        self._open = {path: open_step_from(row) for path, row in journal.open.items()} | in_flight
        self._play.invalidate()
        self._scratch = self._begin()

    # -- one turn ----------------------------------------------------------------------------------------------------

    def turn(
        self, tx: sa.Connection, settled: Sequence[StepResult] = (), *, steps_allowed: int | None = None
    ) -> TurnResult:
        """Do one turn within `tx`. Raises `Superseded` when another worker has taken the run over."""
        if self._dirty:
            self._play.invalidate()
        self._dirty = True
        self._scratch = self._begin()
        if not self._new:
            self._fence(tx)
        for answer in settled:
            self._settle(answer)
        result = self._canceled(tx) if self._scratch.canceled else self._proceed(tx, steps_allowed)
        self._scratch.flush(self._deps, tx, self.run, new_run=self._new)
        return result

    def _fence(self, tx: sa.Connection) -> None:
        found = compiled_statements.rows(tx, _FENCE, {"run_id": self.run.id})
        if not found or found[0][0] != self.run.epoch:
            raise Superseded
        _, segment, canceled = found[0]
        if segment != self.run.segment:
            self.run.segment = segment
            self._reload(tx)
        self._scratch.canceled = canceled

    def _proceed(self, tx: sa.Connection, steps_allowed: int | None) -> TurnResult:
        limits = self._deps.limits
        allowed = steps_allowed if steps_allowed is not None else limits.turn_steps
        until = monotonic() + limits.turn_seconds
        while True:
            state = self._play.next()
            if isinstance(state, Finished):
                return self._finish(tx, state)
            before = len(self._scratch.entries)
            self._scratch.wrote = False
            for command in state:
                parked_until = self._begin_command(tx, command)
                if parked_until is not None:
                    return self._suspend(tx, parked_until)
                if len(self._scratch.entries) > before:
                    break  # what came of it may change what its siblings in `parallel` should do
            done = len(self._scratch.entries)
            if done == before:
                break
            if (done >= allowed or monotonic() > until) and self._scratch.wrote and not self._scratch.calls:
                return TurnResult(again=True)
        return self._what_next(tx)

    def _what_next(self, tx: sa.Connection) -> TurnResult:
        scratch = self._scratch
        flying = any(found.in_flight for found in scratch.open.values())
        soonest = min(
            (found.until for found in scratch.open.values() if not found.in_flight and found.until), default=None
        )
        if scratch.calls or flying:
            return TurnResult(calls=scratch.calls, again_at=soonest)
        if soonest is not None and not any(found.waiting for found in scratch.open.values()):
            pause = (soonest - self._deps.clock.now()).total_seconds()
            if pause <= self._deps.limits.max_inline_wait:
                return TurnResult(again_at=soonest)
        return self._suspend(tx, soonest)

    # -- the execution -----------------------------------------------------------------------------------------------

    def _history(self) -> list[Entry]:
        return [*self._entries, *self._scratch.entries]

    def _record(self, path: str, value: Any = None, failure: StepFailure | None = None) -> Entry:
        entry = Entry(path, value, failure, self._deps.clock.now())
        self._scratch.entries.append(entry)
        self._scratch.seq += 1
        self._scratch.open.pop(path, None)
        self._play.record(entry)
        return entry

    # -- commands ----------------------------------------------------------------------------------------------------

    def _begin_command(self, tx: sa.Connection, command: Command) -> dt.datetime | None:
        """Do or begin a command. Returns a moment if the run has to be parked until then."""
        if isinstance(command, Do):
            if command.in_database:
                return self._table(tx, command)
            self._outside(command)
        elif isinstance(command, Sleep):
            self._sleep(command)
        elif isinstance(command, Log):
            self._log(command)
        elif isinstance(command, Respond):
            self._respond(tx, command)
        elif isinstance(command, CallOnce):
            self._call(tx, command)
        else:
            self._wait(tx, command)
        return None

    def _table(self, tx: sa.Connection, do: Do) -> dt.datetime | None:
        found = self._scratch.open.get(do.path)
        now = self._deps.clock.now()
        if found is not None and found.until is not None and found.until > now:
            return None
        try:
            value, failure = table_step.perform(self._deps, tx, self.run, do), None
        except StepFailed as failed:
            value, failure = None, failed.failure
        if failure is not None and parking.may_park(self._deps, self.run, do, failure) and self._would_end(do, failure):
            return parking.park(self._deps, tx, self._scratch.run, do.action)
        if failure is not None and failure.retryable and do.retry is not None:
            attempts = found.attempts if found is not None else 1
            if attempts < do.retry.attempts:
                self._try_later(do, failure, found or OpenStep(first_at=now), do.retry, new=found is None)
                return None
        self._scratch.wrote = do.verb != "select"
        self._journal(do, found, value, failure)
        return None

    def _would_end(self, do: Do, failure: StepFailure) -> bool:
        """Whether nobody in the workflow catches this failure. Leaves the execution as it was."""
        self._play.record(Entry(do.path, None, failure, self._deps.clock.now()))
        state = self._play.next()
        self._play.invalidate()
        self._play.next()
        return isinstance(state, Finished) and state.status == "failed"

    def _journal(self, do: Do, found: OpenStep | None, value: Any, failure: StepFailure | None) -> None:
        entry = self._record(do.path, value, failure)
        outcome = {
            "seq": self._scratch.seq,
            "status": "succeeded" if failure is None else "failed",
            "value": value,
            "failure": None if failure is None else failure_to_json(failure),
            "at": entry.at,
            "retry_at": None,
        }
        if found is None:
            self._scratch.insert(do, outcome)
        else:
            self._scratch.update(do.path, outcome)

    def _outside(self, do: Do) -> None:
        scratch, now = self._scratch, self._deps.clock.now()
        found = scratch.open.get(do.path)
        if found is None:
            found = scratch.open[do.path] = OpenStep(first_at=now, in_flight=True)
            self._scratch.insert(do, {"status": "started", "first_attempt_at": now, "seq": scratch.seq})
        elif found.in_flight or (found.until is not None and found.until > now):
            return
        else:
            # No time to try again at means that the process died during the attempt: it may have had its effect.
            died = found.until is None
            found.in_doubt = found.in_doubt or died
            if died and _not_again(do, found):
                self._scratch.update(do.path, {"in_doubt": True})
                self._journal(do, found, None, _NOT_KNOWN)
                return
            found.attempts += 1
            found.until = None
            found.in_flight = True
            self._scratch.update(
                do.path, {"status": "started", "attempts": found.attempts, "in_doubt": found.in_doubt, "retry_at": None}
            )
        attempt = Attempt(self.run.id, found.attempts, found.first_at or now, found.in_doubt)
        scratch.calls.append(StepCall(do, attempt))

    def _settle(self, answer: StepResult) -> None:
        do, failure = answer.do, answer.failure
        found = self._scratch.open.get(do.path)
        if found is None:
            return
        found.in_flight = False
        policy = do.retry or Retry()
        if (
            failure is not None
            and failure.retryable
            and found.attempts < policy.attempts
            and not self._scratch.canceled
        ):
            self._try_later(do, failure, found, policy, new=False)
            return
        self._journal(do, found, answer.value, failure)

    def _try_later(self, do: Do, failure: StepFailure, found: OpenStep, policy: Retry, *, new: bool) -> None:
        pause = min(policy.first * policy.factor ** (found.attempts - 1), policy.most)
        retry_after = failure.data.get("retry_after")
        if isinstance(retry_after, int | float):
            pause = max(pause, min(float(retry_after), 3600.0))
        found.until = self._deps.later(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        found.in_doubt = found.in_doubt or bool(failure.data.get("in_doubt"))
        self._scratch.open[do.path] = found
        values = {
            "status": "started",
            "retry_at": found.until,
            "in_doubt": found.in_doubt,
            "failure": failure_to_json(failure),
        }
        if new:
            self._scratch.insert(do, {**values, "first_attempt_at": found.first_at})
        else:
            if do.in_database:
                found.attempts += 1
                values["attempts"] = found.attempts
            self._scratch.update(do.path, values)

    def _sleep(self, command: Sleep) -> None:
        found = self._scratch.open.get(command.path)
        if command.until <= self._deps.clock.now():
            self._answer(command, found, None)
        elif found is None:
            self._scratch.open[command.path] = OpenStep(until=command.until)
            self._scratch.insert(command, {"status": "waiting", "retry_at": command.until})

    def _answer(self, command: Command, found: OpenStep | None, value: Any) -> None:
        entry = self._record(command.path, value)
        outcome = {"status": "succeeded", "seq": self._scratch.seq, "value": value, "at": entry.at, "retry_at": None}
        if found is None:
            self._scratch.insert(command, outcome)
        else:
            self._scratch.update(command.path, outcome)

    def _wait(self, tx: sa.Connection, command: Wait | Approve) -> None:
        now = self._deps.clock.now()
        found = self._scratch.open.get(command.path)
        if found is None:
            event = waits.find_existing_event(self._deps, tx, self.run, command) if isinstance(command, Wait) else None
            if event is not None:
                self._answer(command, None, event.payload)
                return
            self._scratch.open[command.path] = OpenStep(until=command.until, waiting=True)
            self._scratch.insert(command, {"status": "waiting", "retry_at": command.until})
            self._scratch.wait_inserts.append(waits.wait_values(self._deps, self.run, command, now))
            self._scratch.run.waiting_for = _what_for(command)
        elif command.until is None or command.until > now:
            self._scratch.run.waiting_for = _what_for(command)
        else:
            tx.execute(
                sa.delete(waits_table).where(waits_table.c.run_id == self.run.id, waits_table.c.path == command.path)
            )
            self._answer(command, found, None)

    def _call(self, tx: sa.Connection, command: CallOnce) -> None:
        scratch = self._scratch
        if command.path in scratch.open:
            scratch.run.waiting_for = _run_awaited(command, shared_calls.awaited(tx, self.run.id, command.path))
            return
        found = shared_calls.start_or_join(self._deps, tx, self.run, command)
        row = {"verb": "call", "action": command.workflow[:512], "args": shared_calls.args_of(command, found.run_id)}
        if found.run_id is not None and found.completed is None:
            now = self._deps.clock.now()
            scratch.open[command.path] = OpenStep(waiting=True)
            scratch.insert(command, {**row, "status": "waiting"})
            scratch.wait_inserts.append(shared_calls.wait_values(self.run, command, found.run_id, now))
            scratch.run.waiting_for = _run_awaited(command, found.run_id)
            return
        value = found.completed.output if found.completed is not None else None
        entry = self._record(command.path, value, found.failure)
        row |= {"seq": scratch.seq, "at": entry.at, "value": value}
        failed = found.failure and failure_to_json(found.failure)
        scratch.insert(command, {**row, "status": "failed" if failed else "succeeded", "failure": failed})

    def _log(self, command: Log) -> None:
        text = redact_text(command.text)
        self._answer(command, None, None)
        self._scratch.log_inserts.append(
            {
                "run_id": self.run.id,
                "path": command.path,
                "level": command.level,
                "text": text,
                "at": self._deps.clock.now(),
            }
        )

    def _respond(self, tx: sa.Connection, command: Respond) -> None:
        self._answer(command, None, None)
        if self._scratch.run.response is None:
            self._scratch.run.response = {"status": command.status, "body": command.body}
            self._tell(tx)

    # -- ends of a segment -------------------------------------------------------------------------------------------

    def _tell(self, tx: sa.Connection) -> None:
        run_id, notify = self.run.id, self._deps.notify
        after_commit(tx, lambda: notify(run_id))

    def _canceled(self, tx: sa.Connection) -> TurnResult:
        self._end(tx, "canceled", _CANCELED, 409, None)
        return TurnResult(done=True)

    def _finish(self, tx: sa.Connection, state: Finished) -> TurnResult:
        if state.status == "failed":
            self._end(tx, "failed", state.failure, state.http_status, state.path)
        else:
            run = self._scratch.run
            run.output = state.output
            run.outcome = "filtered" if state.status == "filtered" else None
            self._end(tx, "succeeded", None, state.http_status, None)
        return TurnResult(done=True)

    def _end(
        self, tx: sa.Connection, status: str, failure: StepFailure | None, http_status: int, path: str | None
    ) -> None:
        run = self._scratch.run
        run.status = status
        run.failure = None if failure is None else {**failure_to_json(failure), "path": path}
        run.http_status = http_status
        run.finished_at = self._deps.clock.now()
        run.owner = run.wake_at = run.waiting_for = run.parked_on = None
        run.blocked = False
        self._scratch.ended = True
        self._tell(tx)

    def _suspend(self, tx: sa.Connection, until: dt.datetime | None) -> TurnResult:
        run = self._scratch.run
        run.status = "waiting"
        run.owner = None
        run.wake_at = until
        run.segment += 1
        run.waiting_for = run.waiting_for or {"until": until}
        if until is not None:
            self._deps.engine.enqueue(tx, run.id, run.segment, at=until)
        return TurnResult(done=True)

    def fail(self, tx: sa.Connection, failure: StepFailure) -> TurnResult:
        """Within `tx`, end the run because its turn cannot be done: a poisoned run must not be tried for ever."""
        self._scratch = self._begin()
        if not self._new:
            self._fence(tx)
        self._end(tx, "failed", failure, 500, None)
        self._scratch.flush(self._deps, tx, self.run, new_run=self._new)
        self._dirty = True
        return TurnResult(done=True)

    def release_to_queue(self, tx: sa.Connection, turn: TurnResult) -> None:
        """Within `tx`, after a turn that left something to do: give the run to the engine instead of going on here.

        The turn's calls are not made: whoever takes the run makes them, as the first attempt, and not in doubt.
        """
        run = self._scratch.run
        for call in turn.calls:
            values = {"attempts": call.attempt.number - 1, "retry_at": self._deps.clock.now()}
            tx.execute(UPDATE_STEP.values(values), {"at_run": run.id, "at_path": call.do.path})
        run.status, run.owner = "queued", None
        run.segment += 1
        tx.execute(sa.update(runs).where(runs.c.id == run.id).values(status="queued", owner=None, segment=run.segment))
        self._deps.engine.enqueue(tx, run.id, run.segment)

    def record_orphaned_result(self, tx: sa.Connection, answer: StepResult) -> None:
        """Write what came of a call that was still out when the run ended."""
        last = tx.execute(sa.select(sa.func.max(steps.c.seq)).where(steps.c.run_id == self.run.id)).scalar() or 0
        values = {"status": "succeeded" if answer.failure is None else "failed", "value": answer.value, "seq": last + 1}
        values |= {"at": self._deps.clock.now(), "failure": answer.failure and failure_to_json(answer.failure)}
        tx.execute(
            UPDATE_STEP.where(steps.c.status == "started").values(values),
            {"at_run": self.run.id, "at_path": answer.do.path},
        )


def _run_awaited(command: CallOnce, run_id: str | None) -> dict[str, Any]:
    return {"call": command.workflow, "run": run_id, "until": None}


def _what_for(command: Wait | Approve) -> dict[str, Any]:
    if isinstance(command, Wait):
        return {"event": command.family, "until": command.until}
    return {"approval": command.title, "roles": list(command.roles), "until": command.until}
