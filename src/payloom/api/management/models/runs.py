"""Runs as the API shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from payloom.api.management.models.answers import Body, Failure, Json, Moment, Shape
from payloom.runs.statuses import RunStatus
from payloom.workflows.interpreter.decisions import DecisionKind

StepStatus = Literal["started", "waiting", "succeeded", "failed", "superseded"]


class Resolution(Shape):
    """Why a failed run needs nobody any more."""

    how: Literal["rerun", "by_hand"]
    run: str | None = Field(None, description="The run that succeeded instead.")
    by: str | None = None
    note: str | None = None


class RunSummary(Shape):
    """One line of a list of runs."""

    id: str
    workflow: str
    version: str = Field(description="SHA-256 of the workflow's model.")
    trigger: str = Field(description="event | api | schedule | manual | called | call | table")
    event_id: str | None
    object_id: str | None = Field(description="The Stripe object the event is about.")
    user_id: str | None
    status: RunStatus
    outcome: str | None = Field(description="`filtered` when a filter ended a succeeded run.")
    waiting_for: Json
    wake_at: Moment | None
    parked_on: str | None = Field(description="The table whose next row can resume it.")
    blocked: bool = Field(description="Another run is before it in its lane.")
    lane: str | None = Field(description="Runs of one lane go one after another.")
    failure: Failure | None
    forked_from: str | None
    retries: int
    created_at: Moment
    finished_at: Moment | None
    resolved_at: Moment | None = Field(description="Since when a failed run needs nobody any more.")
    resolution: Resolution | None


class RunList(Shape):
    """A page of runs, newest first."""

    data: list[RunSummary]
    next: str | None = Field(description="Give it as `before` for the next page.")


class Step(Shape):
    """One step of a run's history."""

    run_id: str
    path: str
    seq: int
    verb: str
    action: str
    step_id: str | None
    line: int
    status: StepStatus
    args: Json
    key: str | None = Field(description="The idempotency key.")
    attempts: int
    in_doubt: bool = Field(description="An attempt ended without an answer.")
    first_attempt_at: Moment | None
    retry_at: Moment | None
    value: Json
    failure: Failure | None
    started_at: Moment | None = Field(description="The first attempt, or when the step before it ended.")
    at: Moment | None = Field(description="When the outcome was recorded.")


class LogLine(Shape):
    """A line written by a `log` step or by Payloom."""

    id: int
    run_id: str
    path: str
    level: str
    text: str
    at: Moment


class Waiting(Shape):
    """What a run waits for."""

    run_id: str
    path: str
    kind: Literal["event", "approval", "call"]
    family: str | None = Field(description="Of the event; of a call: the run that is waited for.")
    details: Json
    until: Moment | None
    created_at: Moment


class CalledRun(Shape):
    """The run of a workflow with `once` that a `call` step began or found."""

    path: str
    run_id: str


class RunDecision(Shape):
    """A condition that was asked, or the value of a `switch`, and what it decided."""

    path: str = Field(description="Of its step.")
    kind: DecisionKind
    step_id: str | None
    where: str | None = Field(description="file:line:column, for the workflow's current version.")
    expression: str
    values: dict[str, Any] = Field(description="What the paths that it reads led to; secrets are masked.")
    result: str = Field(description="`true` or `false`; of a `switch`: `cases.KEY`, `default`, `stop`, or `raise`.")
    ended_run: bool = Field(description="It ended the run as filtered.")


class RunDetail(RunSummary):
    """A run with everything it did. Secrets and card data are masked."""

    root_id: str
    workflow_id: str
    pins: Json
    trigger_index: int
    inputs: Json
    request: Json
    response: Json
    output: Json
    http_status: int | None
    lane_position: str | None
    owner: str | None
    epoch: int
    segment: int
    parked_since: Moment | None
    parked_times: int
    cancel_requested: bool
    dedupe_key: str | None
    started_at: Moment
    updated_at: Moment
    steps: list[Step]
    logs: list[LogLine]
    waits: list[Waiting]
    children: list[str] = Field(description="Runs that were forked from this one.")
    calls: list[CalledRun] = Field(description="Runs of their own that its `call` steps began or found.")
    called_by: list[str] = Field(description="The run that began it by a `call`, and those that wait for it now.")
    decisions: list[RunDecision] = Field([], description="What its conditions decided, in order; the last 200.")
    decisions_unknown: str | None = Field(None, description="Why its decisions cannot be shown.")


class RunCounts(Shape):
    """Count runs by status."""

    queued: int = 0
    running: int = 0
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    refused: int = 0
    canceled: int = 0
    parked: int = 0
    blocked: int = 0
    unresolved: int = Field(0, description="Failed runs that need attention.")


class RunRef(Shape):
    """A run after something was done to it."""

    id: str
    workflow: str
    status: RunStatus


class Decided(Shape):
    """The decision was taken down."""

    decided: Literal[True] = True


class Fork(Body):
    """Where a new run begins: at a step of the old one's history, or from the beginning with other inputs."""

    path: str | None = None
    inputs: dict[str, Any] | None = None
    newest: bool = Field(default=False, description="On the workflow's current version.")
    user: str | None = Field(None, description="With other inputs: whom an admin lets it run as, by email address.")


class Resolve(Body):
    """Why a failed run needs nobody any more."""

    note: str | None = Field(None, max_length=500)


class Decision(Body):
    """Yes or no to an approval step."""

    path: str
    approved: bool
    note: str | None = None


class RetryMany(Body):
    """Which failed runs: these, or (without ids) the newest two hundred that fit the rest."""

    ids: list[str] | None = Field(None, max_length=200)
    workflow: str | None = None
    kind: str | None = Field(None, description="The failure's word, such as `timeout`.")
    search: str | None = Field(None, max_length=200)
