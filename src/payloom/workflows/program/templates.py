"""What steps are made of once a file is loaded: compiled conditions and templates, and blocks of steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from payloom.kit.diagnostics import Path
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.interpolation import compile_bare, compile_value, mistakes
from payloom.workflows.syntax.filemodel.steps import StepHead

if TYPE_CHECKING:
    from payloom.workflows.program.node import Node


class Bare:
    """A bare expression, as in `if:` and `when:`. `path`: where it stands in the model."""

    __slots__ = ("compiled", "path")

    def __init__(self, compiled: Compiled, path: Path) -> None:
        self.compiled = compiled
        self.path = path


class Filled:
    """A value with `${{ … }}` in it. `constant`: there is none, and `literal` is the value."""

    __slots__ = ("compiled", "constant", "evaluate", "literal", "path")

    def __init__(self, value: Any, path: Path) -> None:
        self.compiled = compile_value(value)
        self.constant = self.compiled.constant
        self.literal = value
        self.evaluate = self.compiled.evaluate
        self.path = path


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Steps one after another. `ids`: every step id in them, at any depth."""

    nodes: tuple[Node, ...]
    path: Path
    ids: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """One expression of a document: where it stands, and whether bare or inside `${{ }}`."""

    path: Path
    compiled: Compiled
    bare: bool
    node: Node | None


def in_key_order(value: Any) -> Any:
    """Return the value with the keys of its maps sorted: how a version is stored must not change what it does."""
    if isinstance(value, Mapping):
        return {key: in_key_order(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [in_key_order(item) for item in value]
    return value


class Builder:
    """Compiles the parts of steps, collecting every problem instead of stopping at the first."""

    def __init__(self, make: Callable[[StepHead, Builder, Path], Node], line_of: Callable[[Path], int]) -> None:
        self._make = make
        self.line_of = line_of
        self.sites: list[Site] = []
        self.problems: list[tuple[Path, ExpressionError]] = []
        self._node: Node | None = None

    def bare(self, text: str, path: Path) -> Bare:
        """Compile a bare expression."""
        try:
            compiled = compile_bare(text)
        except ExpressionError as error:
            self.problems.append((path, error))
            compiled = compile_bare("null")
        else:
            self.sites.append(Site(path, compiled, bare=True, node=self._node))
        return Bare(compiled, path)

    def maybe_bare(self, text: str | None, path: Path) -> Bare | None:
        """Compile a bare expression if there is one."""
        return None if text is None else self.bare(text, path)

    def filled(self, value: Any, path: Path) -> Filled:
        """Compile a value with `${{ … }}` in it."""
        value = in_key_order(value)
        try:
            filled = Filled(value, path)
        except ExpressionError:
            self._each_text(value, path)
            return Filled(None, path)
        self.sites += [
            Site((*path, *inner), compiled, bare=False, node=self._node)
            for inner, compiled, _ in filled.compiled.expressions
        ]
        return filled

    def maybe_filled(self, value: Any, path: Path) -> Filled | None:
        """Compile a value if there is one."""
        return None if value is None else self.filled(value, path)

    def _each_text(self, value: Any, path: Path) -> None:
        # The whole did not compile: go text by text, so that every mistake in it is found.
        if isinstance(value, Mapping):
            for key, item in value.items():
                if isinstance(key, str) and "${{" in key:
                    self.problems.append(((*path, key), ExpressionError("a key is never an expression", source=key)))
                self._each_text(item, (*path, key))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                self._each_text(item, (*path, at))
        elif isinstance(value, str):
            try:
                compiled = compile_value(value)
            except ExpressionError as error:
                self.problems += [(path, one) for one in mistakes(value) or [error]]
            else:
                self.sites += [Site(path, one, bare=False, node=self._node) for _, one, _ in compiled.expressions]

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
