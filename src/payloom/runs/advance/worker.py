"""Advances runs in this process: claims them, alternates between turns (transactions) and outside calls."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.connectors.port import Recording, StepFailed
from payloom.db.errors import CommitUnknown, DatabaseUnavailable
from payloom.db.types import dump_json
from payloom.inbox.service import load, load_events
from payloom.kit.clock import monotonic
from payloom.runs import tracing
from payloom.runs.advance.backlog import Backlog
from payloom.runs.advance.failures import internal_failure
from payloom.runs.advance.run_state import START, RunState, StepCall, StepResult, TurnResult, loaded_state
from payloom.runs.advance.turn import Turns
from payloom.runs.coordination.lanes import Lanes
from payloom.runs.coordination.other_servers import leave_to_another
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import Superseded
from payloom.runs.models import runs
from payloom.runs.run_rows import FIRST_EPOCH, Run, load_journal, load_run, load_runs
from payloom.workflows.program.commands import StepFailure

log = logging.getLogger("payloom.runs")

_EARLY = 5.0
"""A waiting run whose time is further away than this was woken by a stale entry (clocks differ by less)."""
_PAUSES = (0.05, 0.2, 1.0, 3.0)
_TAKEN_AT_ONCE = 200
"""Runs of a dead worker in one transaction: others want to write, too."""


def _outcome(failure: StepFailure | None) -> str:
    if failure is None:
        return "succeeded"
    if failure.data.get("in_doubt"):
        return "unknown"
    return "again" if failure.retryable else "refused"


@dataclasses.dataclass(slots=True)
class RunSession:
    """A run that this process advances now. state: after its latest durable turn."""

    state: RunState

    @property
    def run(self) -> Run:
        """The run's row."""
        return self.state.run


class RunWorker:
    """The runs this process advances."""

    def __init__(self, deps: RunDependencies) -> None:
        """Begin with none."""
        self._deps = deps
        self._turns = Turns(deps)
        self._lanes = Lanes(deps)
        self._local: set[str] = set()
        self._again: set[str] = set()
        self._local_tasks: set[asyncio.Task[None]] = set()
        self._slots = deps.limits.local_slots
        self._busy = 0
        self._backlog = Backlog()
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- for the engine ----------------------------------------------------------------------------------------------

    async def advance(self, run_id: str) -> None:
        """Advance a run until it ends or waits; nothing to do if another worker does, or if it is over."""
        if run_id in self._local:
            self._again.add(run_id)
            return
        self._local.add(run_id)
        self._busy += 1
        try:
            while True:
                self._again.discard(run_id)
                state = await self._deps.database.write(lambda tx: self.claim(tx, run_id))
                if state is not None:
                    await self._run_with_span(RunSession(state), START)
                if run_id not in self._again:
                    return
        finally:
            self._local.discard(run_id)
            self._busy -= 1
            self._pump()

    def claim(self, tx: sa.Connection, run_id: str) -> RunState | None:
        """Within `tx`, make this worker the owner of a run that is to be advanced; None if there is nothing to do."""
        run = load_run(tx, run_id, lock=True)
        if run is None or run.finished or run.blocked:
            return None
        own_id = self._deps.engine.worker_id
        if run.status == "running" and run.owner not in (None, own_id):
            return None
        now = self._deps.clock.now()
        if run.status == "waiting" and (run.wake_at is None or (run.wake_at - now).total_seconds() > _EARLY):
            return None
        self._deps.workflows.ensure(tx, run.start())
        if run.owner is None and leave_to_another(self._deps, tx, run):
            return None
        run.status, run.owner, run.wake_at, run.waiting_for, run.parked_on = "running", own_id, None, None, None
        run.epoch += 1
        run.updated_at = now
        tx.execute(
            sa.update(runs)
            .where(runs.c.id == run_id)
            .values(
                status="running",
                owner=own_id,
                wake_at=None,
                waiting_for=None,
                parked_on=None,
                epoch=run.epoch,
                updated_at=now,
            )
        )
        event = load(tx, run.event_id) if run.event_id is not None else None
        return loaded_state(run, event, load_journal(tx, run_id))

    async def takeover(self, worker: str) -> None:
        """Put the runs of a dead (or leaving) worker back on the queue."""
        is_own = worker == self._deps.engine.worker_id

        def work(tx: sa.Connection) -> int:
            query = sa.select(runs.c.id, runs.c.segment).where(runs.c.owner == worker, runs.c.status == "running")
            rows = tx.execute(query.order_by(runs.c.created_at).limit(_TAKEN_AT_ONCE).with_for_update()).all()
            for row in rows:
                self._lanes.requeue(tx, row.id, row.segment)
            return len(rows)

        if is_own:
            await self.drain(0.0)
        total = 0
        while True:
            try:
                count = await self._deps.database.write(work)
            except CommitUnknown:
                # Done again at worst: what is stored already is this worker's no longer.
                count = await self._deps.database.write(work)
            total += count
            if count < _TAKEN_AT_ONCE:
                break
        if total:
            log.info("%d runs of worker %s are back on the queue", total, worker)

    # -- for runs begun in this process ------------------------------------------------------------------------------

    def has_slot(self) -> bool:
        """Whether this process may advance one more run directly. Called from database threads."""
        return self._loop is not None and self._slots > 0

    def run_locally(self, state: RunState, result: TurnResult) -> None:
        """Continue a run whose first turn has just been committed and left something to do. Called from any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._start_local, RunSession(state), result)

    def _start_local(self, session: RunSession, result: TurnResult) -> None:
        self._turns.notify_observers(session.state, result)
        self._start(session.run.id, self._run_with_span(session, result))

    def _start(self, run_id: str, work: Coroutine[Any, Any, None]) -> None:
        self._slots -= 1
        self._busy += 1
        self._local.add(run_id)
        self._keep(asyncio.create_task(self._run_local(run_id, work), name=f"payloom-run-{run_id}"))

    async def _run_local(self, run_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        finally:
            self._slots += 1
            self._busy -= 1
            self._local.discard(run_id)
            self._pump()
        if run_id in self._again:
            await self.advance(run_id)

    # -- for runs whose first turn has to wait -----------------------------------------------------------------------

    def crowded(self, begun: int) -> bool:
        """Tell whether first turns must queue for room. Called from database threads.

        begun: how many runs the transaction has begun already that are not over.
        """
        if self._loop is None or self._deps.limits.local_slots == 0:
            return False
        return bool(self._backlog) or self._busy + begun >= self._deps.limits.busy_slots or begun >= self._slots

    def admit(self, state: RunState) -> None:
        """Take the first turn of a run that has just been stored as this worker's, when there is room. Any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            self._local.add(state.run.id)
            self._backlog.add(state)
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._pump)

    def _pump(self) -> None:
        most = max(self._deps.limits.busy_slots, 1)
        while self._loop is not None and self._busy < most and self._slots > 0:
            entry = self._backlog.take()
            if entry is None:
                break
            run_id = entry if isinstance(entry, str) else entry.run.id
            self._start(run_id, self._first_turn(entry))
        if self._loop is not None and (ids := self._backlog.ids_to_read()):
            self._keep(asyncio.create_task(self._read_backlog(ids), name="payloom-backlog"))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._local_tasks.add(task)
        task.add_done_callback(self._local_tasks.discard)

    async def _first_turn(self, entry: RunState | str) -> None:
        if isinstance(entry, str):
            self._again.add(entry)  # perhaps another worker's by now: see whose it is
        else:
            await self._run_with_span(RunSession(entry), START)

    async def _read_backlog(self, ids: Sequence[str]) -> None:
        states: Mapping[str, RunState] = {}
        try:
            with contextlib.suppress(DatabaseUnavailable):
                states = await self._deps.database.read(lambda tx: self._admitted(tx, ids))
        finally:
            self._backlog.put_back(states)
        self._pump()

    def _admitted(self, tx: sa.Connection, ids: Sequence[str]) -> Mapping[str, RunState]:
        """Return the states of runs in the backlog of which only the ids were kept; none of what is not as it was."""
        own_id = self._deps.engine.worker_id
        admitted = [
            run for run in load_runs(tx, ids) if (run.status, run.owner, run.epoch) == ("running", own_id, FIRST_EPOCH)
        ]
        events = load_events(tx, [run.event_id for run in admitted if run.event_id is not None])
        for run in admitted:
            self._deps.workflows.ensure(tx, run.start())
        return {run.id: RunState(run, events.get(run.event_id or "")) for run in admitted}

    def enable_local_runs(self) -> None:
        """Let this process advance runs directly, on the running loop."""
        self._loop = asyncio.get_running_loop()

    def is_local(self, run_id: str) -> bool:
        """Whether this process advances the run now."""
        return run_id in self._local

    async def drain(self, grace: float) -> None:
        """Take no more runs; wait up to `grace` seconds for the others, then cancel them: recovery continues them."""
        self._loop = None
        self._local.difference_update(self._backlog.clear())
        if self._local_tasks and grace:
            await asyncio.wait(set(self._local_tasks), timeout=grace)
        rest = set(self._local_tasks)
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=5.0)

    # -- the loop ----------------------------------------------------------------------------------------------------

    async def _run_with_span(self, session: RunSession, result: TurnResult) -> None:
        with tracing.segment(session.run) as span:
            try:
                await self._segment(session, result)
            finally:
                tracing.ended(span, session.run.status)

    async def _segment(self, session: RunSession, result: TurnResult) -> None:
        flying: dict[asyncio.Task[StepResult], StepCall] = {}
        try:
            while not result.done:
                for call in result.calls:
                    flying[asyncio.create_task(self._traced(call, session.run))] = call
                settled = [] if result.again else await self._wait(flying, result)
                result = await self._turn(session, settled)
            if flying:
                await self._record_orphans(session, flying)
        except Superseded:
            log.info("run %s continues on another worker", session.run.id)
        finally:
            for task in flying:
                task.cancel()

    async def _wait(self, flying: dict[asyncio.Task[StepResult], StepCall], result: TurnResult) -> list[StepResult]:
        pause = None
        if result.again_at is not None:
            pause = max(0.0, (result.again_at - self._deps.clock.now()).total_seconds()) + 0.001
        self._busy -= 1
        self._pump()
        try:
            if not flying:
                await asyncio.sleep(pause or 0.0)
                return []
            done, _ = await asyncio.wait(flying, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._busy += 1
        for task in done:
            del flying[task]
        return [task.result() for task in done]

    async def _turn(self, session: RunSession, results: Sequence[StepResult]) -> TurnResult:
        """Take a turn and make its state the session's once it is durable."""
        run_id, tries = session.run.id, 0
        while True:
            try:
                state, result = await self._deps.database.write(lambda tx: self._turns.take(tx, session.state, results))
                break
            except (CommitUnknown, exc.IntegrityError) as error:
                # Perhaps stored, perhaps written by another worker: read again what is there, and go on from that.
                log.warning("run %s: reading its journal again (%s)", run_id, type(error).__name__)
                self._again.add(run_id)
                raise Superseded from error
            except Superseded:
                raise
            except (DatabaseUnavailable, exc.OperationalError, exc.InterfaceError):
                log.warning("run %s: the database is away; its results are kept", run_id, exc_info=tries == 0)
                await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
                tries += 1
            except Exception as error:
                log.exception("run %s: its turn failed", run_id)
                failure = internal_failure(error)
                state, result = await self._deps.database.write(
                    lambda tx, failure=failure: self._turns.fail(tx, session.state, failure)
                )
                break
        session.state = state
        self._turns.notify_observers(state, result)
        return result

    async def _traced(self, call: StepCall, run: Run) -> StepResult:
        began = monotonic()
        with tracing.step(call.do, call.attempt, run) as span:
            result = await self._perform(call)
            if result.failure is not None:
                tracing.failed(span, result.failure)
        if self._deps.observer is not None:
            self._deps.observer.step_ended(call.do.verb, _outcome(result.failure), monotonic() - began)
        return result

    async def _perform(self, call: StepCall) -> StepResult:
        do = call.do
        timeout = do.timeout if do.timeout is not None else self._deps.limits.step_timeout
        try:
            async with asyncio.timeout(timeout):
                value = await self._deps.outside.perform(do, call.attempt)
            if isinstance(value, Recording):
                return StepResult(do, recording=value)
            dump_json(value)
        except StepFailed as failed:
            return StepResult(do, failure=failed.failure)
        except TimeoutError:
            message = f"{do.verb} {do.action} has not answered within {timeout:g} s."
            hint = "It may have had its effect all the same; the next try goes out under the same key."
            failure = StepFailure("timeout", message, status=504, hint=hint, data={"in_doubt": True}, retryable=True)
            return StepResult(do, failure=failure)
        except Exception as error:
            log.exception("run %s, step %s failed", call.attempt.run_id, do.path)
            return StepResult(do, failure=internal_failure(error, step=do.path))
        return StepResult(do, value=value)

    async def _record_orphans(self, session: RunSession, flying: dict[asyncio.Task[StepResult], StepCall]) -> None:
        """Record the results of calls that parallel branches made before the run ended."""
        done, _ = await asyncio.wait(flying)
        for task in done:
            result = task.result()
            await self._deps.database.write(
                lambda tx, result=result: self._turns.record_orphaned_result(tx, session.run.id, result)
            )
        flying.clear()
