"""Tree to Python closures. `f(scope, budget)` computes a node; paths and comparing with a constant are fused.

Names are only ever looked up in mappings: no attribute of a Python object is reachable from an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.suggest import closest, did_you_mean
from payloom.workflows.expressions import operators
from payloom.workflows.expressions.calls import call, method
from payloom.workflows.expressions.errors import ExpressionError
from payloom.workflows.expressions.functions.library import (
    FUNCTIONS,
    OTHER_WORDS,
)
from payloom.workflows.expressions.macros import macro
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.syntax.optional_chain import ABSENT, Closure
from payloom.workflows.expressions.values import Budget, EvalError, equal, type_name

_MISSING: Any = object()


class Compiler:
    """Compiles the nodes of one source text."""

    def __init__(self, source: str) -> None:
        self.source = source

    def error(self, node: ast.Node, message: str, hint: str | None = None) -> ExpressionError:
        """Return the error of a node, with its place in the source."""
        return ExpressionError(message, source=self.source, span=node.span, hint=hint or None)

    def compile(self, node: ast.Node) -> Closure:
        """Return the closure of a node; its value is never ABSENT."""
        if ast.in_optional_chain(node):
            inner = self.link(node)

            def chain(scope: Mapping[str, Any], budget: Budget) -> Any:
                value = inner(scope, budget)
                return None if value is ABSENT else value

            return chain
        return self.link(node)

    def link(self, node: ast.Node) -> Closure:
        """Return the closure of a node as a link of a chain: its value may be ABSENT."""
        return _COMPILERS[type(node)](self, node)

    def base(self, node: ast.Node) -> tuple[Closure, bool]:
        """Return the closure of what a link stands on, and whether it may be ABSENT."""
        if not node.grouped and ast.in_optional_chain(node):
            return self.link(node), True
        return self.compile(node), False

    # ------------------------------------------------------------ values

    def literal(self, node: ast.Literal) -> Closure:
        """Compile a literal."""
        value = node.value
        return lambda _scope, _budget: value

    def name(self, node: ast.Name) -> Closure:
        """Compile the reading of a name of the scope."""
        name = node.name

        def read(scope: Mapping[str, Any], _budget: Budget) -> Any:
            try:
                return scope[name]
            except KeyError:
                raise self.unknown_name(node, scope) from None

        return read

    def unknown_name(self, node: ast.Name, scope: Iterable[str]) -> ExpressionError:
        """Return the error for a name that the scope lacks, with the nearest one as a hint."""
        hint = did_you_mean(node.name, scope)
        if node.name in FUNCTIONS:
            hint = f"{node.name} is a function: write {node.name}(…)"
        return self.error(node, f"unknown name `{node.name}`", hint)

    def list(self, node: ast.ListOf) -> Closure:
        """Compile a list."""
        items = [self.compile(item) for item in node.items]
        return lambda scope, budget: [item(scope, budget) for item in items]

    def map(self, node: ast.MapOf) -> Closure:
        """Compile a map. A literal key that stands twice is an error at once."""
        entries = [(key, self.compile(key), self.compile(value)) for key, value in node.entries]
        if all(isinstance(key, ast.Literal) and type(key.value) is str for key, _, _ in entries):
            keys = [key.value for key, _, _ in entries if isinstance(key, ast.Literal)]
            for index, name in enumerate(keys):
                if name in keys[:index]:
                    raise self.error(entries[index][0], f"the key {name!r} stands twice")
            values = [(name, value) for name, (_, _, value) in zip(keys, entries, strict=True)]
            return lambda scope, budget: {name: value(scope, budget) for name, value in values}

        def build(scope: Mapping[str, Any], budget: Budget) -> Any:
            built: dict[str, Any] = {}
            for node_of_key, key, value in entries:
                name = key(scope, budget)
                if type(name) is not str:
                    raise self.key_error(node_of_key, name)
                if name in built:
                    raise self.error(node_of_key, f"the key {name!r} stands twice")
                built[name] = value(scope, budget)
            return built

        return build

    def key_error(self, node: ast.Node, key: Any) -> ExpressionError:
        """Return the error for a key that is no string."""
        return self.error(node, f"a key is a string, not {type_name(key)}", "convert it with string()")

    # ------------------------------------------------------------ access

    def field(self, node: ast.Field) -> Closure:
        """Compile `of.name` or `of?.name`; a plain path of names is read in one go."""
        path = self.plain_path(node)
        if path is not None:
            return path
        of, chained = self.base(node.of)
        name, optional = node.name, node.optional

        def read(scope: Mapping[str, Any], budget: Budget) -> Any:
            value = of(scope, budget)
            if is_map(value):
                field_value = value.get(name, _MISSING)
                if field_value is not _MISSING:
                    return field_value
                if optional:
                    return ABSENT
            elif (chained and value is ABSENT) or (optional and value is None):
                return ABSENT
            raise self.no_field(node, value)

        return read

    def plain_path(self, node: ast.Field) -> Closure | None:
        """Fuse `root.a.b` into one closure; the slow way is taken again only to say what is wrong."""
        links: list[ast.Field] = []
        start: ast.Node = node
        while isinstance(start, ast.Field) and not start.optional and not (links and start.grouped):
            links.append(start)
            start = start.of
        if not isinstance(start, ast.Name):
            return None
        links.reverse()
        root = start
        name, names = root.name, tuple(link.name for link in links)

        def explain(scope: Mapping[str, Any]) -> Any:
            if name not in scope:
                raise self.unknown_name(root, scope) from None
            value = scope[name]
            for link in links:
                if not is_map(value) or link.name not in value:
                    raise self.no_field(link, value) from None
                value = value[link.name]
            return value

        return _path_reader(name, names, explain)

    def no_field(self, node: ast.Field, value: Any) -> ExpressionError:
        """Return the error for a field that the value lacks: of null, of a map, or of something that has no fields."""
        name = node.name
        of = self.source[node.of.span[0] : node.of.span[1]]
        if value is None:
            return self.error(node, f"cannot read `{name}` of `{of}`: it is null", f"use `?.{name}` if it may be null")
        if is_map(value):
            best = closest(name, value)
            hint = f"did you mean {best!r}?" if best else f"use `?.{name}` if it may be missing"
            return self.error(node, f"`{of}` has no field `{name}`", hint)
        hint = f"write {OTHER_WORDS[name]}" if name in OTHER_WORDS else None
        if is_sequence(value):
            hint = hint or f"take one item with [0], or all with .map(x, x.{name})"
        return self.error(node, f"cannot read `{name}` of a {type_name(value)}", hint)

    def index(self, node: ast.Index) -> Closure:
        """Compile `of[index]` or `of[?index]`."""
        of, chained = self.base(node.of)
        index, optional = self.compile(node.index), node.optional

        def read(scope: Mapping[str, Any], budget: Budget) -> Any:
            value = of(scope, budget)
            if chained and value is ABSENT:
                return ABSENT
            if value is None and optional:
                return ABSENT
            at = index(scope, budget)
            if is_map(value):
                if type(at) is not str:
                    raise self.key_error(node.index, at)
                item = value.get(at, _MISSING)
                if item is not _MISSING:
                    return item
            elif is_sequence(value):
                if type(at) is not int:
                    raise self.error(node.index, f"a list is read by a whole number, not {type_name(at)}")
                if 0 <= at < len(value):
                    return value[at]
            else:
                raise self.no_element(node, value, at)
            if optional:
                return ABSENT
            raise self.no_element(node, value, at)

        return read

    def no_element(self, node: ast.Index, value: Any, at: Any) -> ExpressionError:
        """Return the error for an element that the value lacks."""
        of = self.source[node.of.span[0] : node.of.span[1]]
        if value is None:
            return self.error(node, f"cannot read an element of `{of}`: it is null", "use `[?…]` if it may be null")
        if is_map(value):
            best = closest(at, value)
            return self.error(
                node,
                f"`{of}` has no key {at!r}",
                f"did you mean {best!r}?" if best else "use `[?…]` if it may be missing",
            )
        if is_sequence(value):
            return self.error(
                node, f"`{of}` has no item at index {at} (length {len(value)})", f"use `[?{at}]` if it may be missing"
            )
        return self.error(node, f"cannot read an element of a {type_name(value)}")

    # ------------------------------------------------------------ operators

    def unary(self, node: ast.Unary) -> Closure:
        """Compile `!x` or `-x`."""
        operand = self.compile(node.operand)
        if node.sign == "!":

            def negate(scope: Mapping[str, Any], budget: Budget) -> bool:
                value = operand(scope, budget)
                if value is True or value is False:
                    return not value
                raise self.not_bool(node.operand, value, "!")

            return negate

        def minus(scope: Mapping[str, Any], budget: Budget) -> Any:
            value = operand(scope, budget)
            try:
                return operators.minus(value)
            except EvalError as mistake:
                raise self.error(node, mistake.message, mistake.hint) from None

        return minus

    def not_bool(self, node: ast.Node, value: Any, sign: str) -> ExpressionError:
        """Return the error for a value that should be true or false."""
        hint = "compare it, e.g. `x != null` or `x > 0`"
        return self.error(node, f"{sign} needs true or false, not {type_name(value)}", hint)

    def conditional(self, node: ast.Conditional) -> Closure:
        """Compile `condition ? then : otherwise`; only the chosen branch is evaluated."""
        condition, then, otherwise = map(self.compile, (node.condition, node.then, node.otherwise))

        def choose(scope: Mapping[str, Any], budget: Budget) -> Any:
            value = condition(scope, budget)
            if value is True:
                return then(scope, budget)
            if value is False:
                return otherwise(scope, budget)
            raise self.not_bool(node.condition, value, "? :")

        return choose

    def binary(self, node: ast.Binary) -> Closure:
        """Compile a binary operator; `??` and the logical ones evaluate their right side only when needed."""
        if node.sign in ("&&", "||"):
            return self.logical(node)
        left, right = self.compile(node.left), self.compile(node.right)
        if node.sign == "??":

            def default(scope: Mapping[str, Any], budget: Budget) -> Any:
                value = left(scope, budget)
                return right(scope, budget) if value is None else value

            return default
        if node.sign in ("==", "!="):
            return self.equality(node, left, right)
        if isinstance(node.right, ast.Literal) and type(node.right.value) is int and node.sign in operators.ORDER:
            return self.order_constant(node, left, node.right.value)
        operate = operators.BINARY[node.sign]

        def compute(scope: Mapping[str, Any], budget: Budget) -> Any:
            left_value, right_value = left(scope, budget), right(scope, budget)
            try:
                return operate(left_value, right_value, budget)
            except EvalError as mistake:
                raise self.error(node, mistake.message, mistake.hint) from None

        return compute

    def order_constant(self, node: ast.Binary, left: Closure, constant: int) -> Closure:
        """Compile a comparison of order with a whole number, with a fast way for whole numbers."""
        operate, fast = operators.BINARY[node.sign], operators.ORDER[node.sign]

        def compare(scope: Mapping[str, Any], budget: Budget) -> bool:
            value = left(scope, budget)
            if type(value) is int:
                return fast(value, constant)
            try:
                return operate(value, constant, budget)
            except EvalError as mistake:
                raise self.error(node, mistake.message, mistake.hint) from None

        return compare

    def equality(self, node: ast.Binary, left: Closure, right: Closure) -> Closure:
        """Compile `==` or `!=`, with a fast way for null and for text."""
        is_equal = node.sign == "=="
        for operand, other in ((node.left, right), (node.right, left)):
            if isinstance(operand, ast.Literal) and (operand.value is None or type(operand.value) is str):
                constant = operand.value
                if constant is None:
                    return lambda scope, budget: (other(scope, budget) is None) is is_equal
                if is_equal:
                    return lambda scope, budget: other(scope, budget) == constant
                return lambda scope, budget: other(scope, budget) != constant
        return lambda scope, budget: equal(left(scope, budget), right(scope, budget), budget) is is_equal

    def logical(self, node: ast.Binary) -> Closure:
        """Compile `&&` or `||`. As in CEL, the side that decides wins over an error of the other."""
        left, right = self.compile(node.left), self.compile(node.right)
        decides = node.sign == "||"

        def both(scope: Mapping[str, Any], budget: Budget) -> bool:
            try:
                value = left(scope, budget)
            except ExpressionError:
                # CEL: either side may decide, so `x.missing > 1 || true` is true.
                if right(scope, budget) is decides:
                    return decides
                raise
            if value is decides:
                return decides
            if value is not True and value is not False:
                if right(scope, budget) is decides:
                    return decides
                raise self.not_bool(node.left, value, node.sign)
            value = right(scope, budget)
            if value is True or value is False:
                return value
            raise self.not_bool(node.right, value, node.sign)

        return both


def _path_reader(name: str, names: tuple[str, ...], explain: Callable[[Mapping[str, Any]], Any]) -> Closure:
    if len(names) == 1:
        (first,) = names

        def read_one(scope: Mapping[str, Any], _budget: Budget) -> Any:
            try:
                return scope[name][first]
            except (KeyError, TypeError, IndexError):
                return explain(scope)

        return read_one

    def read(scope: Mapping[str, Any], _budget: Budget) -> Any:
        try:
            value = scope[name]
            for part in names:
                value = value[part]
            return value
        except (KeyError, TypeError, IndexError):
            return explain(scope)

    return read


_COMPILERS: Mapping[type[ast.Node], Callable[[Compiler, Any], Closure]] = {
    ast.Literal: Compiler.literal,
    ast.Name: Compiler.name,
    ast.Field: Compiler.field,
    ast.Index: Compiler.index,
    ast.Call: call,
    ast.Method: method,
    ast.Macro: macro,
    ast.Unary: Compiler.unary,
    ast.Binary: Compiler.binary,
    ast.Conditional: Compiler.conditional,
    ast.ListOf: Compiler.list,
    ast.MapOf: Compiler.map,
}
