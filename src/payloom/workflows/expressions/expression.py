"""The expression language: CEL's grammar and meaning, with `?.`, `??`, `===` and `!==`, compiled to Python closures.

    compiled = compile_expression("event.action == 'completed' && object.amount_total > 1000")
    compiled.evaluate({"event": {...}, "object": {...}}, eval_context)

tokens → parser → tree (spans) → compiler (closures). `interpolation` finds `${{ … }}` in YAML values; `check` infers
types; `functions` lists what can be called.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from payloom.workflows.expressions.compiler import Compiler
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.syntax.ast import Ref
from payloom.workflows.expressions.syntax.parser import parse
from payloom.workflows.expressions.values import Budget, EvalContext, measure, type_name

FAULT = "the expression could not be computed"
_SMALL = (bool, int, float, type(None))


class Compiled:
    """One expression, ready to be evaluated any number of times, by any thread.

    source: the text it was compiled from. tree: its syntax tree. refs: every access path it reads, in order.
    calls: the names of the functions and methods in it. uses_now, uses_uuid: whether it reads the time, or makes an id.
    """

    __slots__ = ("_closure", "_constructs", "calls", "refs", "source", "tree")

    def __init__(self, source: str, root: ast.Node) -> None:
        self.source = source
        self.tree = root
        self._closure = Compiler(source).compile(root)
        self.refs: tuple[Ref, ...] = ast.references(root)
        self.calls = frozenset(_calls(root))
        # A path only points at what is already there; its size is for whoever put it there.
        self._constructs = not isinstance(root, ast.Name | ast.Field | ast.Index)

    @property
    def uses_now(self) -> bool:
        """Whether the expression reads the clock, by `now()` or `today()`."""
        return "now" in self.calls or "today" in self.calls

    @property
    def uses_uuid(self) -> bool:
        """Whether the expression makes an id, by `uuid()`."""
        return "uuid" in self.calls

    @property
    def constant(self) -> bool:
        """Whether it gives the same value in every scope and at every time."""
        return not self.refs and not self.uses_now and not self.uses_uuid

    def evaluate(self, scope: Mapping[str, Any], eval_context: EvalContext) -> Any:
        """Return the value in a scope of roots (`event`, `inputs`, …); raises ExpressionError, nothing else.

        The value is null, bool, int, float, str, list, dict, an aware datetime or a timedelta.
        """
        try:
            value = self._closure(scope, Budget(eval_context))
            if self._constructs and not isinstance(value, _SMALL):
                measure(value)
            return value
        except ExpressionError as error:
            if not error.source:
                error.source, error.span = self.source, (0, len(self.source))
            raise
        except RecursionError:
            raise ExpressionError(
                "the expression or its data is nested too deeply", source=self.source, span=(0, len(self.source))
            ) from None
        except Exception as error:
            # A value of a type the language does not know, or a mistake in one of its functions: the run must end with
            # a place and a reason all the same.
            raise ExpressionError(
                f"{FAULT}: {type(error).__name__}: {str(error)[:200]}",
                source=self.source,
                span=(0, len(self.source)),
                hint="this is a fault of Payloom, or of a value a step returned; please report it",
            ) from error

    def test(self, scope: Mapping[str, Any], eval_context: EvalContext) -> bool:
        """Return the value of a condition; anything but true or false is an ExpressionError."""
        value = self.evaluate(scope, eval_context)
        if value is True or value is False:
            return value
        raise ExpressionError(
            f"a condition is true or false, not {type_name(value)}",
            source=self.source,
            span=(0, len(self.source)),
            hint="compare it, e.g. `x != null` or `x > 0`",
        )

    def __repr__(self) -> str:
        return f"Compiled({self.source!r})"


def compile_expression(source: object) -> Compiled:
    """Compile one expression, a text of at most 2,000 characters; raises ExpressionError with the place.

    The same text gives the same object: it never changes, and a file is read again with every key typed into it.
    """
    if not isinstance(source, str):
        raise ExpressionError(f"an expression is text, not {type_name(source)}")
    return _compiled(source)


@functools.lru_cache(maxsize=8192)
def _compiled(source: str) -> Compiled:
    return Compiled(source, parse(source))


def _calls(node: ast.Node) -> list[str]:
    calls = [node.name] if isinstance(node, ast.Call | ast.Method | ast.Macro) else []
    for child in node.children():
        calls += _calls(child)
    return calls
