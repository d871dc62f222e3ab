"""Plays a draft through without anything happening: on a copy of the rows (or in a transaction that is rolled back),
with outside calls answered by mocks, by what was recorded, or by something made up.

The run is an ordinary one, interpreted and stored as always; only what surrounds it is put in its place.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy import pool

from payloom.connectors.port import Attempt, OutsideHost, StepFailed, TableHost
from payloom.db.transactions import begin_work
from payloom.inbox.service import InboxEvent, load, store
from payloom.kit.clock import ManualClock, monotonic
from payloom.kit.errors import PayloomError
from payloom.runs.advance.replay import REFETCH
from payloom.runs.dependencies import RunLimits
from payloom.runs.intake.callers import Caller
from payloom.runs.models import runs
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.registry import Execution, RowChange, StartPlan, TriggerContext
from payloom.runs.service import RunService
from payloom.sandbox.held import HeldEngine, HeldHost, RollbackDatabase
from payloom.workflows.catalog.catalog import Catalog
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

COPY_UP_TO = 64 * 1024 * 1024
"""Bytes of a SQLite database that is copied into memory; in a larger one a transaction is rolled back."""
MOST_TURNS = 500
LONGEST = 10.0
"""Seconds after which a rehearsal fails: a loop that goes on and on must not hold locks for ever."""
MOST_STEPS = 5_000
_TICK = dt.timedelta(milliseconds=1)
_TOO_LONG = StepFailure(
    "timeout",
    f"The test run was ended after {LONGEST:g} seconds or {MOST_STEPS:,} steps.",
    status=504,
    hint="Is there a loop that goes on?",
)


class NotStarted(PayloomError):
    """Nothing started."""

    code: ClassVar[str] = "not_started"
    status: ClassVar[int] = 422


@dataclasses.dataclass(frozen=True, slots=True)
class TestBench:
    """What a rehearsal needs of the project. workflows: the published ones, which a draft may call."""

    engine: sa.Engine
    tables: TableHost
    catalog: Catalog
    env: Mapping[str, str]
    workflows: Mapping[str, Workflow]


@dataclasses.dataclass(frozen=True, slots=True)
class TriggerInput:
    """What starts the run. event: a stored one's id, or a whole payload; row, old: of a table's trigger."""

    index: int = 0
    inputs: Mapping[str, Any] = dataclasses.field(default_factory=dict)
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
    """What came of it. found: as `RunQueries.timeline` returns it. notes: how steps were answered, by path.

    stood_in: the steps that were mocked or skipped, which the journal does not have. trail: which way it took.
    """

    run_id: str
    found: dict[str, Any]
    notes: dict[str, Note]
    mocked_steps: list[dict[str, Any]]
    trail: list[dict[str, Any]]


async def run_test(
    bench: TestBench,
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
    with connection(bench.engine) as tx, held(tx):
        clock = ManualClock(now)
        database, engine = RollbackDatabase(tx), HeldEngine()
        versions = Versions(database, clock)
        await versions.publish([*(one for one in bench.workflows.values() if one.id != draft.id), draft])
        scripts = _Scripts(PublishedWorkflows(versions, bench.catalog, bench.env, in_lanes=False), mocks, clock)
        host = _Host(HeldHost(tx, clock), trigger_input, tx, stripe, scripts.place)
        limits = RunLimits(max_inline_wait=-1.0, local_slots=0)
        seam: Any = scripts
        service = RunService(database, engine, clock, seam, bench.tables, host, limits)
        await service.start()
        try:
            run_id = await _begin(service, draft, trigger_input, tx)
            await _play(engine)
            found = await _whole(service, scripts, run_id)
        finally:
            await service.stop(0.0)
        notes: dict[str, Note] = {**host.notes(), **scripts.notes}
        mocked_steps = [{**one, "run_id": run_id} for one in scripts.mocked_steps.values()]
        return TestRunResult(run_id, found, notes, mocked_steps, scripts.trail())


async def _whole(service: RunService, scripts: _Scripts, run_id: str) -> dict[str, Any]:
    """Return the run's timeline, with the steps and the log of the runs that its calls began among its own."""
    found = await service.queries.timeline(run_id)
    for one in found["calls"]:
        place = scripts.place(run_id, one["path"])
        if one["run_id"] not in scripts.prefixes:
            scripts.notes[place] = "recorded"
        elif scripts.prefixes[one["run_id"]] == f"{place}{CALLED}":
            inner = await _whole(service, scripts, one["run_id"])
            for kind in ("steps", "logs"):
                moved = [
                    {**line, "run_id": run_id, "path": f"{one['path']}{CALLED}{line['path']}"} for line in inner[kind]
                ]
                found[kind] = [*found[kind], *moved]
    return found


async def _play(engine: HeldEngine) -> None:
    turns = 0
    while engine.due and turns < MOST_TURNS:
        assert engine.advance is not None
        turns += 1
        await engine.advance(engine.due.pop(0))


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
        draft.id, trigger_input.inputs, request=request, trigger=kind, trigger_index=trigger_input.index, wait=0.0
    )
    return answer.run_id


async def _by_event(service: RunService, draft: Workflow, trigger_input: TriggerInput, tx: sa.Connection) -> str:
    event = trigger_input.event or (load(tx, trigger_input.event_id) if trigger_input.event_id else None)
    if event is None:
        raise NotStarted("there is no such event", hint="Choose one of the samples.")
    if trigger_input.event is not None:
        # Stored only: other workflows that it would start are not what is tried.
        store(tx, event)
    started = await service.replay(event.id, workflow_id=draft.id)
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
    started = [one for one in tx.execute(ids).scalars() if one not in before]
    if not started:
        raise NotStarted(f"this change of {trigger.table} does not start it", hint="`on` or `match` says no.")
    return started[0]


# ------------------------------------------------------------------ the place


@contextlib.contextmanager
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection: to a copy in memory if the database is a small SQLite file, else to the database itself."""
    copied = _copied(engine)
    try:
        with (copied or engine).connect() as tx:
            yield tx
    finally:
        if copied is not None:
            copied.dispose()


@contextlib.contextmanager
def held(tx: sa.Connection) -> Iterator[None]:
    """Undo everything that is done in the block."""
    begun = tx.begin()
    try:
        begin_work(tx)
        yield
    finally:
        begun.rollback()


def _copied(engine: sa.Engine) -> sa.Engine | None:
    """Return an engine on a copy in memory of a SQLite database; None for other databases and large ones."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return None
    source = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
    try:
        pages = source.execute("PRAGMA page_count").fetchone()[0] * source.execute("PRAGMA page_size").fetchone()[0]
        if pages > COPY_UP_TO:
            return None
        raw = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        source.backup(raw)
    finally:
        source.close()
    raw.execute("PRAGMA foreign_keys=ON")
    made = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=pool.StaticPool)
    sa_event.listen(made, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
    return made


class _Host:
    """Outside calls: recorded or made up, or Stripe's sent to the local Stripe."""

    def __init__(
        self,
        held: HeldHost,
        trigger_input: TriggerInput,
        tx: sa.Connection,
        stripe: OutsideHost | None,
        place: Callable[[str, str], str],
    ) -> None:
        """place: of a run's step among those of the run that is tried."""
        self._held = held
        self._place = place
        self._occasion = trigger_input
        self._tx = tx
        self._stripe = stripe
        self._sent: dict[str, Note] = {}

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Answer one step."""
        if do.path == REFETCH and (self._stripe is None or self._occasion.event is not None):
            return self._object()
        if do.verb == "stripe" and self._stripe is not None:
            self._sent[self._place(attempt.run_id, do.path)] = "sent"
            return await self._stripe.perform(do, attempt)
        try:
            return await self._held.perform(do, attempt)
        except StepFailed as failed:
            # Trying again later would only put off the same answer.
            raise StepFailed(dataclasses.replace(failed.failure, retryable=False)) from failed

    def _object(self) -> Any:
        event = self._occasion.event or load(self._tx, self._occasion.event_id or "")
        return event.payload["data"]["object"] if event is not None else {}

    def notes(self) -> dict[str, Note]:
        """Return how each call was answered."""
        held: dict[str, Any] = {self._place(*at): one.answered for at, one in self._held.held.items()}
        return {**held, **self._sent}


# ------------------------------------------------------------------ mocks


class _Watched(Protocol):
    @property
    def trace(self) -> Sequence[Any]: ...


class _Scripts:
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
        made = self._library.execution(start, context, ())
        called = context.called
        prefix = f"{self.place(called['by'], called['path'])}{CALLED}" if called else ""
        self.prefixes.setdefault(context.run_id, prefix)
        if called is None:
            self._latest = made
        mocked = _Mocked(made, self, prefix)
        for entry in history:
            mocked.next()
            mocked.record(entry)
        return mocked

    def trail(self) -> list[dict[str, Any]]:
        """Return the way the latest execution took."""
        trail = self._latest.trace if self._latest is not None else ()
        return [
            {"path": one.path, "outcome": one.outcome, "step_id": one.step_id, "branch": one.branch} for one in trail
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
        found = mock or Mock()
        self.mocked_steps[place] = {**_row(command, found, len(self.mocked_steps), at), "path": place}
        entry = self._answered[place] = Entry(command.path, found.value, found.failure, at)
        return entry

    def late(self) -> bool:
        """Whether it has taken long enough."""
        return monotonic() > self._end or self._done > MOST_STEPS

    def tick(self) -> None:
        """Let a moment pass, so that steps stand in the order in which they were done."""
        self._clock.advance(_TICK)
        self._done += 1


def _row(command: Command, mock: Mock, seq: int, at: dt.datetime) -> dict[str, Any]:
    """Return a step's row as the journal would have it."""
    verb = {Sleep: "wait", Wait: "wait_for", Approve: "approve", CallOnce: "call"}.get(type(command), "")
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

    def __init__(self, execution: Interpreter, scripts: _Scripts, prefix: str) -> None:
        self._execution = execution
        self._scripts = scripts
        self._prefix = prefix

    def next(self) -> Finished | Sequence[Command]:
        """Return the commands that are left to do, or the end."""
        while True:
            todo = self._execution.next()
            if isinstance(todo, Finished):
                return todo
            if self._scripts.late():
                return Finished("failed", failure=_TOO_LONG, http_status=_TOO_LONG.status)
            answers = [(one, self._scripts.answer(one, f"{self._prefix}{one.path}")) for one in todo]
            given = [entry for _, entry in answers if entry is not None]
            for entry in given:
                self.record(entry)
            if not given:
                return todo

    def record(self, entry: Entry) -> None:
        """Take note of what came of a command."""
        self._execution.record(entry)
        self._scripts.tick()
