"""What a condition says about null: after `order != null`, `order` has a value."""

from __future__ import annotations

import datetime as dt

from payloom.workflows.checker.findings import root_of
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.values import EvalContext

NOWHERE = EvalContext(
    now=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC), uuid=lambda: "00000000-0000-0000-0000-000000000000"
)
"""A context for expressions that read neither time nor ids."""


def _is_null(node: ast.Node) -> bool:
    return isinstance(node, ast.Literal) and node.value is None


def _name(node: ast.Node) -> str | None:
    """Return the step or root that a path begins with, `context.` and `steps.` left out."""
    path, _, start = ast.path_of(node)
    if not isinstance(start, ast.Name):
        return None
    return str(root_of(path)[0]) if path else start.name


def not_null(compiled: Compiled, *, holds: bool) -> set[str]:
    """Return the names that certainly have a value when the condition holds (or does not hold)."""
    return _not_null(compiled.tree, holds=holds)


def _not_null(node: ast.Node, *, holds: bool) -> set[str]:
    if isinstance(node, ast.Unary) and node.sign == "!":
        return _not_null(node.operand, holds=not holds)
    if not isinstance(node, ast.Binary):
        return set()
    if node.sign in {"&&", "||"}:
        left, right = _not_null(node.left, holds=holds), _not_null(node.right, holds=holds)
        return left | right if (node.sign == "&&") == holds else left & right
    if node.sign not in {"==", "!=", "===", "!=="}:
        return set()
    equal = node.sign in {"==", "==="}
    for operand, other in ((node.left, node.right), (node.right, node.left)):
        if _is_null(other) and equal != holds:
            name = _name(operand)
            return {name} if name else set()
        if isinstance(other, ast.Literal) and not _is_null(other) and equal == holds:
            name = _name(operand)
            return {name} if name else set()
    return set()


def tests_for_null(compiled: Compiled, name: str, span: tuple[int, int]) -> bool:
    """Whether the expression itself sees to it that `name` has a value where it is read at `span`."""
    return _guarded(compiled.tree, name, span)


def _guarded(node: ast.Node, name: str, span: tuple[int, int]) -> bool:
    if isinstance(node, ast.Binary) and node.sign in {"&&", "||"} and _inside(span, node.right):
        known = _not_null(node.left, holds=node.sign == "&&")
        if name in known:
            return True
    if isinstance(node, ast.Binary) and node.sign == "??" and _inside(span, node.right):
        # What stands right of `??` is read only when the left is null: a branch was taken that gives the other.
        return True
    if isinstance(node, ast.Conditional):
        for holds, part in ((True, node.then), (False, node.otherwise)):
            if _inside(span, part) and name in _not_null(node.condition, holds=holds):
                return True
    return any(_guarded(child, name, span) for child in node.children() if _inside(span, child))


def _inside(span: tuple[int, int], node: ast.Node) -> bool:
    return node.span[0] <= span[0] and span[1] <= node.span[1]
