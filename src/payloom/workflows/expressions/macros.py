"""Compiles macros: `all exists exists_one map filter`, which compute something for every item."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from payloom.workflows.expressions.errors import BudgetExceeded, ExpressionError
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.syntax.optional_chain import ABSENT, Closure, CompilerPort
from payloom.workflows.expressions.values import Budget, type_name

_Rounds = Iterator[tuple[Any, dict[str, Any]]]
"""The items, each with the scope its bodies see."""


def macro(compiler: CompilerPort, node: ast.Macro) -> Closure:
    """Compile `of.name(variable, …)`."""
    of, chained = compiler.base(node.of)
    bodies = [compiler.compile(part) for part in node.args]
    variable = node.variable
    cost = 1 + sum(_weight(part) for part in node.args) // 10
    run = _MACROS[node.name]

    def rounds(value: Any, scope: Mapping[str, Any], budget: Budget) -> _Rounds:
        inner = dict(scope)
        for item in value:
            budget.spend(cost)
            inner[variable] = item
            yield item, inner

    def loop(scope: Mapping[str, Any], budget: Budget) -> Any:
        value = of(scope, budget)
        if not isinstance(value, list | tuple | Mapping):
            if (chained and value is ABSENT) or (node.optional and value is None):
                return ABSENT
            hint = f"use `?.{node.name}(…)` if it may be null" if value is None else None
            raise compiler.error(node.of, f"{node.name}() needs a list, not {type_name(value)}", hint)
        return run(compiler, node, rounds(value, scope, budget), bodies, budget)

    return loop


def _condition(compiler: CompilerPort, node: ast.Macro, value: Any) -> bool:
    if value is True or value is False:
        return value
    raise compiler.not_bool(node.args[0], value, f"{node.name}()")


def _run_map(
    compiler: CompilerPort, node: ast.Macro, rounds: _Rounds, bodies: list[Closure], budget: Budget
) -> list[Any]:
    if len(bodies) == 1:
        (body,) = bodies
        return [body(scope, budget) for _, scope in rounds]
    test, body = bodies
    return [body(scope, budget) for _, scope in rounds if _condition(compiler, node, test(scope, budget))]


def _run_filter(
    compiler: CompilerPort, node: ast.Macro, rounds: Any, bodies: list[Closure], budget: Budget
) -> list[Any]:
    test = bodies[0]
    return [item for item, scope in rounds if _condition(compiler, node, test(scope, budget))]


def _run_exists_one(
    compiler: CompilerPort, node: ast.Macro, rounds: Any, bodies: list[Closure], budget: Budget
) -> bool:
    test = bodies[0]
    return sum(_condition(compiler, node, test(scope, budget)) for _, scope in rounds) == 1


def _run_quantifier(
    compiler: CompilerPort, node: ast.Macro, rounds: Any, bodies: list[Closure], budget: Budget
) -> bool:
    test = bodies[0]
    decides = node.name == "exists"
    failure: ExpressionError | None = None
    for _, scope in rounds:
        try:
            if _condition(compiler, node, test(scope, budget)) is decides:
                return decides
        except BudgetExceeded:
            raise
        except ExpressionError as error:
            # As with && and ||: an item that cannot be tested matters only if no other item decides.
            failure = failure or error
    if failure:
        raise failure
    return not decides


def _weight(node: ast.Node) -> int:
    return 1 + sum(map(_weight, node.children()))


_MACROS: Mapping[str, Callable[..., Any]] = {
    "map": _run_map,
    "filter": _run_filter,
    "exists": _run_quantifier,
    "all": _run_quantifier,
    "exists_one": _run_exists_one,
}
