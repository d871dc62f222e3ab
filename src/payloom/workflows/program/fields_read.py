"""Which fields of a list's items a workflow reads: a journal need keep no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from payloom.workflows.expressions.syntax import ast
from payloom.workflows.program.node import Node
from payloom.workflows.program.program import Workflow

_Kind = Literal["list", "item"]
_ROOTS = frozenset({"steps", "context"})
_CONDITIONS = frozenset({"filter"})


class _Whole(Exception):
    """Something reads an item, or the list, as a whole."""


def fields_read(workflow: Workflow, step: Node) -> frozenset[str] | None:
    """Return the fields of the items of a step's list that the workflow reads; None if it may read all of them."""
    if step.id is None or _gives_its_value_away(workflow, step):
        return None
    reader = _Reader(step.id)
    sites = workflow.sites
    for site in sites:
        if site.bare and site.path[-1:] == ("for_each",) and reader.kind(site.compiled.tree, {}) == "list":
            reader.items.add(str(getattr(site.node, "item", "item")))
    try:
        for site in sites:
            looped = site.bare and site.path[-1:] == ("for_each",)
            tree = site.compiled.tree
            if looped and reader.kind(tree, {}) == "list":
                reader.inside(tree, {})
            else:
                reader.read(tree, {})
    except _Whole:
        return None
    return frozenset(reader.fields)


def _gives_its_value_away(workflow: Workflow, step: Node) -> bool:
    """Whether the step may be the last of a block whose value has a name: that of the step around it."""
    return any(outer.id is not None and _inside(outer, step) for outer in workflow.nodes())


def _inside(outer: Node, step: Node) -> bool:
    return step.path[: len(outer.path)] == outer.path and step is not outer


class _Reader:
    """Collects the fields that expressions read of the items of one step's list."""

    def __init__(self, step_id: str) -> None:
        self._step = step_id
        self.items: set[str] = set()
        self.fields: set[str] = set()

    def kind(self, node: ast.Node, bound: Mapping[str, _Kind | None]) -> _Kind | None:
        """Return whether an expression gives the list (or a part of it), or one of its items."""
        match node:
            case ast.Name(name=name):
                if name in bound:
                    return bound[name]
                return "list" if name == self._step else "item" if name in self.items else None
            case ast.Field(of=ast.Name(name=root), name=name) if root in _ROOTS and root not in bound:
                return "list" if name == self._step else None
            case ast.Field(of=ast.Field(of=ast.Name(name="context"), name="steps"), name=name):
                return "list" if name == self._step else None
            case ast.Index(of=of):
                return "item" if self.kind(of, bound) == "list" else None
            case ast.Macro(of=of, name=name) if name in _CONDITIONS:
                return self.kind(of, bound)
            case ast.Binary(sign="??", left=left, right=ast.ListOf(items=())):
                return self.kind(left, bound)
            case _:
                return None

    def inside(self, node: ast.Node, bound: Mapping[str, _Kind | None]) -> None:
        """Read what an expression that gives the list, or an item, reads on the way there."""
        match node:
            case ast.Index(of=of, index=index):
                self.inside(of, bound)
                self.read(index, bound)
            case ast.Macro(of=of, variable=variable, args=args):
                self.inside(of, bound)
                for part in args:
                    self.read(part, {**bound, variable: "item"})
            case ast.Binary(left=left):
                self.inside(left, bound)
            case _:
                return

    def read(self, node: ast.Node, bound: Mapping[str, _Kind | None]) -> None:
        """Collect the fields an expression reads; raises _Whole when it takes an item or the list as it is."""
        if self.kind(node, bound) is not None or (isinstance(node, ast.Name) and node.name in _ROOTS - bound.keys()):
            raise _Whole
        match node:
            case ast.Field(of=of, name=name) if self.kind(of, bound) == "item":
                self.fields.add(name)
                self.inside(of, bound)
            case ast.Index(of=of, index=ast.Literal(value=str(name))) if self.kind(of, bound) == "item":
                self.fields.add(name)
                self.inside(of, bound)
            case ast.Field(of=ast.Name(name=root)) if root in _ROOTS:
                return
            case (
                ast.Call(name="size", args=(of,))
                | ast.Method(of=of, name="size")
                | ast.Binary(sign="==" | "!=", left=of, right=ast.Literal(value=None))
            ) if self.kind(of, bound):
                self.inside(of, bound)
            case ast.Macro(of=of, variable=variable, args=args):
                kind = self.kind(of, bound)
                (self.inside if kind == "list" else self.read)(of, bound)
                for part in args:
                    self.read(part, {**bound, variable: "item" if kind == "list" else None})
            case _:
                for part in node.children():
                    self.read(part, bound)
