"""What the runs room needs to know about workflows: which ones an event starts, and the execution of a run.

`publishing.trigger_matching.PublishedWorkflows` implements it on `payloom.workflows`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import sqlalchemy as sa

from payloom.inbox.service import InboxEvent
from payloom.kit import strict_json
from payloom.tables.definition.spec import TableSpec
from payloom.workflows.program.commands import Command, Entry, Finished, StepFailure
from payloom.workflows.program.program import Workflow

REFETCH = "fresh"
"""Path, in a run's journal, of the step that fetches a stateful object from Stripe before the run's scope is built.

No step of a workflow can have it: a step's path begins with the number of a top-level step, never with an id.
"""

SCHEDULE_PREFIX = "schedule:"
"""How the names of schedules' rows begin."""

TriggerKind = Literal["event", "api", "manual", "start", "schedule", "called", "call", "table"]
"""What started a run.

start: the server's start, by `on_start`. called: a caller, though the workflow does not say who can. call: a `call`
step of another run.
"""


class Execution(Protocol):
    """A run of a document: pure. See payloom.workflows.program.commands."""

    def fields_read(self, path: str) -> frozenset[str] | None:
        """Return the fields of the items of a step's list that the workflow reads; None if it may read all."""
        ...

    @property
    def failed_paths(self) -> frozenset[str]:
        """The steps that ended the run."""
        ...

    def next(self) -> Finished | Sequence[Command]:
        """Return what must be done now, or how it ended."""
        ...

    def record(self, entry: Entry) -> None:
        """Record the result of a command."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class StartPlan:
    """One run to be started.

    lane: runs of the same lane run one after another. once: at most one run of the workflow ever succeeds with it.
    fresh: the Stripe action that re-reads the object first.
    pins: workflow id -> version of everything it calls. failure: it matched, but its trigger could not be evaluated.
    """

    workflow_id: str
    version: str
    trigger_index: int = 0
    lane: str | None = None
    once: str | None = None
    fresh: str | None = None
    pins: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    failure: StepFailure | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class RowChange:
    """A row of a user's table changed. old: null on insert; on delete the row itself."""

    table: str
    kind: Literal["insert", "update", "delete"]
    row: Mapping[str, Any]
    old: Mapping[str, Any] | None


@dataclasses.dataclass(frozen=True, slots=True)
class TriggerContext:
    """What a run came from: everything its scope is built of, besides its history.

    user: the signed-in person as the language sees it, or None. request: method, path, headers the endpoint passes on.
    fresh: what Stripe answered when the object was read again. row, old: of a table trigger.
    called: by which run's step, and how deep in calls: `{by, path, depth}`.
    """

    trigger: TriggerKind
    run_id: str
    root_id: str
    started_at: dt.datetime
    event: InboxEvent | None = None
    inputs: Mapping[str, Any] | None = None
    user: Mapping[str, Any] | None = None
    request: Mapping[str, Any] | None = None
    fresh: Mapping[str, Any] | None = None
    row: Mapping[str, Any] | None = None
    old: Mapping[str, Any] | None = None
    called: Mapping[str, Any] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Schedule:
    """One schedule of a current workflow. index: of its trigger."""

    workflow_id: str
    index: int
    cron: str
    timezone: str = "UTC"
    catch_up: Literal["none", "last", "all"] = "last"

    @property
    def row_name(self) -> str:
        """The key of its row. `catch_up` is no part of it: changing that alone forgets no missed moment."""
        key = strict_json.canonical([self.workflow_id, self.cron, self.timezone])
        return SCHEDULE_PREFIX + hashlib.sha256(key.encode()).hexdigest()


class WorkflowRegistry(Protocol):
    """The workflows, current and past."""

    def starts(self, event: InboxEvent) -> Sequence[StartPlan]:
        """Return a Start for each current workflow that this event starts."""
        ...

    def start(self, workflow_id: str, trigger: TriggerKind, trigger_index: int, context: TriggerContext) -> StartPlan:
        """Return how a current workflow is started by something other than an event. Raises `WorkflowUnknown`."""
        ...

    def workflow(self, workflow_id: str, version: str | None = None) -> Workflow:
        """Return a version that `ensure` has read, or the current one.

        Raises `VersionUnknown`, or `WorkflowUnknown` if no version is asked for and none is current.
        """
        ...

    def watched(self, table: str) -> frozenset[str]:
        """Return the kinds of change of a table (`insert` …) that start anything."""
        ...

    def row_starts(self, change: RowChange, context: TriggerContext) -> Sequence[StartPlan]:
        """Return a Start for each current workflow that this change starts."""
        ...

    def schedules(self) -> Sequence[Schedule]:
        """Return the schedules of the current workflows."""
        ...

    def called(self, caller: StartPlan, workflow_id: str) -> StartPlan:
        """Return how a run calls a workflow: on the version it is pinned to. Raises `WorkflowUnknown`."""
        ...

    def dedupe(self, workflow_id: str, trigger_index: int, context: TriggerContext) -> str | None:
        """Return the value that makes two calls the same call, or None."""
        ...

    def execution(self, start: StartPlan, context: TriggerContext, history: Sequence[Entry]) -> Execution:
        """Build the execution of a run on its pinned version. Raises `VersionUnknown`."""
        ...

    def ensure(self, tx: sa.Connection, start: StartPlan) -> None:
        """Read the versions that a run is pinned to, so that `execution` finds them."""
        ...

    def declared(self, workflow_id: str, version: str) -> Mapping[str, TableSpec] | None:
        """Return the tables that a version was written for; None: this server's own."""
        ...

    def writes(self, start: StartPlan) -> frozenset[str]:
        """Return the tables that a run may write, on its pinned versions."""
        ...

    def needs(self, start: StartPlan) -> frozenset[tuple[str, str]]:
        """Return the mail templates and Python functions that a run names, on its pinned versions, each with its verb.

        Empty if a version is not stored.
        """
        ...

    def wait_scope(self, match: str | None, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the part of a scope that `match` reads, to be stored while a run waits."""
        ...

    def wait_matches(
        self, family: str, match: str | None, scope: Mapping[str, Any], event: InboxEvent, account: Any
    ) -> bool:
        """Whether an event is the one a `wait_for` step waits for. account: those whose events count (`*`: any)."""
        ...

    def awaited_value(self, event: InboxEvent) -> Mapping[str, Any]:
        """Return the value of a `wait_for` that an event ends."""
        ...

    def knows(self, event: InboxEvent) -> bool:
        """Whether an event's type is one that workflows can be checked against."""
        ...

    def families(self, event: InboxEvent) -> Sequence[str]:
        """Return the family names (longest first) an event's type may belong to."""
        ...
