"""What steps see while they run: the names in scope, the clock and ids fixed by the history, and the trace."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import decimal
import hashlib
import re
import uuid
from collections.abc import Callable, Generator, Mapping
from typing import Any, NamedTuple

from payloom.kit.clock import rfc3339
from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_dict, is_list, is_map, is_sequence
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.values import EvalContext
from payloom.workflows.interpreter.decisions import Decision, kind_of, values_read
from payloom.workflows.program.commands import InputsFailure, StepFailure
from payloom.workflows.program.program import Workflow
from payloom.workflows.program.signals import Failed, fail
from payloom.workflows.program.templates import Expression, Template

CALLED = ".call."
"""Between the path of a call and the path of a step in the workflow that it runs inline."""
MAX_STEPS = 200_000
MAX_TRACE = 20_000
MAX_CALLS = 16
_NAMESPACE = uuid.UUID("a3a3f3a8-5b0c-5b6e-9d0e-0b7c1c1f6f10")


@dataclasses.dataclass(frozen=True, slots=True)
class RunInfo:
    """The run as its workflow sees it under `run`. root_id: the first run of a chain of reruns; keys are made of it.

    depth: how deep in calls it begins, if another run called it.
    """

    id: str
    root_id: str
    started_at: dt.datetime
    workflow_id: str
    depth: int = 0

    def as_scope(self) -> dict[str, Any]:
        """Return `run` for expressions."""
        return {"id": self.id, "root_id": self.root_id, "started_at": self.started_at, "workflow": self.workflow_id}


class TraceEntry(NamedTuple):
    """One mark on the way a run took, for the studio. outcome: done, failed, skipped, took (branch says which)."""

    path: str
    outcome: str
    step_id: str | None = None
    branch: str | None = None


def to_journal(value: Any) -> Any:
    """Return a result as the history keeps it, so that a replay sees what the first run saw.

    JSON types and moments (aware, in UTC); dates as text, decimals as numbers. Containers are copied.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if is_map(value):
        return {str(key): to_journal(item) for key, item in value.items()}
    if is_sequence(value):
        return [to_journal(item) for item in value]
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value)


def to_response(value: Any) -> Any:
    """Return what a caller gets: JSON types only, moments as RFC 3339."""
    if is_map(value):
        return {str(key): to_response(item) for key, item in value.items()}
    if is_sequence(value):
        return [to_response(item) for item in value]
    return rfc3339(value) if isinstance(value, dt.datetime) else to_journal(value)


def copy_plain(value: Any) -> Any:
    """Return a copy of plain data, so that its receiver cannot change the document."""
    if is_dict(value):
        return {key: copy_plain(item) for key, item in value.items()}
    return [copy_plain(item) for item in value] if is_list(value) else value


_INPUTS = re.compile(r"\binputs\b")


def failure_type(source: str | None) -> type[StepFailure]:
    """Return the failure that a failed expression is: an InputsFailure if it works on what the caller sent."""
    return InputsFailure if source and _INPUTS.search(source) else StepFailure


class RunContext:
    """What all frames of one execution have in common."""

    def __init__(
        self, run: RunInfo, resolve: Callable[[str], Workflow], watch: Callable[[Decision], None] | None = None
    ) -> None:
        self.run = run
        self.watch = watch
        self.resolve = resolve
        self.now = run.started_at
        self.site = ""
        self.steps = 0
        self.trace: list[TraceEntry] = []
        self.links: dict[str, dict[str, Any]] = {}
        """What marks in emails stand for: links to decisions of this run."""
        self.fields: dict[str, frozenset[str]] = {}
        """By path, the fields of a long list's items that the workflow reads; a path that is not here reads all."""
        self._counters: dict[str, int] = {}
        self._namespace: uuid.UUID | None = None
        self.eval_context = EvalContext(now=lambda: self.now, uuid=self._uuid)

    def _uuid(self) -> str:
        if self._namespace is None:
            self._namespace = uuid.uuid5(_NAMESPACE, self.run.id)
        count = self._counters.get(self.site, 0)
        self._counters[self.site] = count + 1
        return str(uuid.uuid5(self._namespace, f"{self.site}#{count}"))

    @contextlib.contextmanager
    def same_ids(self) -> Generator[None]:
        """Take back the ids that are made while the block runs."""
        counters = dict(self._counters)
        try:
            yield
        finally:
            self._counters = counters

    def key(self, path: str) -> str:
        """Return a step's idempotency key: root run and path, hashed where Stripe's 255 characters are too few."""
        key = f"{self.run.root_id}:{path}"
        return key if len(key) <= 255 else f"{self.run.root_id}:{hashlib.sha256(path.encode()).hexdigest()}"

    def mark(self, path: str, outcome: str, step_id: str | None = None, branch: str | None = None) -> None:
        """Add to the trace, as long as it is short enough to look at."""
        if len(self.trace) < MAX_TRACE:
            self.trace.append(TraceEntry(path, outcome, step_id, branch))

    def count(self, path: str) -> None:
        """Count a step; a run that never ends is ended."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise fail(
                path,
                "too_many_steps",
                f"the run did more than {MAX_STEPS:,} steps",
                hint="check the `max` of its loops",
            )


class Frame:
    """The names that the steps of one workflow (or one loop round) see."""

    __slots__ = ("context", "depth", "names", "outer", "run_context", "steps", "workflow")

    def __init__(self, run_context: RunContext, workflow: Workflow, scope: Mapping[str, Any], depth: int = 0) -> None:
        self.run_context = run_context
        self.workflow = workflow
        self.depth = depth
        self.outer: Frame | None = None
        self.names = dict(scope)
        self.steps: dict[str, Any] = dict.fromkeys(workflow.step_ids)
        self.names.update(self.steps)
        self.names["steps"] = self.steps
        variables: dict[str, Any] = dict(scope.get("vars") or {})
        self.names["vars"] = variables
        self.context = {**(scope.get("context") or scope), **self.steps, "steps": self.steps, "vars": variables}
        self.context.pop("context", None)
        self.names["context"] = self.context

    def child(self, ids: tuple[str, ...], name: str, item: Any) -> Frame:
        """Return a frame for one round: its own copy of the ids set inside, and the item under `name`."""
        frame = Frame.__new__(Frame)
        frame.run_context, frame.workflow, frame.depth = self.run_context, self.workflow, self.depth
        frame.outer = None
        own = dict.fromkeys(ids)
        frame.steps = {**self.steps, **own}
        frame.context = {**self.context, **own, "steps": frame.steps, name: item}
        frame.names = {**self.names, **own, "steps": frame.steps, "context": frame.context, name: item}
        return frame

    def with_names(self, **more: Any) -> Frame:
        """Return a frame that shares everything with this one but sees more names."""
        frame = Frame.__new__(Frame)
        frame.run_context, frame.workflow, frame.depth = self.run_context, self.workflow, self.depth
        frame.outer = self
        frame.steps = self.steps
        frame.context = {**self.context, **more}
        frame.names = {**self.names, **more, "context": frame.context}
        return frame

    def assign(self, name: str, value: Any) -> None:
        """Set a step's result."""
        frame: Frame | None = self
        while frame is not None:
            frame.names[name] = frame.steps[name] = frame.context[name] = value
            frame = frame.outer

    def forget(self, ids: tuple[str, ...]) -> None:
        """Set the results of steps that are skipped now to null: an earlier round may have set them."""
        for name in ids:
            if self.steps[name] is not None:
                self.assign(name, None)

    def test(self, condition: Expression, path: str) -> bool:
        """Return a condition's value; raises Failed when it has none, or one that is not true or false."""
        self.run_context.site = path
        try:
            holds = condition.compiled.test(self.names, self.run_context.eval_context)
        except ExpressionError as error:
            raise self.broken(error, condition.path, path) from None
        if self.run_context.watch is not None:
            self.decided(condition, path, "true" if holds else "false")
        return holds

    def decided(self, expression: Expression, path: str, result: str) -> None:
        """Tell who watches what a condition, or the value of a `switch`, decided."""
        if self.run_context.watch is None:
            return
        compiled = expression.compiled
        node = self.workflow.node_at(path.rpartition(CALLED)[2])
        where = self.workflow.locate(expression.path, compiled.source, (0, len(compiled.source)))
        values = values_read(compiled.refs, self.names)
        step_id = node.id if node is not None else None
        self.run_context.watch(Decision(path, kind_of(expression), step_id, where, compiled.source, values, result))

    def read(self, expression: Expression, path: str) -> Any:
        """Return a bare expression's value."""
        self.run_context.site = path
        try:
            return expression.compiled.evaluate(self.names, self.run_context.eval_context)
        except ExpressionError as error:
            raise self.broken(error, expression.path, path) from None

    def fill_aside(self, template: Template, path: str) -> Any:
        """Return what `fill` does, without effect on the values of later `uuid()`s."""
        with self.run_context.same_ids():
            return self.fill(template, path)

    def fill(self, template: Template, path: str) -> Any:
        """Return a value with its expressions filled in."""
        if template.constant:
            return copy_plain(template.literal)
        self.run_context.site = path
        try:
            return template.evaluate(self.names, self.run_context.eval_context)
        except ExpressionError as error:
            raise self.broken(error, template.path, path) from None

    def maybe(self, template: Template | None, path: str) -> Any:
        """Return a value with its expressions filled in, None if there is no template."""
        return None if template is None else self.fill(template, path)

    def text(self, template: Template, path: str, label: str) -> str:
        """Return a filled-in text; raises Failed when it is not text."""
        value = self.fill(template, path)
        if isinstance(value, str) and value:
            return value
        actual = "nothing" if value is None or value == "" else type(value).__name__
        raise fail(path, "expression", f"`{label}` must be text, found {actual}")

    def broken(self, error: ExpressionError, at: Path, path: str) -> Failed:
        """Return the failure of an expression, with its place in the file when that is known."""
        where = self.workflow.locate((*at, *error.path), error.source, error.span)
        return Failed(
            failure_type(error.source)(
                "expression",
                error.message,
                hint=error.hint,
                where=where or f"step {path}",
                data={"expression": error.source[:200]} if error.source else {},
            ),
            path,
        )
