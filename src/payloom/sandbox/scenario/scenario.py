"""A scenario: deliveries to one project's workflows, while processes are killed and calls fail."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import OutsideHost
from payloom.email.message import Mail
from payloom.inbox.service import Inbox
from payloom.kit.clock import from_epoch
from payloom.kit.errors import PayloomError
from payloom.runs.intake.callers import Caller
from payloom.runs.publishing import schedules
from payloom.sandbox.engine import QueueTable
from payloom.sandbox.project import START, SandboxProject, WorkflowSet
from payloom.sandbox.scenario.deliveries import (
    AdvanceTime,
    CallResult,
    DecideApproval,
    Delivery,
    EventDelivery,
    ScheduleTick,
    WorkflowCall,
    call_result,
    deletes,
    names_of_new_rows,
    refused_call,
    replace_names,
)
from payloom.sandbox.scenario.faults import FaultPlan
from payloom.sandbox.scenario.initial_state import InitialState
from payloom.sandbox.scenario.process import Effect, ProcessKilled, SimulatedProcess, with_named_secrets
from payloom.sandbox.scenario.repeatable import repeatable
from payloom.sandbox.scenario.stored_rows import rows_of, run_ids, waiting_approval
from payloom.sandbox.stripe.sandbox_stripe import SandboxStripe
from payloom.workflows.program.commands import Do
from payloom.workflows.program.inputs import InvalidInput, validate_input
from payloom.workflows.program.program import ApiTrigger, ManualTrigger, Workflow

LONGEST = dt.timedelta(days=400)
"""How far a scenario advances the clock for runs that sleep."""
PATIENCE = dt.timedelta(minutes=15)
"""How long a delivery waits for the one that it follows from."""
_ROUNDS = 60
_LIVES = 60
_ADVANCES = 20_000


class Scenario:
    """One scenario. Use: `async with scenario.running(): await scenario.deliver(…); await scenario.settle()`."""

    def __init__(
        self,
        sandbox: SandboxProject,
        workflow_set: WorkflowSet,
        given: InitialState,
        *,
        faults: FaultPlan | None = None,
        strict: bool = False,
        wrap: Callable[[OutsideHost], OutsideHost] = lambda host: host,
    ) -> None:
        """strict: one delivery follows from the one before, so it comes once that is done, tries again included.

        wrap: puts something around every process's outside host; tests plant bugs with it.
        """
        self.sandbox = sandbox
        self.workflow_set = workflow_set
        self.given = given
        self.faults = faults or FaultPlan()
        self.strict = strict
        self.wrap = wrap
        self.library = sandbox.library(workflow_set, given.env)
        self.stripe = SandboxStripe(sandbox.clock, sandbox.stripe_answers())
        self.sent: list[Mail] = []
        self.mail_data: dict[str, Mapping[str, Any]] = {}
        self.effects: dict[str, Effect] = {}
        self.performed: list[tuple[str, Do]] = []
        self.acknowledged: list[str] = []
        self.answers: list[CallResult] = []
        self.trace: list[str] = []
        self.kill_points: list[str] = []
        self.seeds: dict[str, list[dict[str, Any]]] = {}
        self.ended_at = sandbox.clock.now()
        self._process: SimulatedProcess
        self._current = 0
        self._gates: list[asyncio.Future[None]] = []
        self._tasks: dict[asyncio.Task[None], int] = {}
        self._open_calls: list[str] = []
        self._inbox = Inbox(sandbox.database, sandbox.clock, ["whsec_story"], livemode=False)

    # -- life and death ----------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[Scenario]:
        """Prepare the database, start the first process, and clean up at the end."""
        with repeatable():
            try:
                self._set()
                await self._start_process()
                yield self
            finally:
                self._current = -1
                ended = self.sandbox.clock.now()
                await self._stop_process()
                self.ended_at = ended

    def _set(self) -> None:
        sandbox = self.sandbox
        sandbox.clock.set(from_epoch(self.given.now))
        sandbox.database.restore(self.workflow_set.image)
        self.library.built.clear()
        for stripe_object in self.given.objects:
            self.stripe.hold(stripe_object, START)
        self.stripe.name(self.given.customers_of_rows())
        self.stripe.give(self.given.answers)
        sandbox.database.run(lambda tx: self.given.fill(tx, sandbox.tables))
        self.seeds = sandbox.database.inspect(lambda tx: {name: rows_of(tx, name) for name in sandbox.tables.specs})

    async def _start_process(self) -> None:
        for _ in range(_LIVES):
            self._current += 1
            self._process = SimulatedProcess(self, self._current)
            try:
                await self._process.begin()
            except ProcessKilled:
                await self._stop_process()
            else:
                return
        raise AssertionError("a process that always dies")

    async def _stop_process(self) -> None:
        for gate in self._gates:
            gate.cancel()
        self._gates.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5.0)
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.exception()
        self._tasks.clear()
        with contextlib.suppress(ProcessKilled):
            await self._process.end()
        self.sandbox.clock.advance(self.faults.downtime())

    async def _restart_process(self) -> None:
        await self._stop_process()
        await self._start_process()

    def crash_point(self, process_number: int, label: str) -> None:
        """A boundary: raises Killed if the process is dead, or dies here."""
        if process_number != self._current:
            raise ProcessKilled
        if not label:
            return
        self.trace.append(label)
        if self.faults.kills(len(self.trace)):
            self.kill_points.append(f"{len(self.trace)}: {label}")
            self._current += 1
            raise ProcessKilled

    async def wait_for_turn(self) -> None:
        """Wait until the scenario lets this call continue; at once unless runs advance side by side."""
        if self.faults.interleaved:
            gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._gates.append(gate)
            await gate

    def record_effect(self, do: Do, value: Any) -> None:
        """Note what a web address or a function did, once per key."""
        self.effects.setdefault(do.key, Effect(do.verb, do.action, with_named_secrets(do.args), value))

    # -- deliveries --------------------------------------------------------------------------------------------------

    async def deliver(self, delivery: Delivery) -> None:
        """Let one thing happen to the project. A webhook that was not acknowledged comes again, as from Stripe."""
        if isinstance(delivery, EventDelivery):
            await self._event(delivery)
        elif isinstance(delivery, WorkflowCall):
            await self._call(delivery)
        elif isinstance(delivery, ScheduleTick):
            await self._moment(delivery)
        elif isinstance(delivery, AdvanceTime):
            await self.settle(until=self.sandbox.clock.now() + dt.timedelta(seconds=delivery.seconds))
        else:
            await self._decide(delivery)
        if self.strict and not isinstance(delivery, AdvanceTime):
            await self.settle(within=PATIENCE)

    async def deliver_together(self, calls: Sequence[WorkflowCall]) -> None:
        """Let several callers call at once: every run begins before one of them gets beyond its first outside call."""
        self.faults.interleaved = True
        try:
            for call in calls:
                await self._call(call, settled=False)
            await self.settle(until=self.sandbox.clock.now())
            await self.settle(within=PATIENCE)
        finally:
            self.faults.interleaved = False

    async def _event(self, delivery: EventDelivery) -> None:
        payload = self._bound(dict(delivery.payload))
        stripe_object = payload["data"]["object"]
        self.stripe.put(stripe_object, created=payload["created"], deleted=deletes(str(payload["type"]), stripe_object))
        while True:
            try:
                await self._process.service.ingest(self._inbox.parse(payload))
            except ProcessKilled:
                await self._restart_process()
            else:
                self.acknowledged.append(delivery.id)
                break
        if not self.faults.interleaved:
            await self.settle(until=self.sandbox.clock.now())

    def _bound(self, value: Any) -> Any:
        """Return the value with names of new rows (`orders#1`) replaced by their ids, as far as they are there."""
        ids = {name: key for name in names_of_new_rows(value) if (key := self._new_row(name)) is not None}
        return replace_names(value, ids) if ids else value

    def _new_row(self, name: str) -> str | None:
        table, _, number = name.partition("#")
        spec = self.sandbox.tables.specs.get(table)
        if spec is None:
            return None
        new = self.new_rows(self.sandbox.database.inspect(lambda tx: rows_of(tx, table)), table)
        return str(new[int(number) - 1]) if 0 < int(number) <= len(new) else None

    def new_rows(self, rows: Sequence[Mapping[str, Any]], table: str) -> list[Any]:
        """Return the keys of the rows that were not there at the beginning, in the order they were inserted."""
        key = self.sandbox.tables.specs[table].primary
        old = {row[key] for row in self.seeds[table]}
        return [row[key] for row in rows if row[key] not in old]

    async def _call(self, call: WorkflowCall, *, settled: bool = True) -> None:
        workflow = self.workflow_set.workflows[call.workflow]
        listed = [
            (at, each) for at, each in enumerate(workflow.triggers) if isinstance(each, ApiTrigger | ManualTrigger)
        ]
        index, trigger = listed[0] if listed else (0, None)
        user = call.user if trigger is None or trigger.auth != "none" else None
        refused = refused_call(trigger.auth if trigger is not None else "none", user)
        if refused is not None:
            self.answers.append(refused)
            return
        try:
            inputs = validate_input(workflow, self._bound(call.inputs))
        except InvalidInput as error:
            self.answers.append(CallResult(error.status, None, error.to_dict()))
            return
        kind = "api" if isinstance(trigger, ApiTrigger) else "manual" if trigger is not None else "called"
        request = Caller(user=user, user_id=str(user["id"]) if user else None)
        run_id = await self._begun(workflow, inputs, request, kind, index)
        if run_id is not None:
            if settled:
                await self.settle(until=self.sandbox.clock.now())
            self._open_calls.append(run_id)

    async def _begun(
        self, workflow: Workflow, inputs: Mapping[str, Any], request: Caller, kind: Any, index: int
    ) -> str | None:
        while True:
            known = self.sandbox.database.inspect(run_ids)
            try:
                answer = await self._process.service.call(
                    workflow.id, inputs, caller=request, trigger=kind, trigger_index=index, wait=0
                )
            except ProcessKilled:
                await self._restart_process()
                begun = [run_id for run_id in self.sandbox.database.inspect(run_ids) if run_id not in known]
                if begun:
                    return begun[0]
            except PayloomError as error:
                self.answers.append(CallResult(error.status, None, error.to_dict()))
                return None
            else:
                return answer.run_id

    async def _moment(self, tick: ScheduleTick) -> None:
        """Move the clock to the next moment of a workflow's schedule and look at the timetable, as workers do."""
        listed = self.library.schedules()
        names = [schedule.row_name for schedule in listed if schedule.workflow_id == tick.workflow]

        def arranged(tx: sa.Connection) -> dt.datetime:
            # The schedule rows are older than the scenario; times before it start no run.
            schedules.upsert_schedules(tx, [], self.sandbox.clock.now())
            schedules.upsert_schedules(tx, listed, self.sandbox.clock.now())
            return min(at for name, at in schedules.next_occurrences(tx, listed).items() if name in names)

        self.sandbox.clock.set(self.sandbox.database.run(arranged)[0])
        while True:
            try:
                await self._process.service.tick()
            except ProcessKilled:
                await self._restart_process()
            else:
                break
        await self.settle(until=self.sandbox.clock.now())

    async def _decide(self, decision: DecideApproval) -> None:
        while True:
            row = self.sandbox.database.inspect(waiting_approval)
            if row is None:
                return
            roles = decision.roles or tuple(row.details["roles"])
            try:
                await self._process.service.decide(
                    row.run_id, row.path, approved=decision.approved, by=decision.by, roles=roles, note=decision.note
                )
            except ProcessKilled:
                await self._restart_process()
            else:
                return

    # -- time --------------------------------------------------------------------------------------------------------

    async def settle(
        self, *, until: dt.datetime | None = None, within: dt.timedelta = LONGEST, steps: int | None = None
    ) -> None:
        """Let everything happen that is due until a moment, or within some time from now if there is something to do.

        steps: at most so many calls that leave the machine.
        """
        end = until or self.sandbox.clock.now() + within
        if self.faults.interleaved:
            await self._side_by_side(end, steps)
        else:
            await self._one_by_one(end)
        if until is not None and self.sandbox.clock.now() < until:
            self.sandbox.clock.set(until)

    async def _one_by_one(self, end: dt.datetime) -> None:
        for _ in range(_ADVANCES):
            entry = self._next(end)
            if entry is None:
                return
            try:
                await self._process.advance(entry.run_id)
            except ProcessKilled:
                await self._restart_process()
            else:
                self.sandbox.database.run(lambda tx, number=entry.number: QueueTable.finish(tx, number))
        raise AssertionError("a run that never rests")

    def _next(self, end: dt.datetime, in_progress: Sequence[int] = ()) -> Any:
        waiting = [
            entry for entry in self.sandbox.database.inspect(QueueTable.waiting) if entry.number not in in_progress
        ]
        now = self.sandbox.clock.now()
        due = next((entry for entry in waiting if entry.at is None or entry.at <= now), None)
        if due is not None or in_progress:
            return due
        later = min(
            (entry for entry in waiting if entry.at <= end), key=lambda entry: (entry.at, entry.number), default=None
        )
        if later is not None:
            self.sandbox.clock.set(later.at)
        return later

    async def _side_by_side(self, end: dt.datetime, steps: int | None) -> None:
        left = steps if steps is not None else _ADVANCES
        while left > 0:
            while (entry := self._next(end, list(self._tasks.values()))) is not None:
                self._tasks[asyncio.create_task(self._process.advance(entry.run_id))] = entry.number
            if not self._tasks:
                return
            for _ in range(_ROUNDS):
                await asyncio.sleep(0)
            self._collect()
            if self._process.number != self._current:
                await self._restart_process()
            elif self._gates:
                gate = self._gates.pop(self.faults.choose(len(self._gates)))
                if not gate.done():
                    gate.set_result(None)
                left -= 1

    def _collect(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            number = self._tasks.pop(task)
            error = task.exception()
            if error is None:
                self.sandbox.database.run(lambda tx, number=number: QueueTable.finish(tx, number))
            elif not isinstance(error, ProcessKilled):
                raise error

    async def finish(self) -> None:
        """Let everything come to its end, and ask for what the callers got."""
        await self.settle()
        for run_id in self._open_calls:
            answer = await self._process.service.answer(run_id)
            self.answers.append(call_result(answer))
        self._open_calls.clear()
