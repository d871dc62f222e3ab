"""What the parts of the expression compiler share: closures, the value of a broken `?.` chain, the compiler's port."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.values import Budget

Closure = Callable[[Mapping[str, Any], Budget], Any]

ABSENT: Any = object()
"""What a `?.` that found nothing passes along its chain; it never leaves the chain."""


class CompilerPort(Protocol):
    """What the compilers of calls and macros ask of the compiler they are part of."""

    def compile(self, node: ast.Node) -> Closure:
        """Return the closure of a node; its value is never ABSENT."""
        ...

    def base(self, node: ast.Node) -> tuple[Closure, bool]:
        """Return the closure of what a link stands on, and whether it may be ABSENT."""
        ...

    def error(self, node: ast.Node, message: str, hint: str | None = None) -> ExpressionError:
        """Return an error at the node's place."""
        ...

    def no_field(self, node: ast.Field, value: Any) -> ExpressionError:
        """Return the error of a field that a value does not have."""
        ...

    def not_bool(self, node: ast.Node, value: Any, sign: str) -> ExpressionError:
        """Return the error of a condition that is not true or false."""
        ...
