"""The runs room's front door: take events in, start runs and answer their callers, advance, cancel, retry, fork,
decide.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import OutsideHost, TableHost
from payloom.db.database import Database
from payloom.db.errors import DatabaseError
from payloom.engine.port import Engine
from payloom.inbox.service import InboxEvent, load
from payloom.kit.clock import Clock, monotonic
from payloom.runs.advance import table_triggers
from payloom.runs.advance.worker import RunWorker
from payloom.runs.control import cancel, fork, retry
from payloom.runs.coordination import parking, waits
from payloom.runs.dependencies import RunDependencies, RunLimits, RunObserver
from payloom.runs.errors import NotAllowed, RunUnknown, WrongState
from payloom.runs.intake import callers
from payloom.runs.intake.callers import Caller, RunResponse, Waiters, await_response, response_of
from payloom.runs.intake.intake import IntakeResult, event_run, intake, start_run
from payloom.runs.intake.intake_batcher import IntakeBatcher
from payloom.runs.models import waits as waits_table
from payloom.runs.registry import RowChange, TriggerKind, WorkflowRegistry
from payloom.runs.run_rows import Run, event_run_id, load_run
from payloom.runs.scheduling.retention import prune
from payloom.runs.scheduling.runner import fire_due
from payloom.runs.scheduling.schedules import Schedule, ask, next_moments, upsert_schedules
from payloom.runs.scheduling.sweeper import sweep
from payloom.views.run_queries import RunQueries

log = logging.getLogger("payloom.runs")

_SWEEP = 30.0
_ASK = 50.0
"""Seconds after which a worker says again which schedules it has."""
_LOOK = 15.0
"""The timetable is looked at this often at least: another process may have published, clocks jump."""


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
        observe: Callable[[sa.Connection, InboxEvent], None] | None = None,
        watch: RunObserver | None = None,
    ) -> None:
        """Wire the parts. Nothing runs before start()."""
        self._waiters = Waiters()
        self._deps = RunDependencies(
            database,
            engine,
            clock,
            workflows,
            tables,
            outside,
            limits or RunLimits(),
            self._waiters.notify,
            observe,
            watch,
        )
        self._worker = RunWorker(self._deps)
        self._batcher = IntakeBatcher(self._deps, self._worker)
        self._sweeper: asyncio.Task[None] | None = None
        self.queries = RunQueries(database)

    # -- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to advance runs in this process, after taking over what dead processes left. Needs a running loop."""
        await self._deps.engine.start(self._worker.advance, self._worker.takeover)
        self._worker.enable_local_runs()
        self._sweeper = asyncio.create_task(self._sweep(), name="payloom-sweeper")

    async def stop(self, grace: float = 10.0) -> None:
        """Finish what runs for up to `grace` seconds; the rest goes on in the next process."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper
            self._sweeper = None
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
        found = await self._deps.database.write(lambda tx: sweep(self._deps, self._worker, tx))
        if found:
            log.warning("%d runs had lost their wake-up", found)
        return found

    async def tick(self) -> Sequence[str]:
        """Start the runs of schedules whose moment has come (once, however many workers ask); returns their ids."""
        started: list[str] = []
        for one in self._deps.workflows.schedules():
            while found := await self._deps.database.write(
                lambda tx, one=one: fire_due(self._deps, self._worker, tx, one)
            ):
                started += found
        return started

    async def run_scheduler(self) -> None:
        """Tick at each next moment, until canceled; failures are logged and tried again."""
        asked = -_ASK
        missing: Sequence[Schedule] = []
        try:
            while True:
                pause = _LOOK
                try:
                    if wanted := self._deps.workflows.schedules():
                        if monotonic() - asked >= _ASK:
                            asked = monotonic()
                            missing = await self._deps.database.write(
                                functools.partial(self._ask, wanted=wanted, before=missing)
                            )
                        coming = await self._deps.database.read(functools.partial(next_moments, wanted=wanted))
                        now = self._deps.clock.now()
                        if any(at <= now for at in coming.values()):
                            await self.tick()
                            continue
                        pause = min([_LOOK, *((at - now).total_seconds() for at in coming.values())])
                except Exception:
                    log.exception("the timetable failed; trying again in %s s", _LOOK)
                await asyncio.sleep(max(pause, 0.05))
        finally:
            with contextlib.suppress(DatabaseError):
                await self._deps.database.write(functools.partial(self._ask, wanted=[], before=[]))

    def _ask(self, tx: sa.Connection, wanted: Sequence[Schedule], before: Sequence[Schedule]) -> Sequence[Schedule]:
        """Within `tx`, say which schedules this worker has; returns those without a row. before: what it returned."""
        now, here = self._deps.clock.now(), next_moments(tx, wanted) if wanted else {}
        missing = [one for one in wanted if one.row_name not in here]
        ask(tx, self._deps.engine.worker_id, wanted, now)
        if missing and missing == before:
            # Twice in a row, so it is no change that this worker has yet to hear of: an older one has started since.
            self._deps.database.write_lock(tx, "schedules")
            upsert_schedules(tx, wanted, now, alone=False, since=now - dt.timedelta(seconds=3 * _ASK))
        return missing

    async def prune(self, *, days: float = 90.0) -> int:
        """Delete succeeded and canceled runs, and events, older than `days` (at least 31; Stripe lists 30)."""
        before = self._deps.clock.now() - dt.timedelta(days=max(days, 31.0))
        deleted = 0
        while batch := await self._deps.database.write(lambda tx: prune(tx, before=before)):
            deleted += batch
            await asyncio.sleep(0.02)
        return deleted

    # -- events ------------------------------------------------------------------------------------------------------

    def intake(self, tx: sa.Connection, event: InboxEvent) -> IntakeResult:
        """Within `tx`: store the event, start at most one run per workflow, do what only needs the database."""
        return intake(self._deps, self._worker, tx, event)

    async def ingest(self, event: InboxEvent) -> IntakeResult:
        """`intake` in a transaction of its own, or one shared with others that arrive now; done when it returns. A
        second delivery changes nothing.
        """
        return await self._batcher.ingest(event)

    @property
    def taken(self) -> int:
        """How many events were handed to `ingest` in this process."""
        return self._batcher.taken

    async def replay(self, event_id: str, *, workflow_id: str | None = None) -> Sequence[str]:
        """Run a stored event again: new runs (with new keys) of the current versions; returns their ids."""

        def work(tx: sa.Connection) -> list[str]:
            event = load(tx, event_id)
            if event is None:
                raise RunUnknown(f"There is no event {event_id!r}.", hint="List them with `payloom events`.")
            started = []
            for start in self._deps.workflows.starts(event):
                if workflow_id in (None, start.workflow_id):
                    first = event_run_id(event.id, start.workflow_id)
                    run = event_run(self._deps, event, start, again_of=first)
                    started.append(start_run(self._deps, self._worker, tx, run, event, start))
            return started

        return await self._deps.database.write(work)

    # -- callers -----------------------------------------------------------------------------------------------------

    async def call(
        self,
        workflow_id: str,
        inputs: Mapping[str, Any],
        *,
        request: Caller | None = None,
        trigger: TriggerKind = "api",
        trigger_index: int = 0,
        wait: float | None = None,
    ) -> RunResponse:
        """Start a run (inputs already validated) and wait up to `wait` seconds for its answer (0: do not wait).

        A call with the `dedupe` value (or `once`) of an earlier one gets that run's answer, also while it is on its
        way.
        Raises `WorkflowUnknown`.
        """
        sent = request or Caller()
        run = callers.run_for_caller(self._deps, workflow_id, inputs, sent, trigger, trigger_index)

        def work(tx: sa.Connection) -> tuple[Run, bool]:
            fresh = dataclasses.replace(run)
            run_id, repeated = callers.start_for_caller(self._deps, self._worker, tx, fresh, sent, trigger)
            found = load_run(tx, run_id)
            assert found is not None
            return found, repeated

        found, repeated = await self._deps.database.write(work)
        answer = response_of(found, repeated=repeated)
        seconds = self._deps.limits.answer_within if wait is None else wait
        if answer.state != "running" or seconds <= 0:
            return answer
        return await await_response(self._deps, self._waiters, found.id, seconds=seconds, repeated=repeated)

    async def answer(self, run_id: str, *, wait: float = 0.0) -> RunResponse:
        """Return what a run answers, waiting for it up to `wait` seconds. Raises `RunUnknown`."""
        return await await_response(self._deps, self._waiters, run_id, seconds=wait)

    # -- people ------------------------------------------------------------------------------------------------------

    async def cancel(self, run_id: str) -> Run:
        """End a run. One that is being advanced ends after the step it is doing. Raises `RunUnknown`, `WrongState`."""
        return await self._deps.database.write(lambda tx: cancel(self._worker, tx, run_id))

    async def retry(self, run_id: str) -> Run:
        """Try a failed run's failed step again, under the same idempotency key. Raises `RunUnknown`, `WrongState`."""
        return await self._deps.database.write(lambda tx: retry(self._deps, tx, run_id))

    async def fork(
        self, run_id: str, *, path: str | None = None, inputs: Mapping[str, Any] | None = None, newest: bool = False
    ) -> Run:
        """Begin a new run from an old one's history up to the step at `path` (which is done again, under a new key).

        inputs: replace the old ones; steps before `path` keep their results, so inputs with which the run would have
        gone another way before it are refused with `WrongState`. newest: on the current version.
        """
        return await self._deps.database.write(
            lambda tx: fork(self._deps, self._worker, tx, run_id, path, inputs, newest=newest)
        )

    async def decide(
        self, run_id: str, path: str, *, approved: bool, by: str, roles: Sequence[str], note: str | None = None
    ) -> None:
        """Say yes or no to an approval step. Raises `NotAllowed` without one of its roles, `WrongState` if it is
        over.
        """

        def work(tx: sa.Connection) -> None:
            query = sa.select(waits_table).where(
                waits_table.c.run_id == run_id, waits_table.c.path == path, waits_table.c.kind == "approval"
            )
            row = tx.execute(query).one_or_none()
            if row is None:
                raise WrongState(f"Run {run_id} does not wait for a decision at step {path}.", hint="Reload the run.")
            if not set(row.details["roles"]) & set(roles):
                raise NotAllowed("This decision is for: " + ", ".join(row.details["roles"]) + ".")
            value = {"approved": approved, "by": by, "at": self._deps.clock.now(), "note": note}
            if not waits.answer(self._deps, tx, run_id, path, value):
                raise WrongState(f"Run {run_id} no longer waits at step {path}.", hint="Reload the run.")

        await self._deps.database.write(work)

    def rows_changed(self, tx: sa.Connection, verb: str, table: str, *changes: RowChange) -> None:
        """Within `tx`, which changed a user's table by other means than a run: wake the runs that wait for its rows,
        and start those that the changes start.
        """
        parking.wake_parked(self._deps, tx, verb, table)
        table_triggers.started(self._deps, tx, *changes)
