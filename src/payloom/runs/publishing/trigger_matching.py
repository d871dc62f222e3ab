"""Scripts on real workflows: a table from event family to triggers, scopes, and executions on pinned versions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.inbox.service import InboxEvent
from payloom.runs.errors import VersionUnknown
from payloom.runs.lane_names import row_lane, value_lane
from payloom.runs.publishing.schedules import schedules_of
from payloom.runs.publishing.trigger_reasons import Explanation, Occurrence, explain_workflow
from payloom.runs.publishing.versions import Versions
from payloom.runs.registry import RowChange, Schedule, StartPlan, TriggerContext, TriggerKind
from payloom.tables.definition.spec import TableSpec
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.catalog.events import account_counts, build_scope, event_scope, split_type
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled, compile_expression
from payloom.workflows.expressions.values import EvalContext
from payloom.workflows.interpreter.decisions import Decision
from payloom.workflows.interpreter.execution import Execution
from payloom.workflows.interpreter.frame import RunInfo, failure_type
from payloom.workflows.interpreter.verbs.outbound import of_the_project
from payloom.workflows.interpreter.verbs.tables import TableStep
from payloom.workflows.program.commands import Entry, StepFailure
from payloom.workflows.program.idempotency_key import text_of as _text
from payloom.workflows.program.program import (
    LANE_OF_OBJECT,
    ApiTrigger,
    CalledTrigger,
    StripeTrigger,
    TableTrigger,
    Workflow,
)

_EVENT_TYPES = 2000
_compile: Callable[[str], Compiled] = functools.lru_cache(maxsize=2000)(compile_expression)


class PublishedWorkflows:
    """The Scripts of a project."""

    def __init__(
        self, versions: Versions, catalog: Catalog, env: Mapping[str, str] | None = None, *, in_lanes: bool = True
    ) -> None:
        """env: what expressions see as `env`. in_lanes: else a run waits for no other; for runs that are only tried."""
        self._versions = versions
        self._in_lanes = in_lanes
        self._catalog = catalog
        self._env = dict(env or {})
        self._families = sorted(catalog.family_names(), key=len, reverse=True)
        self._split: dict[str, tuple[str, str]] = {}
        self._table: dict[str, list[tuple[Workflow, int, StripeTrigger]]] = {}
        self._built_for: Mapping[str, Workflow] | None = None
        self._rows: dict[str, list[tuple[Workflow, int, TableTrigger]]] = {}
        self._rows_for: Mapping[str, Workflow] | None = None
        self._writes: dict[tuple[str, ...], frozenset[str]] = {}
        self._needs: dict[tuple[str, ...], frozenset[tuple[str, str]]] = {}

    # -- which workflows an event starts -----------------------------------------------------------------------------

    def starts(self, event: InboxEvent) -> Sequence[StartPlan]:
        """Return one Start per workflow that the event starts."""
        starts: dict[str, StartPlan] = {}
        scope: dict[str, Any] | None = None
        family, action = self.split(event)
        for workflow, index, trigger in self._triggers(family, event.type):
            if workflow.id in starts or not _could(trigger, action, event):
                continue
            scope = scope or self._event_scope(event, event.payload)
            start = self._matched(workflow, index, trigger, event, scope)
            if start is not None:
                starts[workflow.id] = start
        return list(starts.values())

    def names(self) -> Sequence[str]:
        """Return the IDs of the published workflows."""
        return list(self._versions.current)

    def explain(self, event: InboxEvent) -> Sequence[Explanation]:
        """Return for each published workflow why it takes the event or not."""
        family, action = self.split(event)
        scope, eval_context = self._event_scope(event, event.payload), _eval_context(event.received_at, event.id)
        occurrence = Occurrence(event, family, action, scope, eval_context)
        starts = {start.workflow_id: start for start in self.starts(event)}
        explanations = [explain_workflow(workflow, occurrence) for workflow in self._versions.current.values()]
        return [
            dataclasses.replace(explanation, start=starts.get(explanation.workflow)) for explanation in explanations
        ]

    def split(self, event: InboxEvent) -> tuple[str, str]:
        """Return the event's family and action."""
        parts = self._split.get(event.type)
        if parts is None:
            if len(self._split) >= _EVENT_TYPES:
                self._split.clear()
            parts = self._split[event.type] = split_type(event.type, self._families)
        return parts

    def knows(self, event: InboxEvent) -> bool:
        """Whether the catalog has the event's type, or a workflow has a trigger for what it does not know."""
        family, action = self.split(event)
        known = self._catalog.family(family)
        if known is not None and action in known.actions:
            return True
        triggers = self._triggers(family, event.type)
        return any(not trigger.actions or action in trigger.actions for _, _, trigger in triggers)

    def families(self, event: InboxEvent) -> Sequence[str]:
        """Return the names a `wait_for` may use for the event's family."""
        return [self.split(event)[0]]

    def _triggers(self, family: str, event_type: str) -> Sequence[tuple[Workflow, int, StripeTrigger]]:
        current = self._versions.current
        if self._built_for is not current:
            table: dict[str, list[tuple[Workflow, int, StripeTrigger]]] = {}
            for workflow in current.values():
                for index, trigger in enumerate(workflow.triggers):
                    if isinstance(trigger, StripeTrigger):
                        table.setdefault(trigger.family, []).append((workflow, index, trigger))
            self._table, self._built_for = table, current
        entries = self._table.get(family, ())
        if family not in self._families:
            # An event Stripe added after our catalog: any trigger that names a beginning of its type may have it.
            parts = event_type.split(".")
            prefixes = {".".join(parts[:length]) for length in range(1, len(parts))} - {family}
            entries = [*entries, *(entry for prefix in sorted(prefixes) for entry in self._table.get(prefix, ()))]
        return entries

    def _matched(
        self, workflow: Workflow, index: int, trigger: StripeTrigger, event: InboxEvent, scope: dict[str, Any]
    ) -> StartPlan | None:
        eval_context = _eval_context(event.received_at, event.id)
        place, lane, once = "match", None, None
        try:
            if trigger.account is not None:
                place = "account"
                if not account_counts(trigger.account.evaluate(scope, eval_context), event.account):
                    return None
            place = "match"
            if trigger.match is not None and not trigger.match.compiled.test(scope, eval_context):
                return None
            place = "queue"
            lane = _text(trigger.queue, scope, eval_context) if self._in_lane(trigger, event) else None
            place = "once"
            once = _text(workflow.once, scope, eval_context)
        except ExpressionError as error:
            failure = _trigger_failed(place, error, workflow)
            return StartPlan(workflow.id, workflow.version, index, failure=failure)
        known = self._catalog.family(trigger.family)
        rereads = trigger.fresh and event.object_id is not None and known is not None
        fresh = known.reread(self.split(event)[1]) if rereads and known is not None else None
        return StartPlan(
            workflow.id,
            workflow.version,
            index,
            lane=value_lane(workflow.id, lane) if self._in_lanes else None,
            once=once,
            fresh=fresh,
            pins=self._versions.pins(workflow),
        )

    def _in_lane(self, trigger: StripeTrigger, event: InboxEvent) -> bool:
        """Whether an event's run queues: with the lane that nobody named, only if its object has an id."""
        if trigger.queue is None or trigger.queue.literal != LANE_OF_OBJECT:
            return True
        known = self._catalog.family(trigger.family)
        return event.object_id is not None and (known is None or known.has_id(self.split(event)[1]))

    # -- other ways to start -----------------------------------------------------------------------------------------

    def start(self, workflow_id: str, trigger: TriggerKind, trigger_index: int, context: TriggerContext) -> StartPlan:  # noqa: ARG002 - the seam
        """Return how a current workflow is started by a caller. Raises `WorkflowUnknown`, `ExpressionError`."""
        workflow = self._versions.get_current(workflow_id)
        once = _text(workflow.once, self._caller_scope(context), _eval_context(context.started_at, context.run_id))
        pins = self._versions.pins(workflow)
        return StartPlan(workflow_id, workflow.version, trigger_index, once=once, pins=pins)

    def workflow(self, workflow_id: str, version: str | None = None) -> Workflow:
        """Return a known version, or the current one."""
        if version is None:
            return self._versions.get_current(workflow_id)
        return self._versions.get(workflow_id, version)

    def watched(self, table: str) -> frozenset[str]:
        """Return the kinds of change of a table that start anything."""
        triggers = self._row_triggers(table)
        return frozenset(kind for _, _, trigger in triggers for kind in trigger.on) if triggers else frozenset()

    def _row_triggers(self, table: str) -> Sequence[tuple[Workflow, int, TableTrigger]]:
        current = self._versions.current
        if self._rows_for is not current:
            rows: dict[str, list[tuple[Workflow, int, TableTrigger]]] = {}
            for workflow in current.values():
                for index, trigger in enumerate(workflow.triggers):
                    if isinstance(trigger, TableTrigger):
                        rows.setdefault(trigger.table, []).append((workflow, index, trigger))
            self._rows, self._rows_for = rows, current
        return self._rows.get(table, ())

    def row_starts(self, change: RowChange, context: TriggerContext) -> Sequence[StartPlan]:
        """Return one Start per workflow that a change of a row starts."""
        starts: dict[str, StartPlan] = {}
        context = dataclasses.replace(context, row=change.row, old=change.old)
        scope, eval_context = self._caller_scope(context), _eval_context(context.started_at, context.run_id)
        key = self._row_key(change)
        for workflow, index, trigger in self._row_triggers(change.table):
            if workflow.id in starts or change.kind not in trigger.on:
                continue
            place, once = "match", None
            try:
                if trigger.match is not None and not trigger.match.compiled.test(scope, eval_context):
                    continue
                place = "once"
                once = _text(workflow.once, scope, eval_context)
            except ExpressionError as error:
                failure = _trigger_failed(place, error, workflow)
                starts[workflow.id] = StartPlan(workflow.id, workflow.version, index, failure=failure)
                continue
            pins = self._versions.pins(workflow)
            lane = row_lane(workflow.id, change.table, key) if key is not None else None
            starts[workflow.id] = StartPlan(workflow.id, workflow.version, index, lane=lane, once=once, pins=pins)
        return list(starts.values())

    def _row_key(self, change: RowChange) -> Any:
        table = self._catalog.table(change.table) if self._in_lanes else None
        names = [name for name, column in table.columns.items() if column.primary] if table is not None else []
        return change.row.get(names[0]) if names else None

    def schedules(self) -> Sequence[Schedule]:
        """Return the schedules of the current workflows."""
        return schedules_of(self._versions.current.values())

    def called(self, caller: StartPlan, workflow_id: str) -> StartPlan:
        """Return how a run calls a workflow: on the versions that it is pinned to itself."""
        version = caller.pins.get(workflow_id)
        workflow = self._versions.get(workflow_id, version) if version else self._versions.get_current(workflow_id)
        pins: dict[str, str] = {}
        todo = [workflow]
        while todo:
            for name in sorted(todo.pop().calls & caller.pins.keys() - pins.keys()):
                pins[name] = caller.pins[name]
                todo.append(self._versions.get(name, pins[name]))
        index = next((at for at, trigger in enumerate(workflow.triggers) if isinstance(trigger, CalledTrigger)), 0)
        return StartPlan(workflow_id, workflow.version if version is None else version, index, pins=pins)

    def dedupe(self, workflow_id: str, trigger_index: int, context: TriggerContext) -> str | None:
        """Return what `dedupe` of an API trigger says."""
        workflow = self._versions.get_current(workflow_id)
        trigger = workflow.triggers[trigger_index] if trigger_index < len(workflow.triggers) else None
        if not isinstance(trigger, ApiTrigger):
            return None
        return _text(trigger.dedupe, self._caller_scope(context), _eval_context(context.started_at, context.run_id))

    # -- executions --------------------------------------------------------------------------------------------------

    def ensure(self, tx: sa.Connection, start: StartPlan) -> None:
        """Read the versions a run is pinned to."""
        self._versions.ensure(tx, [(start.workflow_id, start.version), *start.pins.items()])

    def declared(self, workflow_id: str, version: str) -> Mapping[str, TableSpec] | None:
        """Return the tables that a version was written for; None: this server's own."""
        return self._versions.declared.of(workflow_id, version)

    def writes(self, start: StartPlan) -> frozenset[str]:
        """Return the tables that a run may write."""
        key = (start.workflow_id, start.version, *start.pins.values())
        tables = self._writes.get(key)
        if tables is None:
            pinned = [(start.workflow_id, start.version), *start.pins.items()]
            nodes = [node for reference in pinned for node in self._versions.get(*reference).nodes()]
            tables = frozenset(node.table for node in nodes if isinstance(node, TableStep) and node.verb != "select")
            self._writes[key] = tables
        return tables

    def needs(self, start: StartPlan) -> frozenset[tuple[str, str]]:
        """Return the mail templates and Python functions that a run names."""
        key = (start.workflow_id, start.version, *start.pins.values())
        needs = self._needs.get(key)
        if needs is None:
            pinned = [(start.workflow_id, start.version), *start.pins.items()]
            try:
                nodes = [node for reference in pinned for node in self._versions.get(*reference).nodes()]
            except VersionUnknown:
                return frozenset()
            needs = frozenset(name for node in nodes if (name := of_the_project(node)) is not None)
            self._needs[key] = needs
        return needs

    def execution(
        self,
        start: StartPlan,
        context: TriggerContext,
        history: Sequence[Entry],
        watch: Callable[[Decision], None] | None = None,
    ) -> Execution:
        """Build a run's execution on its pinned versions. watch: is told what each condition decides."""
        workflow = self._versions.get(start.workflow_id, start.version)
        run = RunInfo(
            context.run_id,
            context.root_id,
            context.started_at,
            start.workflow_id,
            (context.called or {}).get("depth", 0),
        )
        pins = start.pins

        def resolve(name: str) -> Workflow:
            if name in pins:
                return self._versions.get(name, pins[name])
            return self._versions.get_current(name)

        return Execution(workflow, self._scope(context), run, history, resolve, watch=watch)

    def _scope(self, context: TriggerContext) -> dict[str, Any]:
        if context.event is None:
            return self._caller_scope(context)
        payload = context.event.payload
        if context.fresh is not None:
            payload = {**payload, "data": {**payload["data"], "object": context.fresh}}
        return self._event_scope(context.event, payload)

    def _caller_scope(self, context: TriggerContext) -> dict[str, Any]:
        return build_scope(inputs=context.inputs, user=context.user, env=self._env, row=context.row, old=context.old)

    def _event_scope(self, event: InboxEvent, payload: Mapping[str, Any]) -> dict[str, Any]:
        family, action = self.split(event)
        return build_scope(event=event_scope(payload, family, action), env=self._env)

    # -- waits -------------------------------------------------------------------------------------------------------

    def wait_scope(self, match: str | None, scope: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep only the names `match` reads, except those that the awaited event brings."""
        if match is None:
            return {}
        roots = {ref.path[0] for ref in _compile(match).refs} - {"event", "object", "previous"}
        return {name: scope[name] for name in sorted(map(str, roots)) if name in scope}

    def awaited_value(self, event: InboxEvent) -> Mapping[str, Any]:
        """Return the value of a `wait_for` that an event ends: what `event` is in a run that it starts."""
        return event_scope(event.payload, *self.split(event))["event"]

    def wait_matches(
        self, family: str, match: str | None, scope: Mapping[str, Any], event: InboxEvent, account: Any
    ) -> bool:
        """Whether an event is the awaited one. An expression that fails on an event does not match it."""
        if self.split(event)[0] != family or not account_counts(account, event.account):
            return False
        if match is None:
            return True
        names = {**scope, **event_scope(event.payload, *self.split(event))}
        try:
            return _compile(match).test(names, _eval_context(event.received_at, event.id))
        except ExpressionError:
            return False


def _trigger_failed(place: str, error: ExpressionError, workflow: Workflow) -> StepFailure:
    return failure_type(error.source)(
        "expression",
        f"`{place}` of the trigger failed: {error.message}",
        hint=error.hint,
        where=workflow.file or workflow.id,
        data={"expression": error.source[:200]} if error.source else {},
    )


def _could(trigger: StripeTrigger, action: str, event: InboxEvent) -> bool:
    if trigger.actions and action not in trigger.actions:
        return False
    if trigger.account is None and not account_counts(None, event.account):
        return False
    return trigger.livemode is None or trigger.livemode is event.livemode


def _eval_context(now: dt.datetime, seed: str) -> EvalContext:
    return EvalContext(now=lambda: now, uuid=lambda: str(uuid.uuid5(uuid.NAMESPACE_OID, seed)))
