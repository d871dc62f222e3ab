"""The small faults that are made: one change of the code at a time, found by walking its syntax tree.

Nothing here is random: the same source gives the same faults in the same order.
"""

from __future__ import annotations

import ast
import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_NAMES = {
    "any": "all", "all": "any", "min": "max", "max": "min", "and_": "or_", "or_": "and_", "is_": "is_not",
    "is_not": "is_", "in_": "not_in", "not_in": "in_", "startswith": "endswith",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """One change: where it is, what it is, and the source of the whole module after it."""

    line: int
    change: str
    source: str


def faults(source: str) -> list[Fault]:
    """Return every fault of a module, in the order of its lines."""
    tree = ast.parse(source)
    result: list[Fault] = []
    for parent in list(_code(tree)):
        for field, at, node in list(_children(parent)):
            for change, replacement in _replacements(node):
                restore = _put(parent, field, at, replacement)
                text = ast.unparse(ast.fix_missing_locations(tree))
                restore()
                result.append(Fault(getattr(node, "lineno", getattr(parent, "lineno", 0)), change, text))
    return sorted(result, key=lambda fault: (fault.line, fault.change))


def _code(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs: no annotations, no imports, no docstrings."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(child for _, _, child in _children(node))


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        parts = enumerate(value) if isinstance(value, list) else [(None, value)]
        for at, part in parts:
            if isinstance(part, ast.AST) and not _runs_nothing(part):
                yield field, at, part


def _runs_nothing(node: ast.AST) -> bool:
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
        return True
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Import | ast.ImportFrom | ast.expr_context | ast.JoinedStr)


def _put(parent: ast.AST, field: str, at: int | None, node: ast.AST) -> Callable[[], None]:
    if at is None:
        before = getattr(parent, field)
        setattr(parent, field, node)
        return lambda: setattr(parent, field, before)
    row = getattr(parent, field)
    before = row[at]
    row[at] = node

    def restore() -> None:
        row[at] = before

    return restore


def _replacements(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield what may stand in a node's place, each with its name."""
    match node:
        case ast.stmt():
            yield from _of_statement(node)
        case ast.Compare(ops=[operator]) if type(operator) in _COMPARISONS:
            other = _COMPARISONS[type(operator)]
            change = f"{type(operator).__name__} -> {other.__name__}"
            yield change, ast.Compare(node.left, [other()], node.comparators)
        case ast.BoolOp():
            other_operator = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "and <-> or", ast.BoolOp(other_operator, node.values)
            for at in range(len(node.values)):
                rest = [value for place, value in enumerate(node.values) if place != at]
                yield f"operand {at + 1} dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", node.operand
        case ast.BinOp() if type(node.op) in _ARITHMETIC:
            operator_class = _ARITHMETIC[type(node.op)]
            yield (
                f"{type(node.op).__name__} -> {operator_class.__name__}",
                ast.BinOp(node.left, operator_class(), node.right),
            )
        case ast.IfExp():
            yield "always the first", node.body
            yield "always the second", node.orelse
        case ast.Constant():
            yield from _of_constant(node)
        case ast.Call():
            yield from _of_call(node)
        case _:
            pass


def _of_statement(node: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Return(value=ast.expr()) | ast.Assign() | ast.AnnAssign() | ast.FunctionDef() | ast.ClassDef():
            return
        case ast.If() | ast.While():
            if not isinstance(node.test, ast.Compare | ast.UnaryOp):
                negated = ast.UnaryOp(ast.Not(), node.test)
                yield "condition turned", type(node)(test=negated, body=node.body, orelse=node.orelse)
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break() | ast.Delete():
            yield "statement deleted", ast.Pass()
        case _:
            return


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    match node.value:
        case bool():
            yield f"{node.value} -> {not node.value}", ast.Constant(not node.value)
        case int():
            yield f"{node.value} -> {node.value + 1}", ast.Constant(node.value + 1)
        case _:
            return


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "where" and isinstance(node.func, ast.Attribute):
        yield "where dropped", node.func.value
        for at in range(len(node.args) if len(node.args) > 1 else 0):
            rest = [argument for place, argument in enumerate(node.args) if place != at]
            yield f"condition {at + 1} of where dropped", ast.Call(node.func, rest, node.keywords)
    if name in _NAMES:
        other = (
            ast.Attribute(node.func.value, _NAMES[name], ast.Load())
            if isinstance(node.func, ast.Attribute)
            else ast.Name(_NAMES[name], ast.Load())
        )
        yield f"{name} -> {_NAMES[name]}", ast.Call(other, node.args, node.keywords)
