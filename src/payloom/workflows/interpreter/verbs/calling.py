"""call: another workflow, inline, as part of this run."""

from __future__ import annotations

from typing import ClassVar, Literal

from payloom.workflows.diagnostics import Path
from payloom.workflows.errors import UnknownWorkflow
from payloom.workflows.filemodel import steps as models
from payloom.workflows.inputs import InvalidInput, validate_input
from payloom.workflows.interpreter.frame import MAX_CALLS, Frame
from payloom.workflows.interpreter.node import Node, Steps
from payloom.workflows.interpreter.parts import Builder
from payloom.workflows.interpreter.signals import Failed, Stopped, fail

INHERITED = ("user", "env", "run")


class Call(Node):
    """The value is what the workflow returns. It sees its own `inputs`, and `user`, `env` and `run` of the caller."""

    verb: ClassVar[str] = "call"
    lane: Literal["fast", "durable"] = "durable"

    def build(self, model: models.Call, builder: Builder, path: Path) -> None:
        self.target = model.call
        self.with_ = builder.filled(model.with_, (*path, "with"))

    def run(self, frame: Frame, path: str) -> Steps:
        from payloom.workflows.interpreter.execution import run_workflow  # noqa: PLC0415 - the two need each other

        if frame.depth >= MAX_CALLS:
            raise fail(
                path, "call_too_deep", f"workflows call each other more than {MAX_CALLS} deep",
                hint="a workflow that calls itself needs a way to end",
            )  # fmt: skip
        try:
            callee = frame.shared.resolve(self.target)
        except (UnknownWorkflow, KeyError):
            raise fail(path, "unknown_workflow", f"there is no workflow {self.target!r}") from None
        given = {name: value for name, value in frame.fill(self.with_, path).items() if value is not None}
        try:
            inputs = validate_input(callee, given)
        except InvalidInput as error:
            raise fail(
                path, "invalid_input", f"{self.target}: {error.message}", status=422, errors=error.data["errors"]
            ) from None
        scope = {"inputs": inputs, **{name: frame.names[name] for name in INHERITED if name in frame.names}}
        inner = Frame(frame.shared, callee, scope, frame.depth + 1)
        try:
            body, _ = yield from run_workflow(inner, f"{path}.call.")
        except Stopped:
            return None
        except Failed as failed:
            # What the called workflow's `on_error` returned is not what the caller of this one gets.
            failed.answer = None
            raise
        return body
