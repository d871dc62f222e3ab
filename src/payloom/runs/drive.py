"""One turn of a run, inside one transaction: note what came of outside calls, do what tables and time allow, say what is next.

Everything here is synchronous database work. A turn may be run again (Postgres retries transactions): it starts from the
committed state each time and changes the Drive for good only in `committed()`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import logging
import random
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.connectors.port import Attempt, StepFailed
from payloom.db import after_commit, locking_reads, savepoint
from payloom.inbox.service import InboxEvent
from payloom.kit.clock import monotonic
from payloom.kit.errors import PayloomError
from payloom.kit.redaction import redact, redact_text
from payloom.runs import lanes, parking, waits
from payloom.runs.errors import Superseded
from payloom.runs.models import logs, runs, steps
from payloom.runs.models import waits as waits_table
from payloom.runs.parts import Parts
from payloom.runs.rows import (
    INSERT_RUN,
    INSERT_STEP,
    Journal,
    Run,
    copy_run,
    failure_to_json,
    load_journal,
    run_changes,
    run_values,
)
from payloom.runs.scripts import FRESH, Cause, Execution
from payloom.workflows.commands import (
    TABLE_VERBS,
    Approve,
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
_UPDATE_STEP = sa.update(steps).where(steps.c.run_id == sa.bindparam("at_run"), steps.c.path == sa.bindparam("at_path"))
_CANCELED = StepFailure(kind="canceled", message="The run was canceled.", status=409)


@functools.cache
def _update_step(columns: frozenset[str]) -> sa.Update:
    """Return the update that sets these columns; built once per set, as building costs more than running."""
    return _UPDATE_STEP.values({name: sa.bindparam(f"new_{name}", type_=steps.c[name].type) for name in columns})


@functools.cache
def _update_run(columns: frozenset[str]) -> sa.Update:
    values = {name: sa.bindparam(f"new_{name}", type_=runs.c[name].type) for name in columns}
    return sa.update(runs).where(runs.c.id == sa.bindparam("at_run")).values(values)


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """An outside step to do now."""

    do: Do
    attempt: Attempt


@dataclasses.dataclass(frozen=True, slots=True)
class Settled:
    """What came of a call."""

    do: Do
    value: Any = None
    failure: StepFailure | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Turn:
    """What the driver does next: these calls, or another turn at once, or at a time; or nothing (over, or asleep)."""

    calls: Sequence[Call] = ()
    again: bool = False
    again_at: dt.datetime | None = None
    done: bool = False


@dataclasses.dataclass(slots=True)
class _Open:
    """A step that has begun. until: when to try again, wake or give up; in_flight: a call of this process is out."""

    attempts: int = 1
    first_at: dt.datetime | None = None
    in_doubt: bool = False
    until: dt.datetime | None = None
    in_flight: bool = False
    waiting: bool = False


class Drive:
    """A run being advanced by this process."""

    def __init__(
        self, parts: Parts, run: Run, journal: Journal, event: InboxEvent | None, *, new: bool = False
    ) -> None:
        """run: as claimed (or about to be inserted, with `new`)."""
        self._parts = parts
        self._event = event
        self._new = new
        self.run = run
        self._entries = journal.entries
        self._open = {path: _open_from(row) for path, row in journal.open.items()}
        self._seq = journal.seq
        self._execution: Execution | None = None
        self._dirty = False
        self._scratch: _Scratch

    # -- transaction bookkeeping -------------------------------------------------------------------------------------

    def _begin(self) -> _Scratch:
        return _Scratch(
            run=copy_run(self.run),
            open={path: dataclasses.replace(found) for path, found in self._open.items()},
            seq=self._seq,
        )

    def committed(self) -> None:
        """Make the last turn's changes the ones to go on from. Called once its transaction is durable."""
        scratch = self._scratch
        self.run, self._open, self._seq = scratch.run, scratch.open, scratch.seq
        self._entries = [*self._entries, *scratch.entries]
        self._new = False
        self._dirty = False

    def _reload(self, tx: sa.Connection) -> None:
        journal = load_journal(tx, self.run.id)
        in_flight = {path: found for path, found in self._open.items() if found.in_flight}
        self._entries, self._seq = journal.entries, journal.seq
        self._open = {path: _open_from(row) for path, row in journal.open.items()} | in_flight
        self._execution = None
        self._scratch = self._begin()

    # -- one turn ----------------------------------------------------------------------------------------------------

    def turn(self, tx: sa.Connection, settled: Sequence[Settled] = (), *, steps_allowed: int | None = None) -> Turn:
        """Do one turn within `tx`. Raises `Superseded` when another worker has taken the run over."""
        if self._dirty:
            self._execution = None
        self._dirty = True
        self._scratch = self._begin()
        if not self._new:
            self._fence(tx)
        for answer in settled:
            self._settle(answer)
        result = self._canceled(tx) if self._scratch.canceled else self._proceed(tx, steps_allowed)
        self._flush(tx)
        return result

    def _fence(self, tx: sa.Connection) -> None:
        row = tx.execute(_FENCE, {"run_id": self.run.id}).one_or_none()
        if row is None or row.epoch != self.run.epoch:
            raise Superseded
        if row.segment != self.run.segment:
            self.run.segment = row.segment
            self._reload(tx)
        self._scratch.canceled = row.cancel_requested

    def _proceed(self, tx: sa.Connection, steps_allowed: int | None) -> Turn:
        figures = self._parts.figures
        allowed = steps_allowed if steps_allowed is not None else figures.turn_steps
        until = monotonic() + figures.turn_seconds
        while True:
            state = self._next()
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
                return Turn(again=True)
        return self._what_next(tx)

    def _what_next(self, tx: sa.Connection) -> Turn:
        scratch = self._scratch
        flying = any(found.in_flight for found in scratch.open.values())
        soonest = min(
            (found.until for found in scratch.open.values() if not found.in_flight and found.until), default=None
        )
        if scratch.calls or flying:
            return Turn(calls=scratch.calls, again_at=soonest)
        if soonest is not None and not any(found.waiting for found in scratch.open.values()):
            pause = (soonest - self._parts.clock.now()).total_seconds()
            if pause <= self._parts.figures.patience:
                return Turn(again_at=soonest)
        return self._suspend(tx, soonest)

    # -- the execution -----------------------------------------------------------------------------------------------

    def _history(self) -> list[Entry]:
        return [*self._entries, *self._scratch.entries]

    def _next(self) -> Finished | Sequence[Command]:
        try:
            history = self._history() if self._execution is None else ()
            if self._execution is None:
                start = self.run.start()
                fresh = next((entry for entry in history if entry.path == FRESH), None)
                if start.fresh and self._event is not None and fresh is None:
                    return [self._fresh_step(start.fresh)]
                if fresh is not None and fresh.failure is not None:
                    return Finished("failed", failure=fresh.failure, http_status=fresh.failure.status, path=FRESH)
                own = [entry for entry in history if entry.path != FRESH]
                cause = self.cause(fresh.value if fresh is not None else None)
                self._execution = self._parts.scripts.execution(start, cause, own)
            return self._execution.next()
        except PayloomError as error:
            failure = StepFailure(error.code, error.message, status=error.status, hint=error.hint, where=error.where)
            return Finished("failed", failure=failure, http_status=error.status)
        except Exception as error:
            log.exception("run %s: the interpreter failed", self.run.id)
            failure = StepFailure(
                "internal", f"Payloom itself failed: {type(error).__name__}.", hint="Please report this."
            )
            return Finished("failed", failure=failure, http_status=500)

    def cause(self, fresh: Any = None) -> Cause:
        """Return what the run's scope is built from."""
        request = self.run.request or {}
        return Cause(
            trigger=self.run.trigger,  # type: ignore[arg-type]
            run_id=self.run.id,
            root_id=self.run.root_id,
            started_at=self.run.started_at,
            event=self._event,
            inputs=self.run.inputs,
            user=request.get("user"),
            request=request.get("http"),
            fresh=fresh,
        )

    def _fresh_step(self, action: str) -> Do:
        assert self._event is not None
        args: dict[str, Any] = {"with": {"id": self._event.object_id}}
        if self._event.account:
            args["account"] = self._event.account
        return Do(FRESH, "stripe", action, args, f"{self.run.root_id}:{FRESH}", name="Read the object again")

    def _record(self, path: str, value: Any = None, failure: StepFailure | None = None) -> Entry:
        entry = Entry(path, value, failure, self._parts.clock.now())
        self._scratch.entries.append(entry)
        self._scratch.seq += 1
        self._scratch.open.pop(path, None)
        if self._execution is not None:
            self._execution.record(entry)
        return entry

    # -- commands ----------------------------------------------------------------------------------------------------

    def _begin_command(self, tx: sa.Connection, command: Command) -> dt.datetime | None:
        """Do or begin a command. Returns a moment if the run has to be parked until then."""
        if isinstance(command, Do):
            if command.verb in TABLE_VERBS:
                return self._table(tx, command)
            self._outside(command)
        elif isinstance(command, Sleep):
            self._sleep(command)
        elif isinstance(command, Log):
            self._log(command)
        elif isinstance(command, Respond):
            self._respond(tx, command)
        else:
            self._wait(tx, command)
        return None

    def _table(self, tx: sa.Connection, do: Do) -> dt.datetime | None:
        found = self._scratch.open.get(do.path)
        now = self._parts.clock.now()
        if found is not None and found.until is not None and found.until > now:
            return None
        try:
            value, failure = self._perform(tx, do), None
        except StepFailed as failed:
            value, failure = None, failed.failure
        if (
            failure is not None
            and parking.may_park(self._parts, self.run, do, failure)
            and self._would_end(do, failure)
        ):
            return parking.park(self._parts, self._scratch.run, do.action)
        if failure is not None and failure.retryable and do.retry is not None:
            attempts = found.attempts if found is not None else 1
            if attempts < do.retry.attempts:
                self._try_later(do, failure, found or _Open(first_at=now), do.retry, new=found is None)
                return None
        self._scratch.wrote = do.verb != "select"
        self._journal(do, found, value, failure)
        return None

    def _perform(self, tx: sa.Connection, do: Do) -> Any:
        # A read on SQLite leaves nothing to undo; on Postgres any error would end the whole transaction.
        guarded = do.verb != "select" or self._parts.database.dialect != "sqlite"
        # Read, decide, write: what was read must not change in between. SQLite has one writer, Postgres locks the rows.
        locking = do.verb == "select" and do.action in self._parts.scripts.writes(self.run.start())
        try:
            with (
                savepoint(tx) if guarded else contextlib.nullcontext(),
                locking_reads(tx) if locking else contextlib.nullcontext(),
            ):
                value = self._parts.tables.perform(tx, do.verb, do.action, do.args)
                parking.wake_parked(self._parts, tx, do.verb, do.action)
                return value
        except StepFailed:
            raise
        except (exc.IntegrityError, exc.DataError, exc.ProgrammingError) as error:
            log.exception("run %s, step %s: the database refused", self.run.id, do.path)
            message = f"The database refused: {type(error.orig).__name__}."
            raise StepFailed(StepFailure("database_refused", message, where=do.path)) from error
        except exc.SQLAlchemyError:
            raise
        except Exception as error:
            log.exception("run %s, step %s failed", self.run.id, do.path)
            raise StepFailed(_internal(do, error)) from error

    def _would_end(self, do: Do, failure: StepFailure) -> bool:
        """Whether nobody in the workflow catches this failure. Leaves the execution as it was."""
        assert self._execution is not None
        self._execution.record(Entry(do.path, None, failure, self._parts.clock.now()))
        state = self._next()
        self._execution = None
        self._next()
        return isinstance(state, Finished) and state.status == "failed"

    def _journal(self, do: Do, found: _Open | None, value: Any, failure: StepFailure | None) -> None:
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
            self._insert(do, outcome)
        else:
            self._update(do.path, outcome)

    def _insert(self, command: Command, values: dict[str, Any]) -> None:
        row = {
            "run_id": self.run.id,
            "path": command.path,
            "seq": self._scratch.seq,
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
            if command.verb not in TABLE_VERBS:
                row["key"] = command.key
        self._scratch.step_inserts.append(row | values)

    def _update(self, path: str, values: dict[str, Any]) -> None:
        self._scratch.step_updates.append((path, values))

    def _outside(self, do: Do) -> None:
        scratch, now = self._scratch, self._parts.clock.now()
        found = scratch.open.get(do.path)
        if found is None:
            found = scratch.open[do.path] = _Open(first_at=now, in_flight=True)
            self._insert(do, {"status": "started", "first_attempt_at": now, "seq": scratch.seq})
        elif found.in_flight or (found.until is not None and found.until > now):
            return
        else:
            # No time to try again at means that the process died during the attempt: it may have had its effect.
            found.in_doubt = found.in_doubt or found.until is None
            found.attempts += 1
            found.until = None
            found.in_flight = True
            self._update(
                do.path, {"status": "started", "attempts": found.attempts, "in_doubt": found.in_doubt, "retry_at": None}
            )
        attempt = Attempt(self.run.id, found.attempts, found.first_at or now, found.in_doubt)
        scratch.calls.append(Call(do, attempt))

    def _settle(self, answer: Settled) -> None:
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

    def _try_later(self, do: Do, failure: StepFailure, found: _Open, policy: Retry, *, new: bool) -> None:
        pause = min(policy.first * policy.factor ** (found.attempts - 1), policy.most)
        told = failure.data.get("retry_after")
        if isinstance(told, int | float):
            pause = max(pause, min(float(told), 3600.0))
        found.until = self._parts.later(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
        found.in_doubt = found.in_doubt or bool(failure.data.get("in_doubt"))
        self._scratch.open[do.path] = found
        values = {
            "status": "started",
            "retry_at": found.until,
            "in_doubt": found.in_doubt,
            "failure": failure_to_json(failure),
        }
        if new:
            self._insert(do, {**values, "first_attempt_at": found.first_at})
        else:
            if do.verb in TABLE_VERBS:
                found.attempts += 1
                values["attempts"] = found.attempts
            self._update(do.path, values)

    def _sleep(self, command: Sleep) -> None:
        found = self._scratch.open.get(command.path)
        if command.until <= self._parts.clock.now():
            self._answer(command, found, None)
        elif found is None:
            self._scratch.open[command.path] = _Open(until=command.until)
            self._insert(command, {"status": "waiting", "retry_at": command.until})

    def _answer(self, command: Command, found: _Open | None, value: Any) -> None:
        entry = self._record(command.path, value)
        outcome = {"status": "succeeded", "seq": self._scratch.seq, "value": value, "at": entry.at, "retry_at": None}
        if found is None:
            self._insert(command, outcome)
        else:
            self._update(command.path, outcome)

    def _wait(self, tx: sa.Connection, command: Wait | Approve) -> None:
        now = self._parts.clock.now()
        found = self._scratch.open.get(command.path)
        if found is None:
            event = waits.already_here(self._parts, tx, self.run, command) if isinstance(command, Wait) else None
            if event is not None:
                self._answer(command, None, event.payload)
                return
            self._scratch.open[command.path] = _Open(until=command.until, waiting=True)
            self._insert(command, {"status": "waiting", "retry_at": command.until})
            self._scratch.wait_inserts.append(waits.wait_values(self._parts, self.run, command, now))
            self._scratch.run.waiting_for = _what_for(command)
        elif command.until is None or command.until > now:
            self._scratch.run.waiting_for = _what_for(command)
        else:
            tx.execute(
                sa.delete(waits_table).where(waits_table.c.run_id == self.run.id, waits_table.c.path == command.path)
            )
            self._answer(command, found, None)

    def _log(self, command: Log) -> None:
        text = redact_text(command.text)
        self._answer(command, None, None)
        self._scratch.log_inserts.append(
            {
                "run_id": self.run.id,
                "path": command.path,
                "level": command.level,
                "text": text,
                "at": self._parts.clock.now(),
            }
        )

    def _respond(self, tx: sa.Connection, command: Respond) -> None:
        self._answer(command, None, None)
        if self._scratch.run.response is None:
            self._scratch.run.response = {"status": command.status, "body": command.body}
            self._tell(tx)

    # -- ends of a segment -------------------------------------------------------------------------------------------

    def _tell(self, tx: sa.Connection) -> None:
        run_id, notify = self.run.id, self._parts.notify
        after_commit(tx, lambda: notify(run_id))

    def _canceled(self, tx: sa.Connection) -> Turn:
        self._end(tx, "canceled", _CANCELED, 409, None)
        return Turn(done=True)

    def _finish(self, tx: sa.Connection, state: Finished) -> Turn:
        if state.status == "failed":
            self._end(tx, "failed", state.failure, state.http_status, state.path)
        else:
            run = self._scratch.run
            run.output = state.output
            run.outcome = "filtered" if state.status == "filtered" else None
            self._end(tx, "succeeded", None, state.http_status, None)
        return Turn(done=True)

    def _end(
        self, tx: sa.Connection, status: str, failure: StepFailure | None, http_status: int, path: str | None
    ) -> None:
        run = self._scratch.run
        run.status = status
        run.failure = None if failure is None else {**failure_to_json(failure), "path": path}
        run.http_status = http_status
        run.finished_at = self._parts.clock.now()
        run.owner = run.wake_at = run.waiting_for = run.parked_on = None
        run.blocked = False
        self._scratch.ended = True
        self._tell(tx)

    def _suspend(self, tx: sa.Connection, until: dt.datetime | None) -> Turn:
        run = self._scratch.run
        run.status = "waiting"
        run.owner = None
        run.wake_at = until
        run.segment += 1
        run.waiting_for = run.waiting_for or {"until": until}
        if until is not None:
            self._parts.engine.enqueue(tx, run.id, run.segment, at=until)
        return Turn(done=True)

    def fail(self, tx: sa.Connection, failure: StepFailure) -> Turn:
        """Within `tx`, end the run because its turn itself cannot be done: a poisoned run must not be tried for ever."""
        self._scratch = self._begin()
        if not self._new:
            self._fence(tx)
        self._end(tx, "failed", failure, 500, None)
        self._flush(tx)
        self._dirty = True
        return Turn(done=True)

    def hand_over(self, tx: sa.Connection) -> None:
        """Within `tx`, after a turn that left something to do: give the run to the engine instead of going on here."""
        run = self._scratch.run
        run.status, run.owner = "queued", None
        run.segment += 1
        tx.execute(sa.update(runs).where(runs.c.id == run.id).values(status="queued", owner=None, segment=run.segment))
        self._parts.engine.enqueue(tx, run.id, run.segment)

    def record_late(self, tx: sa.Connection, answer: Settled) -> None:
        """Write what came of a call that was still out when the run ended."""
        last = tx.execute(sa.select(sa.func.max(steps.c.seq)).where(steps.c.run_id == self.run.id)).scalar() or 0
        values = {"status": "succeeded" if answer.failure is None else "failed", "value": answer.value, "seq": last + 1}
        values |= {"at": self._parts.clock.now(), "failure": answer.failure and failure_to_json(answer.failure)}
        tx.execute(
            _UPDATE_STEP.where(steps.c.status == "started").values(values),
            {"at_run": self.run.id, "at_path": answer.do.path},
        )

    # -- writing -----------------------------------------------------------------------------------------------------

    def _flush(self, tx: sa.Connection) -> None:
        scratch = self._scratch
        run = scratch.run
        if self._new:
            run.updated_at = self._parts.clock.now()
            tx.execute(INSERT_RUN, run_values(run))
        elif changed := run_changes(self.run, run):
            changed["updated_at"] = run.updated_at = self._parts.clock.now()
            new = {f"new_{name}": value for name, value in changed.items()}
            tx.execute(_update_run(frozenset(changed)), {"at_run": run.id, **new})
        for path, values in scratch.step_updates:
            new = {f"new_{name}": value for name, value in values.items()}
            tx.execute(_update_step(frozenset(values)), {"at_run": run.id, "at_path": path, **new})
        if scratch.step_inserts:
            tx.execute(INSERT_STEP, scratch.step_inserts)
        if scratch.wait_inserts:
            tx.execute(sa.insert(waits_table), scratch.wait_inserts)
        if scratch.log_inserts:
            tx.execute(sa.insert(logs), scratch.log_inserts)
        if scratch.ended:
            if any(found.waiting for found in scratch.open.values()):
                waits.forget_waits(tx, run.id)
            if run.lane is not None:
                lanes.release(self._parts, tx, run.lane, run.id)


@dataclasses.dataclass(slots=True)
class _Scratch:
    """What a turn has changed so far; thrown away if its transaction is."""

    run: Run
    open: dict[str, _Open]
    seq: int
    entries: list[Entry] = dataclasses.field(default_factory=list)
    calls: list[Call] = dataclasses.field(default_factory=list)
    step_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    step_updates: list[tuple[str, dict[str, Any]]] = dataclasses.field(default_factory=list)
    wait_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    log_inserts: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    canceled: bool = False
    ended: bool = False
    wrote: bool = False
    """The latest step wrote: here a long transaction may end. Never between a read and the write decided by it."""


def _open_from(row: dict[str, Any]) -> _Open:
    waiting = row["status"] == "waiting" and row["verb"] != "sleep"
    return _Open(row["attempts"], row["first_attempt_at"], row["in_doubt"], row["retry_at"], waiting=waiting)


def _what_for(command: Wait | Approve) -> dict[str, Any]:
    if isinstance(command, Wait):
        return {"event": command.family, "until": command.until}
    return {"approval": command.title, "roles": list(command.roles), "until": command.until}


def broken(error: Exception) -> StepFailure:
    """Return the failure of a run that Payloom itself could not go on with."""
    return StepFailure(
        "internal",
        f"Payloom could not go on with this run: {type(error).__name__}.",
        hint="The server's log has the details; please report this. `payloom runs retry` tries again.",
    )


def _internal(do: Do, error: Exception) -> StepFailure:
    return StepFailure(
        "internal",
        f"The step failed inside Payloom: {type(error).__name__}.",
        where=do.path,
        hint="See the server's log.",
    )
