"""Plays a draft through without effects.

It runs on a copy of the rows (or in a transaction that is rolled back). Mocks, recorded answers, or made-up ones stand
for the outside.

The run is an ordinary one, interpreted and stored as always; only what surrounds it is put in its place.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol

import sqlalchemy as sa

from payloom.connectors.port import Attempt, OutsideHost
from payloom.inbox.service import InboxEvent, load, store
from payloom.kit.clock import Clock, ManualClock, monotonic
from payloom.kit.errors import PayloomError
from payloom.runs.advance.endings import StepDone, may_have_effect
from payloom.runs.advance.replay import REFETCH
from payloom.runs.intake.callers import Caller
from payloom.runs.models import runs
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.registry import Execution, RowChange, StartPlan, TriggerContext
from payloom.runs.service import RunService
from payloom.runs.start_rights import SYSTEM
from payloom.sandbox.host import PerformedBy, RecordedCalls, SimulatedHost, StepAnswer, SynthesizedAnswers
from payloom.sandbox.rolled_back import PublishedProject, connection, rolled_back, rolled_back_runs
from payloom.views.run_queries import RunQueries
from payloom.workflows.interpreter.execution import Execution as Interpreter
from payloom.workflows.interpreter.verbs.call import CALLED
from payloom.workflows.program.commands import (
    Approve,
    CallOnce,
    Command,
    Do,
    Entry,
    Finished,
    Respond,
    Sleep,
    StepFailure,
    Wait,
)
from payloom.workflows.program.commands import Log as LogCommand
from payloom.workflows.program.program import StripeTrigger, TableTrigger, Workflow

MOST_TURNS = 500
LONGEST = 10.0
"""Seconds after which a rehearsal fails: a loop that goes on and on must not hold locks for ever."""
MOST_STEPS = 5_000
_TICK = dt.timedelta(milliseconds=1)
_TOO_LONG = StepFailure(
    "timeout",
    f"The test run was ended after {LONGEST:g} seconds or {MOST_STEPS:,} steps.",
    status=504,
    hint="Check whether a loop never ends.",
)


class NotStarted(PayloomError):
    """No workflow started."""

    code: ClassVar[str] = "not_started"
    status: ClassVar[int] = 422


@dataclasses.dataclass(frozen=True, slots=True)
class TriggerInput:
    """What starts the run. event: a stored one's id, or a whole payload; row, old: of a table's trigger."""

    index: int = 0
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    user: Mapping[str, Any] | None = None
    event_id: str | None = None
    event: InboxEvent | None = None
    row: Mapping[str, Any] | None = None
    old: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Mock:
    """What comes of a step instead of doing it."""

    value: Any = None
    failure: StepFailure | None = None


Note = Literal["mocked", "recorded", "made up", "skipped", "sent"]


@dataclasses.dataclass(slots=True)
class TestRunResult:
    """The result of a test run. found: as `RunQueries.timeline` returns it. notes: how steps were answered, by path.

    stood_in: the steps that were mocked or skipped, which the journal does not have. trail: which way it took.
    """

    run_id: str
    found: dict[str, Any]
    notes: dict[str, Note]
    mocked_steps: list[dict[str, Any]]
    trail: list[dict[str, Any]]


async def run_test(
    project: PublishedProject,
    draft: Workflow,
    trigger_input: TriggerInput,
    mocks: Mapping[str, Mock],
    *,
    now: dt.datetime,
    stripe: OutsideHost | None = None,
) -> TestRunResult:
    """Play the draft once. Blocks on the database: give it a thread and a loop of its own.

    mocks: by run path; a path without rounds (`2.do.0`) stands for every round. stripe: does Stripe's calls for real.
    Raises NotStarted, with the reason.
    """
    with connection(project.engine) as tx, rolled_back(tx):
        clock = ManualClock(now)
        host = _host(trigger_input, tx, clock, stripe)
        mocking: list[_MockedWorkflows] = []

        def wrap(workflows: PublishedWorkflows) -> _MockedWorkflows:
            mocking.append(_MockedWorkflows(workflows, mocks, clock))
            return mocking[0]

        async with rolled_back_runs(project, tx, draft, host, clock, wrap=wrap) as sandbox_runs:
            run_id = await _begin(sandbox_runs.service, draft, trigger_input, tx)
            await sandbox_runs.advance(at_most=MOST_TURNS)
            scripts = mocking[0]
            timeline = await _whole(sandbox_runs.queries, scripts, run_id)
        sources: dict[str, Note] = {
            scripts.place(*at): source
            for at, source in host.sources.items()
            if source  # the empty one is no note
        }
        mocked_steps = [{**step, "run_id": run_id} for step in scripts.mocked_steps.values()]
        if timeline["run"]["status"] == "refused" and any(may_have_effect(_step_done(step)) for step in mocked_steps):
            timeline["run"]["status"] = "failed"  # outside a test, those steps are done before it fails
        return TestRunResult(run_id, timeline, {**sources, **scripts.notes}, mocked_steps, scripts.trail())


def _step_done(step: Mapping[str, Any]) -> StepDone:
    return StepDone(step["verb"], step["action"], step["status"], step["failure"], step["value"])


async def _whole(queries: RunQueries, scripts: _MockedWorkflows, run_id: str) -> dict[str, Any]:
    """Return the run's timeline, with the steps and the log of the runs that its calls began among its own."""
    run = await queries.timeline(run_id)
    for call in run["calls"]:
        place = scripts.place(run_id, call["path"])
        if call["run_id"] not in scripts.prefixes:
            scripts.notes[place] = "recorded"
        elif scripts.prefixes[call["run_id"]] == f"{place}{CALLED}":
            inner = await _whole(queries, scripts, call["run_id"])
            for kind in ("steps", "logs"):
                moved = [
                    {**line, "run_id": run_id, "path": f"{call['path']}{CALLED}{line['path']}"} for line in inner[kind]
                ]
                run[kind] = [*run[kind], *moved]
    return run


async def _begin(service: RunService, draft: Workflow, trigger_input: TriggerInput, tx: sa.Connection) -> str:
    trigger = draft.triggers[trigger_input.index] if trigger_input.index < len(draft.triggers) else None
    if trigger is None:
        raise NotStarted(f"there is no trigger {trigger_input.index}", hint=f"This workflow has {len(draft.triggers)}.")
    if isinstance(trigger, StripeTrigger):
        return await _by_event(service, draft, trigger_input, tx)
    if isinstance(trigger, TableTrigger):
        return await _by_row(service, draft, trigger, trigger_input, tx)
    request = Caller(user=trigger_input.user, user_id=trigger_input.user["id"] if trigger_input.user else None)
    kind: Any = {"api": "api", "schedule": "schedule"}.get(trigger.kind, "manual")
    answer = await service.call(
        draft.id, trigger_input.inputs, caller=request, trigger=kind, trigger_index=trigger_input.index, wait=0.0
    )
    return answer.run_id


async def _by_event(service: RunService, draft: Workflow, trigger_input: TriggerInput, tx: sa.Connection) -> str:
    event = trigger_input.event or (load(tx, trigger_input.event_id) if trigger_input.event_id else None)
    if event is None:
        raise NotStarted("there is no such event", hint="Choose one of the samples.")
    if trigger_input.event is not None:
        # Stored only: other workflows that it would start are not what is tried.
        store(tx, event)
    started = await service.replay(event.id, person=SYSTEM, workflow_id=draft.id)
    if not started:
        raise NotStarted(
            f"{event.type} does not start this workflow",
            hint="Its family, `actions` or `match` say no; the event may also be of the other mode.",
        )
    return started[0]


async def _by_row(
    service: RunService, draft: Workflow, trigger: TableTrigger, trigger_input: TriggerInput, tx: sa.Connection
) -> str:
    row, old = trigger_input.row, trigger_input.old
    kind: Any = "insert" if old is None else "update"
    kind = kind if kind in trigger.on else trigger.on[0]
    old = old if old is not None or kind == "insert" else row
    if row is None:
        raise NotStarted("no row is given", hint="Choose one of the samples.")
    ids = sa.select(runs.c.id).where(runs.c.workflow_id == draft.id)
    before = set(tx.execute(ids).scalars())
    service.rows_changed(tx, kind, trigger.table, RowChange(trigger.table, kind, dict(row), old))
    started = [run_id for run_id in tx.execute(ids).scalars() if run_id not in before]
    if not started:
        raise NotStarted(f"this change of {trigger.table} does not start it", hint="`on` or `match` says no.")
    return started[0]


# ------------------------------------------------------------------ outside


class _EventObject:
    """Answers the refetch of the event's object with the event's own: the sample, or the stored event."""

    def __init__(self, trigger_input: TriggerInput, tx: sa.Connection, *, only_samples: bool) -> None:
        self._input = trigger_input
        self._tx = tx
        self._only_samples = only_samples

    async def answer(self, do: Do, attempt: Attempt) -> StepAnswer | None:  # noqa: ARG002 - the policy's form
        """See AnswerPolicy."""
        if do.path != REFETCH or (self._only_samples and self._input.event is None):
            return None
        event = self._input.event or load(self._tx, self._input.event_id or "")
        return StepAnswer("", event.payload["data"]["object"] if event is not None else {})


def _host(trigger_input: TriggerInput, tx: sa.Connection, clock: Clock, stripe: OutsideHost | None) -> SimulatedHost:
    sent = [PerformedBy(stripe, "sent", "stripe")] if stripe is not None else []
    event = _EventObject(trigger_input, tx, only_samples=stripe is not None)
    return SimulatedHost(event, *sent, RecordedCalls(tx), SynthesizedAnswers(clock))


# ------------------------------------------------------------------ mocks


class _Watched(Protocol):
    @property
    def trace(self) -> Sequence[Any]: ...


class _MockedWorkflows:
    """A project's scripts, with executions in which mocks answer."""

    def __init__(self, library: PublishedWorkflows, mocks: Mapping[str, Mock], clock: ManualClock) -> None:
        self._library = library
        self._mocks = mocks
        self._clock = clock
        self._latest: _Watched | None = None
        self._end = monotonic() + LONGEST
        self._done = 0
        self._answered: dict[str, Entry] = {}
        self.mocked_steps: dict[str, dict[str, Any]] = {}
        self.notes: dict[str, Note] = {}
        self.prefixes: dict[str, str] = {}
        """Where the steps of each run stand among those of the run that is tried: nowhere else, or inside a call."""

    def place(self, run_id: str, path: str) -> str:
        """Return the place of a run's step among those of the run that is tried."""
        return f"{self.prefixes.get(run_id, '')}{path}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    def execution(self, start: StartPlan, context: TriggerContext, history: Sequence[Entry]) -> Execution:
        """Build an execution; the mocked steps before the end of its history are answered on the way."""
        execution = self._library.execution(start, context, ())
        called = context.called
        prefix = f"{self.place(called['by'], called['path'])}{CALLED}" if called else ""
        self.prefixes.setdefault(context.run_id, prefix)
        if called is None:
            self._latest = execution
        mocked = _Mocked(execution, self, prefix)
        for entry in history:
            mocked.next()
            mocked.record(entry)
        return mocked

    def trail(self) -> list[dict[str, Any]]:
        """Return the way the latest execution took."""
        trail = self._latest.trace if self._latest is not None else ()
        return [
            {"path": entry.path, "outcome": entry.outcome, "step_id": entry.step_id, "branch": entry.branch}
            for entry in trail
        ]

    def answer(self, command: Command, place: str) -> Entry | None:
        """Return what stands in for a command, or None when it is to be done. place: among the run's steps."""
        mock = self._mocks.get(place) or self._mocks.get(re.sub(r"\[\d+\]", "", place))
        if mock is None and not isinstance(command, Sleep):
            return None
        if isinstance(command, LogCommand | Respond):
            return None
        if place in self._answered:
            return self._answered[place]
        if isinstance(command, Sleep) and command.until > self._clock.now():
            self._clock.set(command.until)
        at = self._clock.now()
        self.notes[place] = "mocked" if mock is not None else "skipped"
        answer = mock or Mock()
        self.mocked_steps[place] = {**_row(command, answer, len(self.mocked_steps), at), "path": place}
        entry = self._answered[place] = Entry(command.path, answer.value, answer.failure, at)
        return entry

    def late(self) -> bool:
        """Whether it has taken long enough."""
        return monotonic() > self._end or self._done > MOST_STEPS

    def tick(self) -> None:
        """Let a moment pass, so that steps stand in the order in which they were done."""
        self._clock.advance(_TICK)
        self._done += 1


_VERB_OF_COMMAND: Mapping[type, str] = {Sleep: "wait", Wait: "wait_for", Approve: "approve", CallOnce: "call"}


def _row(command: Command, mock: Mock, seq: int, at: dt.datetime) -> dict[str, Any]:
    """Return a step's row as the journal would have it."""
    verb = _VERB_OF_COMMAND.get(type(command), "")
    args: Any = {"until": command.until} if isinstance(command, Sleep) else None
    if isinstance(command, Do):
        verb, args = command.verb, dict(command.args)
    return {
        "run_id": "",
        "path": command.path,
        "seq": seq,
        "verb": verb,
        "action": _action(command),
        "step_id": getattr(command, "step_id", None),
        "line": command.line,
        "status": "failed" if mock.failure else "succeeded",
        "args": args,
        "key": None,
        "attempts": 0,
        "in_doubt": False,
        "first_attempt_at": None,
        "retry_at": None,
        "value": mock.value,
        "failure": dataclasses.asdict(mock.failure) if mock.failure else None,
        "at": at,
    }


def _action(command: Command) -> str:
    if isinstance(command, Do):
        return command.action
    return command.workflow if isinstance(command, CallOnce) else getattr(command, "family", "")


class _Mocked:
    """An execution that answers mocked commands itself. prefix: of its steps' places."""

    def __init__(self, execution: Interpreter, scripts: _MockedWorkflows, prefix: str) -> None:
        self._execution = execution
        self._scripts = scripts
        self._prefix = prefix

    @property
    def failed_paths(self) -> frozenset[str]:
        """The steps that ended the run."""
        return self._execution.failed_paths

    def fields_read(self, path: str) -> frozenset[str] | None:
        """Return what the workflow reads of a step's list; see the runs' Execution."""
        return self._execution.fields_read(path)

    def next(self) -> Finished | Sequence[Command]:
        """Return the commands that are left to do, or the end."""
        while True:
            todo = self._execution.next()
            if isinstance(todo, Finished):
                return todo
            if self._scripts.late():
                return Finished("failed", failure=_TOO_LONG, http_status=_TOO_LONG.status)
            answers = [(command, self._scripts.answer(command, f"{self._prefix}{command.path}")) for command in todo]
            entries = [entry for _, entry in answers if entry is not None]
            for entry in entries:
                self.record(entry)
            if not entries:
                return todo

    def record(self, entry: Entry) -> None:
        """Record the result of a command."""
        self._execution.record(entry)
        self._scripts.tick()
