"""Runs with a caller waiting: endpoints, `payloom run`, the studio's Run button, schedules."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from payloom.kit.clock import monotonic
from payloom.kit.ids import new_id
from payloom.runs.advance.run_starter import RunStarter
from payloom.runs.coordination import dedupe
from payloom.runs.coordination.dedupe import DedupeKeys
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import KeyTaken, RunUnknown
from payloom.runs.models import steps
from payloom.runs.registry import TriggerContext, TriggerKind
from payloom.runs.run_rows import Run, failure_from_json, load_run, run_failure
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.interpreter.frame import failure_type
from payloom.workflows.program.commands import StepFailure
from payloom.workflows.program.inputs import InvalidInput

_POLL = 0.25
_LOOK_EVERY = 0.5
"""Seconds between two looks at what a run that has not answered is doing."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunResponse:
    """What a caller gets.

    state: `answered` (status and body are the workflow's answer), `failed` (failure says why; body is what the
    workflow's
        `on_error` returned, if it did) or `running` (no answer yet: 202 and the run's id).
    repeated: an earlier run with the same `dedupe` or `once` value answered.
    """

    run_id: str
    state: Literal["answered", "failed", "running"]
    status: int
    body: Any = None
    failure: StepFailure | None = None
    repeated: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Who calls and how.

    user: the signed-in person as the language sees it.
    user_id: scopes `dedupe`.
    http: for the scope.
    """

    user: Mapping[str, Any] | None = None
    user_id: str | None = None
    http: Mapping[str, Any] | None = None
    dedupe: str | None = None
    """The caller's own idempotency key; used when the trigger has no `dedupe`."""
    origin: Mapping[str, Any] | None = None
    """Who started the run, if not the user themselves; see `start_rights.Permit`."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pause:
    """What a run that is not over waits for, instead of working.

    until: None if something else than the time ends it.
    """

    reason: str
    until: dt.datetime | None


class ResponseWaiters:
    """Who in this process waits for which run."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def notify(self, run_id: str) -> None:
        """A run has answered or ended. Any thread."""
        if run_id in self._events and self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._set, run_id)

    def _set(self, run_id: str) -> None:
        for event in self._events.get(run_id, ()):
            event.set()

    @contextlib.contextmanager
    def waiting(self, run_id: str) -> Any:
        """Yield an event that is set when the run answers or ends."""
        self._loop = asyncio.get_running_loop()
        event = asyncio.Event()
        self._events.setdefault(run_id, set()).add(event)
        try:
            yield event
        finally:
            self._events[run_id].discard(event)
            if not self._events[run_id]:
                del self._events[run_id]


class CallerRuns:
    """Starts runs for callers and waits for their responses."""

    def __init__(self, deps: RunDependencies, starter: RunStarter, is_advanced_here: Callable[[str], bool]) -> None:
        """is_advanced_here: whether this process advances a run now, and so tells when it answers or ends."""
        self._deps = deps
        self._starter = starter
        self._is_advanced_here = is_advanced_here
        self._dedupe = DedupeKeys(deps)

    def start_for_caller(
        self,
        tx: sa.Connection,
        run: Run,
        caller: Caller,
        trigger: TriggerKind,
    ) -> tuple[str, bool]:
        """Within `tx`, begin `run`; returns the id of the run that answers and whether that is an earlier one.

        Raises `KeyTaken` if that run belongs to another user, or had other inputs. Who starts by hand sees every
        run anyway.
        """
        context = TriggerContext(
            trigger=trigger,
            run_id=run.id,
            root_id=run.root_id,
            started_at=run.started_at,
            inputs=run.inputs,
            user=caller.user,
            request=caller.http,
        )
        start = self._deps.workflows.start(run.workflow_id, trigger, run.trigger_index, context)
        run.version, run.pins = start.version, dict(start.pins) or None
        first = self._dedupe.claim_once(tx, run, start)
        if first is None and start.once is None:
            try:
                value = self._deps.workflows.dedupe(run.workflow_id, run.trigger_index, context)
            except ExpressionError as error:
                if failure_type(error.source).origin is None:
                    raise
                raise InvalidInput("the key of this request can't be computed from these inputs") from error
            if value is None and caller.dedupe is not None:
                value = f"caller:{caller.dedupe}"
            if value is not None:
                key = dedupe.dedupe_key(run.workflow_id, run.user_id, value)
                first = self._dedupe.claim(tx, run, key, seconds=self._deps.limits.dedupe_for)
        if first is not None:
            if trigger == "api" and not dedupe.answers(first, run, for_good=start.once is not None):
                raise KeyTaken(hint="Send a value of your own.")
            return first.id, True
        return self._starter.start_run(tx, run, None, start), False

    def run_for_caller(
        self,
        workflow_id: str,
        inputs: Mapping[str, Any],
        caller: Caller,
        trigger: TriggerKind,
        index: int,
    ) -> Run:
        """Return the row of a run that a caller starts; its version is filled in by start_run."""
        run_id, now = new_id("run"), self._deps.clock.now()
        stored: dict[str, Any] = {"user": caller.user, "http": caller.http} if caller.user or caller.http else {}
        if caller.origin is not None:
            stored["started_by"] = dict(caller.origin)
        return Run(
            id=run_id,
            root_id=run_id,
            workflow_id=workflow_id,
            version="",
            trigger=trigger,
            trigger_index=index,
            user_id=caller.user_id,
            inputs=dict(inputs),
            request=stored or None,
            created_at=now,
            started_at=now,
            updated_at=now,
        )

    async def await_response(
        self, waiters: ResponseWaiters, run_id: str, *, seconds: float, repeated: bool = False
    ) -> RunResponse:
        """Wait until a run answers or ends, also when another process advances it. Raises `RunUnknown`."""
        end = monotonic() + seconds
        with waiters.waiting(run_id) as event:
            while True:
                run = await self._deps.database.read(lambda tx: load_run(tx, run_id))
                if run is None:
                    raise RunUnknown(f"There is no run {run_id!r}.")
                answer = response_of(run, repeated=repeated)
                left = end - monotonic()
                if answer.state != "running" or left <= 0:
                    return answer
                await self.wait_for_answer(event, run_id, left)
                event.clear()

    async def answer_or_pause(
        self, waiters: ResponseWaiters, run_id: str, *, seconds: float, longest: float | None
    ) -> tuple[RunResponse, Pause | None]:
        """Wait until a run answers or ends, or pauses for longer than the time that is left; return why it pauses.

        longest: the seconds of a pause that is waited through; None for any that fits in. Raises `RunUnknown`.
        """
        end = monotonic() + seconds
        while True:
            left = end - monotonic()
            answer = await self.await_response(waiters, run_id, seconds=min(_LOOK_EVERY, left))
            if answer.state != "running":
                return answer, None
            left = end - monotonic()
            pause = await self._deps.database.read(lambda tx: read_pause(tx, run_id))
            patience = left if longest is None else min(left, longest)
            if pause is not None and (pause.until is None or pause.until > self._deps.later(patience)):
                return answer, pause
            if left <= 0:
                return answer, None

    async def wait_for_answer(self, event: asyncio.Event, run_id: str, seconds: float) -> None:
        """Wait until a run has answered or ended, or until it is time to look: another process may advance it."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, _POLL)):
                    await event.wait()
            if event.is_set() or not self._is_advanced_here(run_id):
                return


def read_pause(tx: sa.Connection, run_id: str) -> Pause | None:
    """Return what a run waits for; None if it works, or is over."""
    again = (
        sa.select(steps.c.path, steps.c.failure, steps.c.retry_at)
        .where(steps.c.run_id == run_id, steps.c.status == "started", steps.c.retry_at.is_not(None))
        .order_by(steps.c.seq)
    )
    if (step := tx.execute(again).first()) is not None:
        cause = f": {failure_from_json(step.failure).message}" if step.failure is not None else ""
        return Pause(f"step {step.path} is tried again{cause}", step.retry_at)
    run = load_run(tx, run_id)
    if run is None or run.status != "waiting":
        return None
    return Pause("a time, an event, a decision, a row, or another run", run.wake_at)


def response_of(run: Run, *, repeated: bool = False) -> RunResponse:
    """Return what a run answers now."""
    if run.response is not None:
        return RunResponse(run.id, "answered", run.response["status"], run.response["body"], repeated=repeated)
    if run.status == "succeeded":
        return RunResponse(run.id, "answered", run.http_status or 200, run.output, repeated=repeated)
    if run.finished:
        failure = run_failure(run)
        return RunResponse(run.id, "failed", run.http_status or 500, run.output, failure, repeated)
    return RunResponse(run.id, "running", 202, repeated=repeated)
