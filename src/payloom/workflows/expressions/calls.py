"""Compiles calls of functions and methods, and `has()`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from payloom.kit.suggest import did_you_mean
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.functions.library import (
    FUNCTIONS,
    MACROS,
    METHODS,
    OTHER_WORDS,
    Function,
    compile_pattern,
)
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.syntax.optional_chain import ABSENT, Closure, CompilerPort
from payloom.workflows.expressions.values import Budget, EvalError


def call(compiler: CompilerPort, node: ast.Call) -> Closure:
    """Compile `name(args)`."""
    if node.name == "has":
        return _has(compiler, node)
    function = FUNCTIONS.get(node.name)
    if function is None:
        raise _unknown_call(compiler, node, "function", {**FUNCTIONS, "has": None})
    _check_count(compiler, node, function)
    return _apply(compiler, node, function, [compiler.compile(arg) for arg in node.args])


def method(compiler: CompilerPort, node: ast.Method) -> Closure:
    """Compile `of.name(args)`."""
    function = METHODS.get(node.name)
    if function is None:
        raise _unknown_call(compiler, node, "method", {**METHODS, **MACROS})
    _check_count(compiler, node, function)
    if node.name == "matches" and isinstance(node.args[0], ast.Literal) and isinstance(node.args[0].value, str):
        try:
            compile_pattern(node.args[0].value)
        except EvalError as mistake:
            raise compiler.error(node.args[0], mistake.message, mistake.hint) from None
    of, chained = compiler.base(node.of)
    args = [compiler.compile(arg) for arg in node.args]
    if not (chained or node.optional):
        return _apply(compiler, node, function, [of, *args])
    rest = _apply_to(compiler, node, function, args)

    def guarded(scope: Mapping[str, Any], budget: Budget) -> Any:
        value = of(scope, budget)
        if value is ABSENT or (value is None and node.optional):
            return ABSENT
        return rest(value, scope, budget)

    return guarded


def _unknown_call(
    compiler: CompilerPort, node: ast.Call | ast.Method, kind: str, known: Mapping[str, Any]
) -> ExpressionError:
    hint = f"write {OTHER_WORDS[node.name]}" if node.name in OTHER_WORDS else did_you_mean(node.name, known)
    if not hint and kind == "method" and node.name in FUNCTIONS:
        hint = f"{node.name} is a function: write {node.name}(…)"
    if not hint and kind == "function" and node.name in METHODS:
        hint = f"{node.name} is a method: write value.{node.name}(…)"
    return compiler.error(node, f"unknown {kind} `{node.name}`", hint)


def _check_count(compiler: CompilerPort, node: ast.Call | ast.Method, function: Function) -> None:
    least, most = function.args
    if not least <= len(node.args) <= most:
        count = f"{least}" if least == most else f"{least} to {most}"
        raise compiler.error(
            node, f"{node.name}() takes {count} argument{'' if count == '1' else 's'}, not {len(node.args)}",
            function.signature,
        )  # fmt: skip


def _apply(compiler: CompilerPort, node: ast.Call | ast.Method, function: Function, args: list[Closure]) -> Closure:
    fn = function.fn

    def call(scope: Mapping[str, Any], budget: Budget) -> Any:
        values = [arg(scope, budget) for arg in args]
        try:
            return fn(budget, *values)
        except EvalError as mistake:
            raise compiler.error(node, f"{node.name}(): {mistake.message}", mistake.hint) from None

    return call


def _apply_to(
    compiler: CompilerPort, node: ast.Call | ast.Method, function: Function, args: list[Closure]
) -> Callable[[Any, Mapping[str, Any], Budget], Any]:
    fn = function.fn

    def call(value: Any, scope: Mapping[str, Any], budget: Budget) -> Any:
        values = [arg(scope, budget) for arg in args]
        try:
            return fn(budget, value, *values)
        except EvalError as mistake:
            raise compiler.error(node, f"{node.name}(): {mistake.message}", mistake.hint) from None

    return call


def _has(compiler: CompilerPort, node: ast.Call) -> Closure:
    field = node.args[0] if len(node.args) == 1 else None
    if not isinstance(field, ast.Field):
        raise compiler.error(node, "has() takes one field", "e.g. has(object.metadata.order_id)")
    of, _ = compiler.base(field.of)
    name = field.name

    def test(scope: Mapping[str, Any], budget: Budget) -> bool:
        value = of(scope, budget)
        if value is None or value is ABSENT:
            return False
        if isinstance(value, Mapping):
            return name in value
        raise compiler.no_field(field, value)

    return test
