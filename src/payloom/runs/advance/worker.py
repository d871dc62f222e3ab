"""Advances runs in this process: claims them, alternates between turns (transactions) and outside calls, ends
segments.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.connectors.port import StepFailed
from payloom.db.errors import CommitUnknown, DatabaseUnavailable
from payloom.db.types import dump_json
from payloom.inbox.service import load
from payloom.kit.clock import monotonic
from payloom.runs import tracing
from payloom.runs.advance.replay import broken
from payloom.runs.advance.run_session import Drive
from payloom.runs.advance.turn_changes import Call, Settled, Turn
from payloom.runs.coordination.lanes import requeue
from payloom.runs.dependencies import Parts
from payloom.runs.errors import Superseded
from payloom.runs.models import runs
from payloom.runs.run_rows import Run, load_journal, load_run
from payloom.workflows.program.commands import StepFailure

log = logging.getLogger("payloom.runs")

_EARLY = 5.0
"""A waiting run whose time is further away than this was woken by a stale entry (clocks differ by less)."""
_PAUSES = (0.05, 0.2, 1.0, 3.0)


def _outcome(failure: StepFailure | None) -> str:
    if failure is None:
        return "succeeded"
    if failure.data.get("in_doubt"):
        return "unknown"
    return "again" if failure.retryable else "refused"


class Driver:
    """The runs this process advances."""

    def __init__(self, parts: Parts) -> None:
        """Begin with none."""
        self._parts = parts
        self._local: set[str] = set()
        self._again: set[str] = set()
        self._adopted: set[asyncio.Task[None]] = set()
        self._slots = parts.figures.direct
        self._loop: asyncio.AbstractEventLoop | None = None

    # -- for the engine ----------------------------------------------------------------------------------------------

    async def advance(self, run_id: str) -> None:
        """Advance a run until it ends or waits; nothing to do if another worker does, or if it is over."""
        if run_id in self._local:
            self._again.add(run_id)
            return
        self._local.add(run_id)
        try:
            while True:
                self._again.discard(run_id)
                drive = await self._parts.database.write(lambda tx: self.claim(tx, run_id))
                if drive is not None:
                    await self._drive(drive, Turn(again=True))
                if run_id not in self._again:
                    return
        finally:
            self._local.discard(run_id)

    def claim(self, tx: sa.Connection, run_id: str) -> Drive | None:
        """Within `tx`, make this worker the owner of a run that is to be advanced; None if there is nothing to do."""
        run = load_run(tx, run_id, lock=True)
        if run is None or run.finished or run.blocked:
            return None
        mine = self._parts.engine.worker_id
        if run.status == "running" and run.owner not in (None, mine):
            return None
        now = self._parts.clock.now()
        if run.status == "waiting" and (run.wake_at is None or (run.wake_at - now).total_seconds() > _EARLY):
            return None
        run.status, run.owner, run.wake_at, run.waiting_for, run.parked_on = "running", mine, None, None, None
        run.epoch += 1
        run.updated_at = now
        tx.execute(
            sa.update(runs)
            .where(runs.c.id == run_id)
            .values(
                status="running",
                owner=mine,
                wake_at=None,
                waiting_for=None,
                parked_on=None,
                epoch=run.epoch,
                updated_at=now,
            )
        )
        self._parts.scripts.ensure(tx, run.start())
        event = load(tx, run.event_id) if run.event_id is not None else None
        return Drive(self._parts, run, load_journal(tx, run_id), event)

    async def takeover(self, worker: str) -> None:
        """Put the runs of a dead (or leaving) worker back on the queue."""
        mine = worker == self._parts.engine.worker_id

        def work(tx: sa.Connection) -> int:
            query = sa.select(runs.c.id, runs.c.segment).where(runs.c.owner == worker, runs.c.status == "running")
            found = tx.execute(query.with_for_update()).all()
            for row in found:
                requeue(self._parts, tx, row.id, row.segment)
            return len(found)

        if mine:
            await self.drain(0.0)
        try:
            taken = await self._parts.database.write(work)
        except CommitUnknown:
            # Done again at worst: what is stored already is this worker's no longer.
            taken = await self._parts.database.write(work)
        if taken:
            log.info("%d runs of worker %s are back on the queue", taken, worker)

    # -- for runs begun in this process ------------------------------------------------------------------------------

    def has_slot(self) -> bool:
        """Whether this process may advance one more run directly. Called from database threads."""
        return self._loop is not None and self._slots > 0

    def adopt(self, drive: Drive, turn: Turn) -> None:
        """Go on with a run whose first turn has just been committed and left something to do. Any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._adopt, drive, turn)

    def _adopt(self, drive: Drive, turn: Turn) -> None:
        self._slots -= 1
        drive.committed()
        self._local.add(drive.run.id)
        task = asyncio.create_task(self._drive_adopted(drive, turn), name=f"payloom-run-{drive.run.id}")
        self._adopted.add(task)
        task.add_done_callback(self._adopted.discard)

    async def _drive_adopted(self, drive: Drive, turn: Turn) -> None:
        run_id = drive.run.id
        try:
            await self._drive(drive, turn)
        finally:
            self._slots += 1
            self._local.discard(run_id)
        if run_id in self._again:
            await self.advance(run_id)

    def working(self) -> None:
        """From now on this process advances runs directly. Called on the loop that is to do it."""
        self._loop = asyncio.get_running_loop()

    def is_local(self, run_id: str) -> bool:
        """Whether this process advances the run now."""
        return run_id in self._local

    async def drain(self, grace: float) -> None:
        """Adopt no more; wait up to `grace` seconds for what runs, then cancel the rest (recovery finishes it)."""
        self._loop = None
        if self._adopted and grace:
            await asyncio.wait(set(self._adopted), timeout=grace)
        rest = set(self._adopted)
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=5.0)

    # -- the loop ----------------------------------------------------------------------------------------------------

    async def _drive(self, drive: Drive, turn: Turn) -> None:
        with tracing.segment(drive.run) as span:
            try:
                await self._segment(drive, turn)
            finally:
                tracing.ended(span, drive.run.status)

    async def _segment(self, drive: Drive, turn: Turn) -> None:
        flying: dict[asyncio.Task[Settled], Call] = {}
        try:
            while not turn.done:
                for call in turn.calls:
                    flying[asyncio.create_task(self._traced(call, drive.run))] = call
                settled = [] if turn.again else await self._wait(flying, turn)
                turn = await self._turn(drive, settled)
            if flying:
                await self._finish_late(drive, flying)
        except Superseded:
            log.info("run %s goes on elsewhere", drive.run.id)
        finally:
            for task in flying:
                task.cancel()

    async def _wait(self, flying: dict[asyncio.Task[Settled], Call], turn: Turn) -> list[Settled]:
        pause = None
        if turn.again_at is not None:
            pause = max(0.0, (turn.again_at - self._parts.clock.now()).total_seconds()) + 0.001
        if not flying:
            await asyncio.sleep(pause or 0.0)
            return []
        done, _ = await asyncio.wait(flying, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            del flying[task]
        return [task.result() for task in done]

    async def _turn(self, drive: Drive, settled: Sequence[Settled]) -> Turn:
        tries = 0
        while True:
            try:
                turn = await self._parts.database.write(lambda tx: drive.turn(tx, settled))
            except (CommitUnknown, exc.IntegrityError) as error:
                # Perhaps stored, perhaps written by another worker: read again what is there, and go on from that.
                log.warning("run %s: reading its journal again (%s)", drive.run.id, type(error).__name__)
                self._again.add(drive.run.id)
                raise Superseded from error
            except Superseded:
                raise
            except (DatabaseUnavailable, exc.OperationalError, exc.InterfaceError):
                log.warning("run %s: the database is away; its results are kept", drive.run.id, exc_info=tries == 0)
                await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
                tries += 1
            except Exception as error:
                log.exception("run %s: its turn failed", drive.run.id)
                failure = broken(error)
                turn = await self._parts.database.write(lambda tx, failure=failure: drive.fail(tx, failure))
                drive.committed()
                return turn
            else:
                drive.committed()
                return turn

    async def _traced(self, call: Call, run: Run) -> Settled:
        began = monotonic()
        with tracing.step(call, run) as span:
            answer = await self._perform(call)
            if answer.failure is not None:
                tracing.failed(span, answer.failure)
        if self._parts.watch is not None:
            self._parts.watch.step_ended(call.do.verb, _outcome(answer.failure), monotonic() - began)
        return answer

    async def _perform(self, call: Call) -> Settled:
        do = call.do
        timeout = do.timeout if do.timeout is not None else self._parts.figures.step_timeout
        try:
            async with asyncio.timeout(timeout):
                value = await self._parts.outside.perform(do, call.attempt)
            dump_json(value)
        except StepFailed as failed:
            return Settled(do, failure=failed.failure)
        except TimeoutError:
            message = f"{do.verb} {do.action} has not answered within {timeout:g} s."
            hint = "It may have had its effect all the same; the next try goes out under the same key."
            failure = StepFailure("timeout", message, status=504, hint=hint, data={"in_doubt": True}, retryable=True)
            return Settled(do, failure=failure)
        except Exception as error:
            log.exception("run %s, step %s failed", call.attempt.run_id, do.path)
            message = f"The step failed inside Payloom: {type(error).__name__}."
            return Settled(do, failure=StepFailure("internal", message, where=do.path, hint="See the server's log."))
        return Settled(do, value=value)

    async def _finish_late(self, drive: Drive, flying: dict[asyncio.Task[Settled], Call]) -> None:
        """The run ended while calls of parallel branches were still out: note what came of them."""
        done, _ = await asyncio.wait(flying)
        for task in done:
            answer = task.result()
            await self._parts.database.write(lambda tx, answer=answer: drive.record_late(tx, answer))
        flying.clear()
