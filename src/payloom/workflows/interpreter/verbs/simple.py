"""let, log, return, respond, raise: steps that the interpreter does alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.catalog.schemas import closed
from payloom.workflows.expressions.values import EvalError, to_text
from payloom.workflows.interpreter.frame import Frame, to_response
from payloom.workflows.program import commands, json_schema
from payloom.workflows.program.node import Node, StepCompiler
from payloom.workflows.program.signals import Returned, fail, fail_in_words
from payloom.workflows.program.step_generator import Steps, command
from payloom.workflows.syntax.filemodel import steps as models


class Let(Node):
    """Sets variables. All values are computed before any is set."""

    verb: ClassVar[str] = "let"

    def build(self, model: models.Let, compiler: StepCompiler, path: Path) -> None:
        """Compile the values."""
        self.values = compiler.template(model.let, (*path, "let"))

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        keys: Mapping[str, Any] = self.values.literal if is_map(self.values.literal) else {}
        return closed({name: {} for name in keys})

    def run(self, frame: Frame, path: str) -> Steps:
        """Set variables of the run; the value is the map of them."""
        values = frame.fill(self.values, path)
        frame.names["vars"].update(values)
        return values
        yield


class Log(Node):
    """Writes a line to the run's log."""

    verb: ClassVar[str] = "log"
    shown_to: ClassVar[Literal["nobody", "staff", "caller"]] = "staff"

    def build(self, model: models.Log, compiler: StepCompiler, path: Path) -> None:
        """Compile the text."""
        self.text = compiler.template(model.log, (*path, "log"))
        self.level: models.Level = model.level

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return {"type": "null"}

    @override
    def may_be_null(self) -> bool:
        return True

    def run(self, frame: Frame, path: str) -> Steps:
        """Write a line of the run's log. A list or a map fails: it needs json(…)."""
        value = frame.fill(self.text, path)
        try:
            text = value if isinstance(value, str) else to_text(value)
        except EvalError as mistake:
            raise fail(path, "expression", mistake.message, hint="use json(…) to log a list or a map") from None
        yield from command(commands.Log(path, self.level, text, line=self.line))


def _keep_promise(frame: Frame, body: Any, status: int | None, path: str) -> None:
    """Fail if an answer is not what the workflow's `output` promises; the body of an error is not promised."""
    promised = frame.workflow.output if frame.workflow.keeps_output else None
    if promised is None or (status or 200) >= 400:
        return
    problem = next(json_schema.problems(_given(to_response(body), promised), promised), None)
    if problem is not None:
        field = f"`{problem.field}` " if problem.field else "the answer "
        hint = "correct the expression, or what `output` says"
        raise fail(path, "invalid_output", f"`output`: {field}{problem.message}", hint=hint, status=500)


def _given(value: Any, schema: Schema) -> Any:
    """Return the answer without the nulls of fields that may be missing: both say that there is none."""
    properties, items = schema.get("properties"), schema.get("items")
    if is_map(value) and is_map(properties):
        required = schema.get("required", ())
        return {
            name: _given(item, properties.get(name) or {})
            for name, item in value.items()
            if item is not None or name in required or name not in properties
        }
    return [_given(item, items) for item in value] if is_list(value) and is_map(items) else value


class Return(Node):
    """Ends the workflow with an answer."""

    verb: ClassVar[str] = "return"
    ends_branch: ClassVar[bool] = True
    shown_to: ClassVar[Literal["nobody", "staff", "caller"]] = "caller"

    def build(self, model: models.Return, compiler: StepCompiler, path: Path) -> None:
        """Compile the answer."""
        self.body = compiler.template(model.return_, (*path, "return"))
        self.status = model.status

    def run(self, frame: Frame, path: str) -> Steps:
        """End the workflow with an answer."""
        body = frame.fill(self.body, path)
        _keep_promise(frame, body, self.status, path)
        raise Returned(body, self.status)
        yield


class Respond(Node):
    """Responds to the caller now and continues the run."""

    verb: ClassVar[str] = "respond"
    shown_to: ClassVar[Literal["nobody", "staff", "caller"]] = "caller"

    def build(self, model: models.Respond, compiler: StepCompiler, path: Path) -> None:
        """Compile the answer."""
        self.body = compiler.template(model.respond, (*path, "respond"))
        self.status = model.status

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return {"type": "null"}

    @override
    def may_be_null(self) -> bool:
        return True

    def run(self, frame: Frame, path: str) -> Steps:
        """Respond to the caller and continue the run."""
        body = to_response(frame.fill(self.body, path))
        _keep_promise(frame, body, self.status, path)
        yield from command(commands.Respond(path, body, self.status, line=self.line))


class Raise(Node):
    """Fails with an error of the file's own."""

    verb: ClassVar[str] = "raise"
    ends_branch: ClassVar[bool] = True

    def build(self, model: models.Raise, compiler: StepCompiler, path: Path) -> None:
        """Compile the failure's texts and data."""
        here = (*path, "raise")
        self.error = model.raise_
        self.message = compiler.template(model.raise_.message, (*here, "message"))
        self.hint = compiler.maybe_template(model.raise_.hint, (*here, "hint"))
        self.data = compiler.template(model.raise_.data, (*here, "data"))

    def run(self, frame: Frame, path: str) -> Steps:
        """Fail with the step's own code."""
        raise fail_in_words(
            path,
            self.error.code,
            frame.text(self.message, path, "message"),
            status=self.error.status,
            hint=frame.maybe(self.hint, path),
            data=frame.fill(self.data, path),
        )
        yield
