"""The runs room's front door: take events in, start runs and answer their callers, cancel, retry, fork, decide."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import OutsideHost, TableHost
from payloom.db.database import Database
from payloom.engine.port import Engine
from payloom.engine.tasks import cancel
from payloom.inbox.service import InboxEvent, load, set_aside
from payloom.inbox.set_aside import CAN_BE_HANDLED, why
from payloom.kit.clock import Clock, monotonic
from payloom.runs.advance.run_starter import RunStarter
from payloom.runs.advance.steps.table_triggers import TableTriggers
from payloom.runs.advance.worker import RunWorker
from payloom.runs.control import Fork, RunControl
from payloom.runs.coordination import resolution
from payloom.runs.coordination.parking import Parking
from payloom.runs.coordination.waits import Waits
from payloom.runs.dependencies import RunDependencies, RunLimits, RunObserver, keyed_at_stripe
from payloom.runs.errors import RunUnknown, WrongState
from payloom.runs.intake.callers import (
    Caller,
    CallerRuns,
    Pause,
    ResponseWaiters,
    RunResponse,
    response_of,
)
from payloom.runs.intake.intake import Intake, IntakeResult
from payloom.runs.intake.intake_batcher import IntakeBatcher
from payloom.runs.lost_time import read_lost_time
from payloom.runs.registry import RowChange, TriggerKind, WorkflowRegistry
from payloom.runs.run_rows import Run, first_run_of, load_run
from payloom.runs.scheduling.retention import PruneHook, Pruning, Retention
from payloom.runs.scheduling.runner import ScheduleRunner
from payloom.runs.scheduling.sweeper import Sweeper
from payloom.runs.start_rights import Person, permit_start
from payloom.workflows.program.commands import Do

log = logging.getLogger("payloom.runs")

_SWEEP = 30.0


class RunService:
    """Everything the api, the command line and the studio do with runs."""

    def __init__(  # noqa: PLR0917 - the seams, once
        self,
        database: Database,
        engine: Engine,
        clock: Clock,
        workflows: WorkflowRegistry,
        tables: TableHost,
        outside: OutsideHost,
        limits: RunLimits | None = None,
        *,
        on_event_stored: Callable[[sa.Connection, InboxEvent], None] | None = None,
        observer: RunObserver | None = None,
        on_prune: PruneHook | None = None,
        repeats_safely: Callable[[Do], bool] = keyed_at_stripe,
        offers: Callable[[str, str], bool] = lambda _verb, _name: True,
    ) -> None:
        """Wire the services; nothing runs before start().

        on_prune: deletes what others keep about deleted rows. repeats_safely, offers: see `RunDependencies`.
        """
        self._waiters = ResponseWaiters()
        self._deps = deps = RunDependencies(
            database,
            engine,
            clock,
            workflows,
            tables,
            outside,
            limits or RunLimits(),
            self._waiters.notify,
            on_event_stored,
            observer,
            repeats_safely,
            offers,
        )
        self._worker = RunWorker(deps)
        self._starter = RunStarter(deps, self._worker)
        self._intake = Intake(deps, self._starter)
        self._batcher = IntakeBatcher(deps, self._intake)
        self._callers = CallerRuns(deps, self._starter, self._worker.is_local)
        self.control = RunControl(deps, self._worker, self._starter)
        """Cancels, retries, and forks within the caller's transaction."""
        self._schedules = ScheduleRunner(deps, self._starter)
        self._sweeper = Sweeper(deps, self._worker)
        self._waits = Waits(deps)
        self._parking = Parking(deps)
        self._table_triggers = TableTriggers(deps)
        self._on_prune = on_prune
        self._sweeping: asyncio.Task[None] | None = None

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to advance runs in this process, after taking over what dead processes left. Needs a running loop."""
        now = self._deps.clock.now()
        self._deps.restoration.lost = await self._deps.database.read(lambda tx: read_lost_time(tx, now))
        await self._deps.engine.start(self._worker.advance, self._worker.takeover)
        self._worker.enable_local_runs()
        self._sweeping = asyncio.create_task(self._sweep(), name="payloom-sweeper")

    async def stop(self, grace: float = 10.0) -> None:
        """Finish running steps for up to `grace` seconds; the next process resumes the rest."""
        sweeping, self._sweeping = self._sweeping, None
        await cancel(sweeping)
        await self._worker.drain(grace)
        await self._deps.engine.stop(grace)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP)
            try:
                await self.sweep()
            except Exception:
                log.exception("the sweep failed; trying again in %s s", _SWEEP)

    async def sweep(self) -> int:
        """Put runs back on the queue whose wake-up got lost (there should be none); returns how many."""
        requeued = await self._deps.database.write(self._sweeper.sweep)
        if requeued:
            log.warning("%d runs had lost their wake-up", requeued)
        return requeued

    async def tick(self) -> Sequence[str]:
        """Start the runs of schedules that are due (once, whichever worker comes first); returns their ids."""
        return await self._schedules.tick()

    async def run_scheduler(self) -> None:
        """Tick whenever a schedule is due, until canceled; failures are logged and tried again."""
        await self._schedules.run()

    async def prune(self, keep: Retention = Retention()) -> int:  # noqa: B008 - a value
        """Delete the runs, events and mails that are kept no longer; return how many of all."""
        now, pruning = self._deps.clock.now(), Pruning(keep, self._on_prune)
        deleted = 0
        while batch := await self._deps.database.write(lambda tx: pruning.batch(tx, now)):
            deleted += batch
            await asyncio.sleep(0.02)
        return deleted

    # -- events ------------------------------------------------------------------------------------------------------

    def intake(self, tx: sa.Connection, event: InboxEvent) -> IntakeResult:
        """Within `tx`: store the event, start at most one run per workflow, do what only needs the database."""
        return self._intake.intake(tx, event)

    async def ingest(self, event: InboxEvent) -> IntakeResult:
        """`intake` in a transaction of its own, or one shared with others that arrive now; durable when it returns.

        A second delivery changes nothing.
        """
        return await self._batcher.ingest(event)

    @property
    def ingested(self) -> int:
        """How many events this process was given by `ingest`."""
        return self._batcher.ingested

    async def replay(self, event_id: str, *, person: Person, workflow_id: str | None = None) -> Sequence[str]:
        """Run a stored event again: new runs (with new keys) of the current versions; returns their ids.

        Raises `NotAllowed`.
        """
        workflows = None if workflow_id is None else {workflow_id}
        return await self._deps.database.write(
            lambda tx: self.replay_within(tx, event_id, person=person, workflows=workflows)
        )

    def replay_within(
        self, tx: sa.Connection, event_id: str, *, person: Person, workflows: Collection[str] | None = None
    ) -> Sequence[str]:
        """`replay` in the caller's transaction. workflows: the ones to start; None starts all that match."""
        permit = permit_start(person, "replay")
        event = load(tx, event_id)
        if event is None:
            raise RunUnknown(f"There is no event {event_id!r}.", hint="List them with `payloom events list`.")
        if event.set_aside is not None and event.set_aside not in CAN_BE_HANDLED:
            reason = why(event.set_aside)
            raise WrongState(f"The event is set aside. {reason['message']}", hint=reason["hint"])
        started: list[str] = []
        for start in self._deps.workflows.starts(event):
            if workflows is None or start.workflow_id in workflows:
                first = first_run_of(tx, event, start.workflow_id)
                run = self._starter.event_run(event, start, again_of=first)
                run.request = {**run.facts, "started_by": permit.origin}
                started.append(self._starter.start_run(tx, run, event, start))
        if started and event.set_aside is not None:
            set_aside(tx, event.id, None)
        return started

    # -- callers -----------------------------------------------------------------------------------------------------

    async def call(
        self,
        workflow_id: str,
        inputs: Mapping[str, Any],
        *,
        caller: Caller | None = None,
        trigger: TriggerKind = "api",
        trigger_index: int = 0,
        wait: float | None = None,
    ) -> RunResponse:
        """Start a run (inputs already validated) and wait up to `wait` seconds for its response (0: do not wait).

        A call with the `dedupe` value (or `once`) of an earlier one gets that run's response, also while it is running,
        unless it belongs to another user. Raises `WorkflowUnknown`, `KeyTaken`.
        """
        by = caller or Caller()
        new = self._callers.run_for_caller(workflow_id, inputs, by, trigger, trigger_index)

        def work(tx: sa.Connection) -> tuple[Run, bool]:
            run_id, repeated = self._callers.start_for_caller(tx, dataclasses.replace(new), by, trigger)
            run = load_run(tx, run_id)
            assert run is not None
            return run, repeated

        with self._waiters.waiting(new.id) as answered:
            run, repeated = await self._deps.database.write(work)
            response = response_of(run, repeated=repeated)
            seconds = self._deps.limits.answer_within if wait is None else wait
            if response.state != "running" or seconds <= 0:
                return response
            began = monotonic()
            if not repeated:  # else another run answers
                await self._callers.wait_for_answer(answered, run.id, seconds)
        seconds -= monotonic() - began
        return await self._callers.await_response(self._waiters, run.id, seconds=seconds, repeated=repeated)

    async def answer(self, run_id: str, *, wait: float = 0.0) -> RunResponse:
        """Return a run's response, waiting for it up to `wait` seconds. Raises `RunUnknown`."""
        return await self._callers.await_response(self._waiters, run_id, seconds=wait)

    async def answer_or_pause(
        self, run_id: str, *, seconds: float, longest: float | None = None
    ) -> tuple[RunResponse, Pause | None]:
        """Return a run's response as soon as it has one, or what it waits for; see `CallerRuns.answer_or_pause`."""
        return await self._callers.answer_or_pause(self._waiters, run_id, seconds=seconds, longest=longest)

    # -- people ------------------------------------------------------------------------------------------------------

    async def cancel(self, run_id: str) -> Run:
        """End a run. One that is being advanced ends after the step it is doing. Raises `RunUnknown`, `WrongState`."""
        return await self._deps.database.write(lambda tx: self.control.cancel(tx, run_id))

    async def retry(self, run_id: str, *, person: Person) -> Run:
        """Retry a failed run from its failed step, under the same idempotency key.

        Raises `RunUnknown`, `WrongState`, `NotAllowed`.
        """
        return await self._deps.database.write(lambda tx: self.control.retry(tx, run_id, person))

    async def fork(
        self,
        run_id: str,
        *,
        person: Person,
        path: str | None = None,
        inputs: Mapping[str, Any] | None = None,
        newest: bool = False,
        as_user: Mapping[str, Any] | None = None,
    ) -> Run:
        """Begin a new run from an old one's history up to the step at `path` (which is done again, under a new key).

        inputs: replace the old ones; steps before `path` keep their results, so inputs with which the run would have
        gone another way before it are refused with `WrongState`. newest: on the current version. as_user: the user that
        an admin chose for a run with other inputs; else that is the person themselves. Raises `NotAllowed`,
        `InvalidInput`.
        """
        fork = Fork(path, inputs, newest, as_user)
        return await self._deps.database.write(lambda tx: self.control.fork(tx, run_id, fork, person))

    async def resolve(self, run_id: str, *, by: str, note: str | None = None) -> None:
        """Mark a failed run as resolved: it needs nobody any more. Raises `RunUnknown`, `WrongState`."""
        now = self._deps.clock.now()
        await self._deps.database.write(lambda tx: resolution.resolve_by_hand(tx, run_id, by=by, note=note, now=now))

    async def reopen(self, run_id: str) -> None:
        """Mark a resolved run as unresolved again. Raises `RunUnknown`, `WrongState`."""
        await self._deps.database.write(lambda tx: resolution.reopen(tx, run_id))

    async def decide(
        self, run_id: str, path: str, *, approved: bool, by: str, roles: Sequence[str] | None, note: str | None = None
    ) -> None:
        """Approve or reject an approval step.

        roles: which the person has; None for an admin, who needs none.
        Raises `NotAllowed` without one of its roles, `WrongState` if it is over.
        """
        await self._deps.database.write(
            lambda tx: self._waits.decide(tx, run_id, path, approved=approved, by=by, roles=roles, note=note)
        )

    def rows_changed(self, tx: sa.Connection, verb: str, table: str, *changes: RowChange) -> None:
        """Start the runs that these changes trigger, and wake the runs that wait for the table's rows.

        tx: the transaction that changed a user's table by other means than a run.
        """
        self._parking.wake_parked(tx, verb, self._deps.tables.name_in_database(table))
        self._table_triggers.start_runs(tx, *changes)
