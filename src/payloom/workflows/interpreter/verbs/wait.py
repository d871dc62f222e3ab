"""wait, wait_for: steps that suspend the run without holding a worker."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar, Literal

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.durations import parse_duration
from payloom.kit.json_types import is_map
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.events import event_types, names_only_connected
from payloom.workflows.expressions.values import type_name
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.program import commands
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.program.signals import fail
from payloom.workflows.program.step_generator import Steps, command
from payloom.workflows.program.templates import Template
from payloom.workflows.syntax.filemodel import steps as models


def moment(value: Any, now: dt.datetime, path: str, label: str) -> dt.datetime:
    """Return the moment that a duration (from now) or a timestamp means."""
    if isinstance(value, str):
        try:
            value = parse_duration(value)
        except ValueError:
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                raise fail(
                    path,
                    "expression",
                    f"`{label}` is neither a duration nor a timestamp: {value!r}",
                    hint="write e.g. 14d",
                ) from None
    if isinstance(value, dt.timedelta):
        try:
            return now + value
        except OverflowError:
            raise fail(path, "expression", f"`{label}` is too far away") from None
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        try:
            return value.astimezone(dt.UTC)
        except OverflowError:
            raise fail(path, "expression", f"`{label}` is outside the years 1 to 9999") from None
    raise fail(path, "expression", f"`{label}` must be a duration or a timestamp, found {type_name(value)}")


def until(template: Template | None, frame: Frame, path: str, label: str = "timeout") -> dt.datetime | None:
    """Return the moment a time-out means, None if there is none."""
    return None if template is None else moment(frame.fill(template, path), frame.run_context.now, path, label)


class Wait(Node):
    """Sleeps."""

    verb: ClassVar[str] = "wait"
    lane: Literal["fast", "durable"] = "durable"

    def build(self, model: models.Wait, compiler: StepCompiler, path: Path) -> None:
        """Compile the duration."""
        self.time = compiler.template(model.wait, (*path, "wait"))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return {"type": "null"}

    @override
    def may_be_null(self) -> bool:
        return True

    def run(self, frame: Frame, path: str) -> Steps:
        """Sleep until the time has passed, without holding a worker."""
        end = moment(frame.fill(self.time, path), frame.run_context.now, path, "wait")
        yield from command(commands.Sleep(path, end, step_id=self.id, line=self.line))
        return None


class WaitFor(Node):
    """Waits for a Stripe event. The value is the event, null when the time is up."""

    verb: ClassVar[str] = "wait_for"
    lane: Literal["fast", "durable"] = "durable"

    def build(self, model: models.WaitFor, compiler: StepCompiler, path: Path) -> None:
        """Compile the condition and the time limit."""
        here = (*path, "wait_for")
        self.family = model.wait_for.stripe
        self.actions = list(model.wait_for.actions or ())
        self.condition = compiler.maybe_expression(model.wait_for.match, (*here, "match"))
        self.timeout = compiler.maybe_template(model.wait_for.timeout, (*here, "timeout"))
        self.account = compiler.maybe_template(model.wait_for.account, (*here, "account"))
        account = self.account
        self.only_connected = account is not None and account.constant and names_only_connected(account.literal)
        parts: list[str] = []
        if self.actions:
            names = ", ".join("'" + name.replace("\\", "").replace("'", "") + "'" for name in self.actions)
            parts.append(f"event.action in [{names}]")
        if self.condition is not None:
            parts.append(f"({self.condition.compiled.source})")
        self.match = " && ".join(parts) or None

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return event_types(self.family, self.actions, catalog, connected=self.only_connected)[0]

    @override
    def may_be_null(self) -> bool:
        return True

    def run(self, frame: Frame, path: str) -> Steps:
        """Wait for an event that matches; the value is null when the time is up."""
        end = until(self.timeout, frame, path)
        scope = dict(frame.names)
        entry = yield from command(
            commands.Wait(
                path,
                self.family,
                self.match,
                scope,
                end,
                step_id=self.id,
                line=self.line,
                account=self._accounts(frame, path),
            )
        )
        return entry.value

    def _accounts(self, frame: Frame, path: str) -> Any:
        """Return whose events count: those the step names, else the account of the event that began the run."""
        if self.account is not None:
            return frame.fill(self.account, path)
        event = frame.names.get("event")
        return event.get("account") if is_map(event) else None
