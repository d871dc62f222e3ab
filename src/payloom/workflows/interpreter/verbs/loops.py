"""for_each, while: steps done again and again, with an end in sight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from typing_extensions import override

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_dict, is_list
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.expressions.values import type_name
from payloom.workflows.interpreter.frame import Frame
from payloom.workflows.interpreter.steps import run_block
from payloom.workflows.program.node import Block, Node, StepCompiler
from payloom.workflows.program.signals import fail
from payloom.workflows.program.step_generator import Fork, Steps
from payloom.workflows.syntax.filemodel import steps as models


class ForEach(Node):
    """A round per item. The value is the list of the rounds' last values; ids set inside are the round's own."""

    verb: ClassVar[str] = "for_each"

    def build(self, model: models.ForEach, compiler: StepCompiler, path: Path) -> None:
        """Compile the list and the body."""
        self.items = compiler.expression(model.for_each, (*path, "for_each"))
        self.item = model.as_
        self.body = compiler.block(model.do, (*path, "do"))
        self.concurrency = model.concurrency
        self.max = model.max

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield `do`."""
        yield "do", self.body

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return {"type": "array"}

    def run(self, frame: Frame, path: str) -> Steps:
        """Run the body for each item, several at once with `concurrency`; the value is the list of their values."""
        items = frame.read(self.items, path)
        if is_dict(items):
            items = [{"key": key, "value": value} for key, value in sorted(items.items())]
        if not is_list(items):
            raise fail(path, "expression", f"`for_each` needs a list, found {type_name(items)}")
        if len(items) > self.max:
            raise fail(
                path,
                "too_many_items",
                f"{len(items):,} items, and `max` is {self.max:,}",
                hint="raise `max` if that is meant",
            )
        if self.concurrency > 1:
            return (yield Fork((self._round(frame, path, at, item) for at, item in enumerate(items)), self.concurrency))
        values: list[Any] = []
        for at, item in enumerate(items):
            value = yield from self._round(frame, path, at, item)
            values.append(value)
        return values

    def _round(self, frame: Frame, path: str, at: int, item: Any) -> Steps:
        frame.run_context.count(path)
        return (yield from run_block(self.body, frame.child(self.body.ids, self.item, item), f"{path}.do[{at}]."))


class While(Node):
    """Rounds as long as a condition holds. The value is how many there were; ids set inside stay readable."""

    verb: ClassVar[str] = "while"

    def build(self, model: models.While, compiler: StepCompiler, path: Path) -> None:
        """Compile the condition and the body."""
        self.condition = compiler.expression(model.while_, (*path, "while"))
        self.body = compiler.block(model.do, (*path, "do"))
        self.max = model.max

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield `do`."""
        yield "do", self.body

    @override
    def result_schema(self, catalog: Catalog) -> Schema | None:
        return {"type": "integer"}

    def run(self, frame: Frame, path: str) -> Steps:
        """Run the body while the condition holds, at most `max` times; the value is the number of rounds."""
        rounds = 0
        while frame.test(self.condition, path):
            if rounds >= self.max:
                raise fail(
                    path, "too_many_rounds", f"the condition still holds after {self.max} rounds",
                    hint="raise `max` if that is meant",
                )  # fmt: skip
            frame.run_context.count(path)
            yield from run_block(self.body, frame, f"{path}.do[{rounds}].")
            rounds += 1
        return rounds
