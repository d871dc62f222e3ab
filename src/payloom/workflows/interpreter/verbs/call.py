"""call: another workflow, inline as part of this run; or, if it has `once`, as the one run of that key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from payloom.kit.diagnostics import Path
from payloom.workflows.catalog.events import build_scope
from payloom.workflows.errors import UnknownWorkflow
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.interpreter.frame import CALLED, MAX_CALLS, Frame
from payloom.workflows.interpreter.steps import run_workflow
from payloom.workflows.program import commands
from payloom.workflows.program.idempotency_key import text_of
from payloom.workflows.program.inputs import InvalidInput, validate_input
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.program.program import Workflow
from payloom.workflows.program.signals import Failed, Stopped, fail
from payloom.workflows.program.step_generator import Steps
from payloom.workflows.syntax.filemodel import steps as models

INHERITED = ("user", "env", "run")
INLINE = commands.Entry("")
"""Stands for a CallOnce's entry in a history in which the called workflow ran inline."""


class Call(Node):
    """`call`: the value is what the workflow returns.

    It sees its own `inputs`, and `user`, `env` and `run` of the caller (with `once` its own `run`).
    """

    verb: ClassVar[str] = "call"
    lane: Literal["fast", "durable"] = "durable"

    def build(self, model: models.Call, compiler: StepCompiler, path: Path) -> None:
        """Compile the inputs of the call."""
        self.target = model.call
        self.with_ = compiler.template(model.with_, (*path, "with"))

    def run(self, frame: Frame, path: str) -> Steps:
        """Run another workflow inside this run. Fails when it is unknown, refuses its inputs, or is called too deep."""
        if frame.depth >= MAX_CALLS:
            raise fail(
                path, "call_too_deep", f"workflows call each other more than {MAX_CALLS} deep",
                hint="a workflow that calls itself needs a way to end",
            )  # fmt: skip
        try:
            callee = frame.run_context.resolve(self.target)
        except (UnknownWorkflow, KeyError):
            raise fail(path, "unknown_workflow", f"there is no workflow {self.target!r}") from None
        arguments = {name: value for name, value in frame.fill(self.with_, path).items() if value is not None}
        try:
            inputs = validate_input(callee, arguments)
        except InvalidInput as error:
            raise fail(
                path, "invalid_input", f"{self.target}: {error.message}", status=422, errors=error.data["errors"]
            ) from None
        once = self._once(callee, inputs, frame, path) if callee.shares_runs else None
        if once is not None:
            user, depth = frame.names.get("user"), frame.depth + 1
            command = commands.CallOnce(path, self.target, inputs, once, user, depth, step_id=self.id, line=self.line)
            entry = yield command
            if entry is not INLINE:
                if entry.failure is not None:
                    raise Failed(entry.failure, path)
                return entry.value
        return (yield from self._inline(callee, inputs, frame, path))

    @staticmethod
    def _once(callee: Workflow, inputs: Mapping[str, Any], frame: Frame, path: str) -> str | None:
        """Return the callee's key, read as by its other triggers: from its inputs, `user` and `env`."""
        scope = build_scope(inputs=inputs, user=frame.names.get("user"), env=frame.names.get("env"))
        frame.run_context.site = path
        try:
            return text_of(callee.once, scope, frame.run_context.eval_context)
        except ExpressionError as error:
            raise fail(
                path, "expression", f"`once` of {callee.id}: {error.message}", hint=error.hint,
                expression=error.source[:200],
            ) from None  # fmt: skip

    @staticmethod
    def _inline(callee: Workflow, inputs: Mapping[str, Any], frame: Frame, path: str) -> Steps:
        scope = {"inputs": inputs, **{name: frame.names[name] for name in INHERITED if name in frame.names}}
        inner = Frame(frame.run_context, callee, scope, frame.depth + 1)
        try:
            body, _ = yield from run_workflow(inner, f"{path}{CALLED}")
        except Stopped:
            return None
        except Failed as failed:
            # What the called workflow's `on_error` returned is not what the caller of this one gets.
            failed.answer = None
            raise
        return body
