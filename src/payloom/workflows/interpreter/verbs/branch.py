"""if, switch, filter, ensure: which steps come next. Decided again on every replay, from the same values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_dict
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.interpreter.steps import run_block
from payloom.workflows.program.node import Block, Node, StepCompiler
from payloom.workflows.program.signals import Signal, Stopped, fail, fail_in_words
from payloom.workflows.program.step_generator import Steps
from payloom.workflows.program.templates import Expression
from payloom.workflows.syntax.filemodel import steps as models


def take(node: Node, frame: Frame, path: str, label: str, block: Block) -> Steps:
    """Run one of a step's blocks; the results of the others become null."""
    frame.run_context.mark(path, "took", node.id, label)
    for other, skipped in node.blocks():
        if other != label and skipped.ids:
            frame.forget(skipped.ids)
    return (yield from run_block(block, frame, f"{path}.{label}."))


class If(Node):
    """Two ways."""

    verb: ClassVar[str] = "if"

    def build(self, model: models.If, compiler: StepCompiler, path: Path) -> None:
        """Compile the condition and both branches."""
        self.condition = compiler.expression(model.if_, (*path, "if"))
        self.then = compiler.block(model.then, (*path, "then"))
        self.otherwise = compiler.block(model.else_, (*path, "else"))

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield `then` and `else`."""
        yield "then", self.then
        yield "else", self.otherwise

    def run(self, frame: Frame, path: str) -> Steps:
        """Run the branch that the condition chooses."""
        if frame.test(self.condition, path):
            return (yield from take(self, frame, path, "then", self.then))
        return (yield from take(self, frame, path, "else", self.otherwise))


class Guard(Node):
    """Lets the run go on only when its condition holds: what steps behind it read is certain then. The value is true.

    when_false: what a condition that is always false means, for the checker.
    """

    condition: Expression
    when_false: ClassVar[str]

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return {"type": "boolean"}

    def run(self, frame: Frame, path: str) -> Steps:
        """Go on with true when the condition holds; otherwise raise what `refuse` gives."""
        if not frame.test(self.condition, path):
            raise self.refuse(frame, path)
        return True
        yield

    def refuse(self, frame: Frame, path: str) -> Signal:
        """Return how the run ends."""
        raise NotImplementedError


class Filter(Guard):
    """Ends the run quietly when its condition does not hold."""

    verb: ClassVar[str] = "filter"
    when_false: ClassVar[str] = "the run always ends here"

    def build(self, model: models.Filter, compiler: StepCompiler, path: Path) -> None:
        """Compile the condition."""
        self.condition = compiler.expression(model.filter, (*path, "filter"))

    def refuse(self, frame: Frame, path: str) -> Signal:
        """End the run quietly, as filtered."""
        frame.run_context.mark(path, "done", self.id, "stop")
        return Stopped(path)


class Ensure(Guard):
    """Fails with an error of the file's own when its condition does not hold."""

    verb: ClassVar[str] = "ensure"
    when_false: ClassVar[str] = "the run always fails here"

    def build(self, model: models.Ensure, compiler: StepCompiler, path: Path) -> None:
        """Compile the condition and what the failure says."""
        self.condition = compiler.expression(model.ensure, (*path, "ensure"))
        self.message = compiler.template(model.message, (*path, "message"))
        self.hint = compiler.maybe_template(model.hint, (*path, "hint"))
        self.code, self.status = model.code, model.status

    def refuse(self, frame: Frame, path: str) -> Signal:
        """Fail with the step's code, status, message and hint."""
        message = frame.text(self.message, path, "message")
        return fail_in_words(path, self.code, message, status=self.status, hint=frame.maybe(self.hint, path))


def case_key(value: Any) -> str | None:
    """Return the key under `cases:` that a value chooses; None for values that no key can name."""
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None


class Switch(Node):
    """Many ways: by a value, or by the first condition that holds."""

    verb: ClassVar[str] = "switch"

    def build(self, model: models.Switch, compiler: StepCompiler, path: Path) -> None:
        """Compile the value and the cases: by value, or by condition."""
        self.value = compiler.maybe_expression(model.switch, (*path, "switch"))
        self.cases: dict[str, Block] = {}
        self.conditions: list[tuple[Expression, str, Block]] = []
        if is_dict(model.cases):
            for key, steps in model.cases.items():
                self.cases[key] = compiler.block(steps, (*path, "cases", key))
        else:
            for at, clause in enumerate(model.cases):
                here = (*path, "cases", at)
                block = compiler.block(clause.do, (*here, "do"))
                self.conditions.append((compiler.expression(clause.when, (*here, "when")), f"cases[{at}]", block))
        self.default = model.default if isinstance(model.default, str) else None
        steps = [] if isinstance(model.default, str) else model.default
        self.otherwise = compiler.block(steps, (*path, "default"))

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield the cases as `cases.KEY`, then `default`."""
        for key, block in self.cases.items():
            yield f"cases.{key}", block
        for _, label, block in self.conditions:
            yield label, block
        yield "default", self.otherwise

    def run(self, frame: Frame, path: str) -> Steps:
        """Run the case of the value, or the first whose condition holds; without one, the default."""
        value = None if self.value is None else frame.read(self.value, path)
        if self.conditions:
            for condition, label, block in self.conditions:
                if frame.test(condition, path):
                    return (yield from take(self, frame, path, label, block))
        else:
            key = case_key(value)
            if key is not None and key in self.cases:
                self._chose(frame, path, f"cases.{key}")
                return (yield from take(self, frame, path, f"cases.{key}", self.cases[key]))
            self._chose(frame, path, self.default or "default")
        if self.default is None:
            return (yield from take(self, frame, path, "default", self.otherwise))
        frame.run_context.mark(path, "took", self.id, self.default)
        if self.default == "stop":
            raise Stopped(path)
        raise fail(
            path,
            "no_case",
            f"no case for {str(value)[:80]!r}",
            hint="add the case, or `default: stop` to end quietly",
        )

    def _chose(self, frame: Frame, path: str, label: str) -> None:
        if self.value is not None:
            frame.decided(self.value, path, label)
