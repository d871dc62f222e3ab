"""One turn of a run, inside one transaction.

It records results of outside calls, does what tables and time allow, and says what is next.

A turn is a function of the transaction, the run's state and the results: `take(tx, state, results)` returns the new
state and what to do next, and changes neither `state` nor itself. So it can run again (Postgres retries transactions),
and a caller whose transaction is rolled back just keeps the old state. Everything here is synchronous database work.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.kit.clock import monotonic
from payloom.runs import tracing
from payloom.runs.advance.command_handlers import CommandHandlers
from payloom.runs.advance.endings import StepDone, ending_of
from payloom.runs.advance.run_state import RunState, StepResult, TurnResult, open_steps
from payloom.runs.advance.turn_changes import StepRow, TurnChanges
from payloom.runs.advance.turn_writer import UPDATE_STEP, TurnWriter
from payloom.runs.coordination.resolution import resolve_by_run
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import Superseded
from payloom.runs.models import runs, steps
from payloom.runs.run_rows import copy_run, failure_to_json, load_journal
from payloom.workflows.program.commands import Finished, StepFailure

_FENCE = (
    sa.select(runs.c.epoch, runs.c.segment, runs.c.cancel_requested)
    .where(runs.c.id == sa.bindparam("run_id"))
    .with_for_update()
)
_CANCELED = StepFailure(kind="canceled", message="The run was canceled.", status=409)


class Turns:
    """Takes turns of runs, each within a transaction of the caller."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the services."""
        self._deps = deps
        self._commands = CommandHandlers(deps)
        self._writer = TurnWriter(deps)

    def take(
        self, tx: sa.Connection, state: RunState, results: Sequence[StepResult] = (), *, max_steps: int | None = None
    ) -> tuple[RunState, TurnResult]:
        """Take one turn. Raises `Superseded` when another worker has taken the run over.

        max_steps: table steps after which the turn may end; the configured limit if None.
        """
        changes = self._begin(tx, state)
        for result in results:
            self._commands.outside.settle(changes, result)
        if changes.canceled:
            self._end(changes, "canceled", _CANCELED, 409, None)
            outcome = changes.result(done=True)
        else:
            outcome = self._proceed(changes, max_steps)
        self._writer.write(changes)
        return changes.state(), outcome

    def fail(self, tx: sa.Connection, state: RunState, failure: StepFailure) -> tuple[RunState, TurnResult]:
        """End the run because its turn raises: a run that cannot be advanced must not be retried without end."""
        changes = self._begin(tx, state)
        self._end(changes, "failed", failure, 500, None)
        self._writer.write(changes)
        return changes.state(), changes.result(done=True)

    def notify_observers(self, state: RunState, result: TurnResult) -> None:
        """Notify the observers of what a turn did. Called once its transaction is durable. state: after the turn."""
        run, observer = state.run, self._deps.observer
        if observer is not None and result.ended and run.finished_at is not None:
            observer.run_ended(run.workflow_id, run.status, (run.finished_at - run.created_at).total_seconds())
        if tracing.on():
            tracing.turned(run, result.journaled, result.began, ended=result.ended)

    def release_to_queue(self, tx: sa.Connection, state: RunState, result: TurnResult) -> None:
        """Give a run that has more to do to the engine, instead of continuing it here.

        The turn's calls are not made: the worker that takes the run makes them, as the first attempt, and not in doubt.
        """
        run = state.run
        for call in result.calls:
            values = {"attempts": call.attempt.number - 1, "retry_at": self._deps.clock.now()}
            tx.execute(UPDATE_STEP.values(values), {"at_run": run.id, "at_path": call.do.path})
        segment = run.segment + 1
        tx.execute(sa.update(runs).where(runs.c.id == run.id).values(status="queued", owner=None, segment=segment))
        self._deps.engine.enqueue(tx, run.id, segment)

    def record_orphaned_result(self, tx: sa.Connection, run_id: str, result: StepResult) -> None:
        """Write the result of a call that was still out when the run ended."""
        last = tx.execute(sa.select(sa.func.max(steps.c.seq)).where(steps.c.run_id == run_id)).scalar() or 0
        values = {
            "status": "succeeded" if result.failure is None else "failed",
            "value": result.recorded(tx),
            "seq": last + 1,
            "at": self._deps.clock.now(),
            "failure": result.failure and failure_to_json(result.failure),
        }
        tx.execute(
            UPDATE_STEP.where(steps.c.status == "started").values(values),
            {"at_run": run_id, "at_path": result.do.path},
        )

    # -- the state as it is now --------------------------------------------------------------------------------------

    def _begin(self, tx: sa.Connection, state: RunState) -> TurnChanges:
        canceled = False
        if state.stored:
            state, canceled = self._fence(tx, state)
        return TurnChanges.of(tx, self._deps.workflows, state, canceled=canceled)

    def _fence(self, tx: sa.Connection, state: RunState) -> tuple[RunState, bool]:
        """Lock the run's row; return the current state and whether the run was canceled."""
        rows = compiled_statements.rows(tx, _FENCE, {"run_id": state.run.id})
        if not rows or rows[0][0] != state.run.epoch:
            raise Superseded
        _, segment, canceled = rows[0]
        if segment != state.run.segment:
            state = _reloaded(tx, state, segment)
        return state, canceled

    # -- what the workflow says --------------------------------------------------------------------------------------

    def _proceed(self, changes: TurnChanges, max_steps: int | None) -> TurnResult:
        limits = self._deps.limits
        allowed = max_steps if max_steps is not None else limits.turn_steps
        until = monotonic() + limits.turn_seconds
        recorded = changes.replay.recorded
        while True:
            state = changes.replay.next()
            if isinstance(state, Finished):
                return self._finish(changes, state)
            before = len(recorded)
            changes.wrote = False
            for command in state:
                parked_until = self._commands.begin(changes, command)
                if parked_until is not None:
                    return self._suspend(changes, parked_until)
                if len(recorded) > before:
                    break  # the result may change what its siblings in `parallel` should do
            if len(recorded) == before:
                return self._what_next(changes)
            if (len(recorded) >= allowed or monotonic() > until) and changes.wrote and not changes.calls:
                return changes.result(again=True)

    def _what_next(self, changes: TurnChanges) -> TurnResult:
        open_now = changes.open.values()
        soonest = min((step.until for step in open_now if not step.in_flight and step.until), default=None)
        if changes.calls or any(step.in_flight for step in open_now):
            return changes.result(calls=True, again_at=soonest)
        if soonest is not None and not any(step.waiting for step in open_now):
            pause = (soonest - self._deps.clock.now()).total_seconds()
            if pause <= self._deps.limits.max_inline_wait:
                return changes.result(again_at=soonest)
        return self._suspend(changes, soonest)

    # -- ends of a segment -------------------------------------------------------------------------------------------

    def _finish(self, changes: TurnChanges, state: Finished) -> TurnResult:
        if state.status == "failed":
            rows = [_step_done(row) for row in changes.step_inserts]
            stored = changes.before.stored
            ending = ending_of(changes.tx, changes.run, state.failure, state.http_status, rows, stored=stored)
            self._end(changes, ending.status, state.failure, ending.http_status, state.path)
        else:
            changes.run.output = state.output
            changes.run.outcome = "filtered" if state.status == "filtered" else None
            self._end(changes, "succeeded", None, state.http_status, None)
        return changes.result(done=True)

    def _end(
        self,
        changes: TurnChanges,
        status: Literal["succeeded", "failed", "refused", "canceled"],
        failure: StepFailure | None,
        http_status: int,
        path: str | None,
    ) -> None:
        run = changes.run
        run.status = status
        run.failure = None if failure is None else {**failure_to_json(failure), "path": path}
        run.http_status = http_status
        run.finished_at = self._deps.clock.now()
        run.owner = run.wake_at = run.waiting_for = run.parked_on = None
        run.blocked = False
        if status == "succeeded" and run.forked_from is not None:
            resolve_by_run(changes.tx, run, run.forked_from, run.finished_at)
        changes.ended = True
        self._commands.notify(changes)

    def _suspend(self, changes: TurnChanges, until: dt.datetime | None) -> TurnResult:
        run = changes.run
        run.status = "waiting"
        run.owner = None
        run.wake_at = until
        run.segment += 1
        run.waiting_for = run.waiting_for or {"until": until}
        if until is not None:
            self._deps.engine.enqueue(changes.tx, run.id, run.segment, at=until)
        return changes.result(done=True)


def _step_done(row: StepRow) -> StepDone:
    return StepDone(row["verb"], row["action"], row["status"], row["failure"], row["value"])


def _reloaded(tx: sa.Connection, state: RunState, segment: int) -> RunState:
    """Return the state with the current journal, after the arrival of what the run waited for."""
    run = copy_run(state.run)
    run.segment = segment
    journal = load_journal(tx, run.id)
    in_flight = {path: step for path, step in state.open.items() if step.in_flight}
    return dataclasses.replace(
        state, run=run, entries=tuple(journal.entries), open=open_steps(journal) | in_flight, seq=journal.seq
    )
