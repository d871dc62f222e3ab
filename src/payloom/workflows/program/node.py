"""A compiled step, what every verb shares, and the compiler of steps that makes them.

Each verb is a subclass of `Node` with `build` (at load) and `run` (per run).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Literal

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_any_map, is_list, is_map
from payloom.workflows.catalog.catalog import Catalog, Schema
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.interpolation import compile_bare, compile_value, mistakes
from payloom.workflows.program.step_generator import Steps
from payloom.workflows.program.templates import Expression, Template
from payloom.workflows.syntax.filemodel.steps import StepHead


class Node:
    """One step of a loaded workflow.

    path: where it stands in the model. line: in the file, 0 if unknown. lane: `fast` when it does nothing but compute,
    touch tables and log.
    """

    verb: ClassVar[str] = ""
    lane: Literal["fast", "durable"] = "fast"
    ends_branch: ClassVar[bool] = False
    """Whether no step behind it is ever reached."""
    shown_to: ClassVar[Literal["nobody", "staff", "caller"]] = "nobody"
    """Who reads what the step is given: secrets must not go there."""

    def __init__(self, model: StepHead, compiler: StepCompiler, path: Path) -> None:
        compiler.enter(self)
        self.model = model
        self.path = path
        self.line = compiler.line_of(path)
        self.id = model.id
        self.name = model.name
        self.when = compiler.maybe_expression(model.when, (*path, "when"))
        self.build(model, compiler, path)
        compiler.enter(self)
        handler = model.on_error
        self.continues_on_error = handler == "continue"
        self.on_error = compiler.block(handler, (*path, "on_error")) if is_list(handler) else None
        self.handles_failure = self.continues_on_error or self.on_error is not None

    def build(self, model: Any, compiler: StepCompiler, path: Path) -> None:
        """Compile what this verb needs."""
        raise NotImplementedError

    def run(self, frame: Any, path: str) -> Steps:
        """Do the step.

        frame: the interpreter's Frame, which this layer does not know. path: the step's place in the run.
        """
        raise NotImplementedError

    def result_schema(self, catalog: Catalog) -> Schema | None:  # noqa: ARG002 - for verbs whose value it describes
        """Return the JSON Schema of the step's value when it is neither skipped nor absent; None: anything."""
        return None

    def may_be_null(self) -> bool:
        """Whether the step's value may be null although it ran."""
        return False

    def blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield the steps inside, each block with its label in run paths (`then`, `cases.succeeded`, …)."""
        yield from ()

    def all_blocks(self) -> Iterator[tuple[str, Block]]:
        """Yield the steps inside, the step's own `on_error` included."""
        yield from self.blocks()
        if self.on_error is not None:
            yield "on_error", self.on_error

    def all_ids(self) -> Iterator[str]:
        """Yield the ids set by this step and the steps inside."""
        if self.id:
            yield self.id
        for _, block in self.all_blocks():
            yield from block.ids

    def walk(self) -> Iterator[Node]:
        """Yield this step and every step inside."""
        yield self
        for _, block in self.all_blocks():
            for node in block.nodes:
                yield from node.walk()


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Steps one after another. `ids`: every step id in them, at any depth."""

    nodes: tuple[Node, ...]
    path: Path
    ids: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class ExpressionSite:
    """One expression of a document: where it stands, and whether bare or inside `${{ }}`."""

    path: Path
    compiled: Compiled
    bare: bool
    node: Node | None


class StepCompiler:
    """Compiles the parts of steps, collecting every problem instead of stopping at the first."""

    def __init__(self, make: Callable[[StepHead, StepCompiler, Path], Node], line_of: Callable[[Path], int]) -> None:
        self._make = make
        self.line_of = line_of
        self.sites: list[ExpressionSite] = []
        self.problems: list[tuple[Path, ExpressionError]] = []
        self._node: Node | None = None

    def expression(self, text: str, path: Path) -> Expression:
        """Compile a bare expression."""
        try:
            compiled = compile_bare(text)
        except ExpressionError as error:
            self.problems.append((path, error))
            compiled = compile_bare("null")
        else:
            self.sites.append(ExpressionSite(path, compiled, bare=True, node=self._node))
        return Expression(compiled, path)

    def maybe_expression(self, text: str | None, path: Path) -> Expression | None:
        """Compile a bare expression if there is one."""
        return None if text is None else self.expression(text, path)

    def template(self, value: Any, path: Path) -> Template:
        """Compile a value with `${{ … }}` in it."""
        value = in_key_order(value)
        try:
            template = Template(value, path)
        except ExpressionError:
            self._each_text(value, path)
            return Template(None, path)
        self.sites += [
            ExpressionSite((*path, *inner), compiled, bare=False, node=self._node)
            for inner, compiled, _ in template.compiled.expressions
        ]
        return template

    def maybe_template(self, value: Any, path: Path) -> Template | None:
        """Compile a value if there is one."""
        return None if value is None else self.template(value, path)

    def _each_text(self, value: Any, path: Path) -> None:
        # The whole did not compile: go text by text, so that every mistake in it is found.
        if is_any_map(value):
            for key, item in value.items():
                if isinstance(key, str) and "${{" in key:
                    self.problems.append(((*path, key), ExpressionError("a key is never an expression", source=key)))
                self._each_text(item, (*path, key))
        elif is_list(value):
            for at, item in enumerate(value):
                self._each_text(item, (*path, at))
        elif isinstance(value, str):
            try:
                compiled = compile_value(value)
            except ExpressionError as error:
                self.problems += [(path, mistake) for mistake in mistakes(value) or [error]]
            else:
                self.sites += [
                    ExpressionSite(path, expression, bare=False, node=self._node)
                    for _, expression, _ in compiled.expressions
                ]

    def block(self, steps: Sequence[StepHead], path: Path) -> Block:
        """Compile steps."""
        around = self._node
        nodes = tuple(self._make(step, self, (*path, at)) for at, step in enumerate(steps))
        self._node = around
        ids = tuple(dict.fromkeys(name for node in nodes for name in node.all_ids()))
        return Block(nodes, path, ids)

    def enter(self, node: Node) -> None:
        """Say whose expressions come now."""
        self._node = node


def in_key_order(value: Any) -> Any:
    """Return the value with the keys of its maps sorted: how a version is stored must not change what it does."""
    if is_map(value):
        return {key: in_key_order(value[key]) for key in sorted(value)}
    if is_list(value):
        return [in_key_order(item) for item in value]
    return value
