"""The syntax tree. Every node knows its span, `(start, end)` in the source; nothing here evaluates."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

from payloom.kit.json_types import is_tuple


@dataclasses.dataclass(slots=True, eq=False)
class Node:
    """grouped: it stands in parentheses, which end the reach of a `?.` inside."""

    span: tuple[int, int]
    grouped: bool = dataclasses.field(default=False, kw_only=True)

    def children(self) -> Iterator[Node]:
        """Yield the direct parts."""
        for field in dataclasses.fields(self):
            yield from _nodes_in(getattr(self, field.name))


def _nodes_in(value: object) -> Iterator[Node]:
    """Yield the nodes that a field holds: itself, or those in its tuples."""
    if isinstance(value, Node):
        yield value
    elif is_tuple(value):
        for item in value:
            yield from _nodes_in(item)


@dataclasses.dataclass(slots=True, eq=False)
class Literal(Node):
    """A number, text, true, false or null."""

    value: Any


@dataclasses.dataclass(slots=True, eq=False)
class Name(Node):
    """A name that the scope holds, e.g. `inputs`."""

    name: str


@dataclasses.dataclass(slots=True, eq=False)
class Field(Node):
    """`of.name`, or `of?.name` when optional."""

    of: Node
    name: str
    optional: bool


@dataclasses.dataclass(slots=True, eq=False)
class Index(Node):
    """`of[index]`, or `of[?index]` when optional."""

    of: Node
    index: Node
    optional: bool


@dataclasses.dataclass(slots=True, eq=False)
class Call(Node):
    """`name(args)`: a function of the language."""

    name: str
    args: tuple[Node, ...]


@dataclasses.dataclass(slots=True, eq=False)
class Method(Node):
    """`of.name(args)`, or `of?.name(args)` when optional."""

    of: Node
    name: str
    args: tuple[Node, ...]
    optional: bool


@dataclasses.dataclass(slots=True, eq=False)
class Macro(Node):
    """`of.name(variable, args…)`; `map` may have a condition and a value."""

    of: Node
    name: str
    variable: str
    args: tuple[Node, ...]
    optional: bool


@dataclasses.dataclass(slots=True, eq=False)
class Unary(Node):
    """`!operand` or `-operand`."""

    sign: str
    operand: Node


@dataclasses.dataclass(slots=True, eq=False)
class Binary(Node):
    """`left sign right`, e.g. a comparison, arithmetic, `&&` or `??`."""

    sign: str
    left: Node
    right: Node


@dataclasses.dataclass(slots=True, eq=False)
class Conditional(Node):
    """`condition ? then : otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclasses.dataclass(slots=True, eq=False)
class ListOf(Node):
    """`[item, …]`."""

    items: tuple[Node, ...]


@dataclasses.dataclass(slots=True, eq=False)
class MapOf(Node):
    """`{key: value, …}`."""

    entries: tuple[tuple[Node, Node], ...]


class Ref(NamedTuple):
    """One access path, e.g. `("event", "data", "object", "amount")`, as far as its parts are constant.

    optional: the reader copes with its absence: a `?.` in it, or it stands left of `??` or in `has()`.
    """

    path: tuple[str | int, ...]
    span: tuple[int, int]
    optional: bool


def in_optional_chain(node: Node) -> bool:
    """Tell whether `node` is reached through a `?.` (or is one), so that it may be absent as a whole."""
    while isinstance(node, Field | Index | Method | Macro):
        if node.optional:
            return True
        node = node.of
        if node.grouped:
            return False
    return False


def path_of(node: Node) -> tuple[tuple[str | int, ...], bool, Node]:
    """Return the constant path that `node` ends, whether a `?.` is in it, and the node it starts from."""
    parts: list[str | int] = []
    optional = False
    while True:
        if isinstance(node, Field):
            parts.append(node.name)
        elif isinstance(node, Index) and isinstance(node.index, Literal) and type(node.index.value) in (str, int):
            parts.append(node.index.value)
        else:
            break
        optional = optional or node.optional
        node = node.of
    if isinstance(node, Name):
        parts.append(node.name)
    return tuple(reversed(parts)), optional, node


def references(node: Node) -> tuple[Ref, ...]:
    """Return every maximal access path that starts at a name of the scope, in the order they stand."""
    refs: list[Ref] = []
    _collect(node, refs, frozenset(), optional=False)
    return tuple(sorted(refs, key=lambda ref: ref.span))


def _collect(node: Node, refs: list[Ref], bound: frozenset[str], *, optional: bool) -> None:
    if isinstance(node, Name | Field | Index):
        path, chained, start = path_of(node)
        if isinstance(start, Name):
            if start.name not in bound:
                refs.append(Ref(path, node.span, optional or chained))
        elif start is node:
            # An index that is computed: what it is of, and what it is.
            assert isinstance(node, Index)
            _collect(node.of, refs, bound, optional=optional or node.optional)
            _collect(node.index, refs, bound, optional=False)
        else:
            _collect(start, refs, bound, optional=optional or chained)
        return
    if isinstance(node, Macro):
        _collect(node.of, refs, bound, optional=optional or node.optional)
        for part in node.args:
            _collect(part, refs, bound | {node.variable}, optional=False)
        return
    if isinstance(node, Binary) and node.sign == "??":
        _collect(node.left, refs, bound, optional=True)
        _collect(node.right, refs, bound, optional=optional)
        return
    if isinstance(node, Method):
        optional = optional or node.optional
    elif not (isinstance(node, Conditional)):
        optional = isinstance(node, Call) and node.name == "has"
    for part in node.children():
        _collect(part, refs, bound, optional=optional)
