"""Infers the type of an expression before it runs, and says what cannot be right: unknown fields, wrong types.

What is known comes from JSON Schemas (inputs, columns, Stripe's own types); a schema that allows more than it lists
(`additionalProperties` not false) is taken at its word, and unknown fields of it are left to the run.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.expressions.expression import Compiled
from payloom.workflows.expressions.functions.library import FUNCTIONS, METHODS
from payloom.workflows.expressions.left_out import GROWS, absence, id_hint, moved_hint
from payloom.workflows.expressions.syntax import ast
from payloom.workflows.expressions.type_scopes import BoundScope, TypeScope
from payloom.workflows.expressions.types import ANY, Schema, Type, fits, of_kinds, type_of_schema, union, without_null

__all__ = ["Inferred", "Problem", "fits", "infer"]


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be right. `code`: its rule: F001 unknown name, F003 wrong type, F006 unknown word."""

    message: str
    span: tuple[int, int]
    hint: str | None = None
    code: str = "F003"


@dataclasses.dataclass(frozen=True, slots=True)
class Inferred:
    """type: JSON Schema of the value, None if it can be anything."""

    type: Schema | None
    problems: tuple[Problem, ...]


def infer(compiled: Compiled, types: Mapping[str, Schema | None]) -> Inferred:
    """Infer the type of an expression from the schemas of the scope's roots (None: anything)."""
    checker = _Checker(compiled.source, TypeScope(types))
    shape = checker.infer(compiled.tree)
    return Inferred(shape.present(), tuple(sorted(checker.problems, key=lambda problem: problem.span)))


_STRING, _INT, _BOOL = of_kinds(["string"]), of_kinds(["int"]), of_kinds(["bool"])
_NULL = of_kinds(["null"])
_ONLY_NULL = frozenset({"null"})
_RECEIVERS = {
    "string": {"string"},
    "list": {"list"},
    "timestamp": {"timestamp", "duration"},
    "value": {"string", "list", "map"},
}
_TIMES = {("timestamp", "duration"): "timestamp", ("duration", "duration"): "duration"}
_RESULTS: Mapping[str, Mapping[tuple[str, str], str]] = {
    "+": {
        **{(kind, kind): kind for kind in ("int", "float", "string", "list")},
        **_TIMES,
        ("duration", "timestamp"): "timestamp",
    },
    "-": {("int", "int"): "int", ("float", "float"): "float", ("timestamp", "timestamp"): "duration", **_TIMES},
    "*": {("int", "int"): "int", ("float", "float"): "float"},
    "/": {("int", "int"): "int", ("float", "float"): "float"},
    "%": {("int", "int"): "int"},
}
_ORDERED = {
    *((kind, kind) for kind in ("int", "float", "string", "bool", "timestamp", "duration")),
    ("int", "float"),
    ("float", "int"),
}


class _Checker:
    def __init__(self, source: str, scope: Mapping[str, Type]) -> None:
        self.source = source
        self.scope = scope
        self.problems: list[Problem] = []
        self.tested: set[str] = set()

    def infer(self, node: ast.Node) -> Type:
        return _RULES[type(node)](self, node)

    def problem(self, node: ast.Node, message: str, hint: str | None = None, code: str = "F003") -> None:
        self.problems.append(Problem(message, node.span, hint or None, code))

    def text(self, node: ast.Node) -> str:
        return self.source[node.span[0] : node.span[1]]

    # ------------------------------------------------------------ values

    def literal(self, node: ast.Literal) -> Type:
        if node.value is None:
            return _NULL
        if isinstance(node.value, float):
            return of_kinds(["float"])
        return Type({"const": node.value})

    def name(self, node: ast.Name) -> Type:
        if node.name not in self.scope:
            self.problem(node, f"unknown name `{node.name}`", did_you_mean(node.name, self.scope), "F001")
            return ANY
        return self.scope[node.name]

    def list(self, node: ast.ListOf) -> Type:
        items = union(map(self.infer, node.items))
        return Type({"type": "array", "items": items.schema or {}}, items.defs)

    def map(self, node: ast.MapOf) -> Type:
        properties: dict[str, Any] = {}
        defs: dict[str, Any] = {}
        known = True
        for key, value in node.entries:
            shape = self.infer(value)
            defs.update(shape.defs)
            if isinstance(key, ast.Literal) and isinstance(key.value, str):
                properties[key.value] = shape.schema
                continue
            known = False
            self.require(key, self.infer(key), {"string"}, "a key")
        return Type({"type": "object", "properties": properties, "additionalProperties": not known}, defs)

    # ------------------------------------------------------------ access

    def field(self, node: ast.Field) -> Type:
        field_type = self.read(node, node.name)
        return union([field_type, _NULL]) if ast.in_optional_chain(node) else field_type

    def read(self, node: ast.Field | ast.Index, name: str) -> Type:
        """Return the shape of one field of what `node` reads from."""
        of = self.infer(node.of)
        alternatives = of.alternatives()
        if alternatives is None:
            return ANY
        types: list[Type] = []
        names: set[str] = set()
        for schema in alternatives:
            kinds = of.of(schema).kinds()
            if kinds is None:
                return ANY
            if "map" not in kinds:
                continue
            declared = schema.get("properties")
            properties: Mapping[str, Any] = declared if is_map(declared) else {}
            if name in properties:
                types.append(of.of(properties[name]))
                absent = absence(properties[name], name, self.text(node.of))
                if absent and not node.optional and self.text(node) not in self.tested:
                    self.problem(node, *absent, "F001")
            elif schema.get("additionalProperties") is not False:
                types.append(of.of(schema.get("additionalProperties")))
            else:
                names.update(properties)
        if types:
            return union(types)
        self.no_field(node, name, of, names)
        return ANY

    def no_field(self, node: ast.Field | ast.Index, name: str, of: Type, names: set[str]) -> None:
        text = self.text(node.of)
        kinds = of.kinds() or frozenset()
        if "map" in kinds:
            hint = moved_hint(of.alternatives() or (), name) or did_you_mean(name, names)
            if not hint and names:
                hint = f"it has {', '.join(sorted(names)[:8])}{', …' if len(names) > 8 else ''}"
            self.problem(node, f"`{text}` has no field `{name}`", hint, "F001")
        elif kinds == _ONLY_NULL:
            self.problem(node, f"`{text}` is always null")
        else:
            words = " or ".join(sorted(kinds - {"null"}))
            hint = f"take one item with [0], or all with .map(x, x.{name})" if "list" in kinds else None
            hint = id_hint(of.alternatives() or (), text) or hint
            self.problem(node, f"cannot read `{name}` of `{text}`: it is a {words}", hint)

    def index(self, node: ast.Index) -> Type:
        index = self.infer(node.index)
        if isinstance(node.index, ast.Literal) and isinstance(node.index.value, str):
            element_type = self.read(node, node.index.value)
        else:
            element_type = self.element(node, self.infer(node.of), index)
        return union([element_type, _NULL]) if ast.in_optional_chain(node) else element_type

    def element(self, node: ast.Index, of: Type, index: Type) -> Type:
        alternatives = of.alternatives()
        if alternatives is None:
            return ANY
        accepted: set[str] = set()
        types: list[Type] = []
        for schema in alternatives:
            kinds = of.of(schema).kinds()
            if kinds is None:
                return ANY
            if "list" in kinds:
                accepted.add("int")
                types.append(of.of(schema.get("items")))
            if "map" in kinds:
                accepted.add("string")
                properties: Mapping[str, Any] = schema.get("properties") or {}
                rest = schema.get("additionalProperties")
                parts = [of.of(part) for part in properties.values()] if rest is False else []
                types.append(union(parts) if parts else of.of(rest))
        if not accepted:
            self.problem(node, f"cannot read an element of `{self.text(node.of)}`: it is neither a list nor a map")
            return ANY
        self.require(node.index, index, accepted, "what stands in brackets")
        return union(types)

    def require(
        self, node: ast.Node, shape: Type, accepted: frozenset[str] | set[str], subject: str, hint: str | None = None
    ) -> None:
        """Report it if the shape is known and allows none of the wanted kinds."""
        kinds = shape.kinds()
        if kinds is not None and not kinds & accepted:
            words = " or ".join(sorted(kinds))
            self.problem(
                node, f"{subject} must be {' or '.join(sorted(accepted))}; `{self.text(node)}` is {words}", hint
            )

    # ------------------------------------------------------------ calls

    def call(self, node: ast.Call) -> Type:
        if node.name == "has":
            (field,) = node.args
            assert isinstance(field, ast.Field)
            self.infer(field.of)
            self.tested.add(self.text(field))
            return _BOOL
        shapes = [self.infer(arg) for arg in node.args]
        self.arguments(node, shapes)
        if node.name in ("min", "max") and shapes:
            return self.extreme(shapes)
        return Type(FUNCTIONS[node.name].returns)

    def extreme(self, shapes: list[Type]) -> Type:
        if len(shapes) > 1:
            return union(shapes)
        alternatives = shapes[0].alternatives() or []
        return shapes[0].of(alternatives[0].get("items")) if len(alternatives) == 1 else ANY

    def method(self, node: ast.Method) -> Type:
        of = self.infer(node.of)
        method = METHODS[node.name]
        receiver = _RECEIVERS[method.signature.partition(".")[0]]
        self.require(node.of, of, receiver | ({"null"} if node.optional else set()), f"the value before .{node.name}()")
        self.arguments(node, [self.infer(arg) for arg in node.args])
        result = Type(method.returns)
        return union([result, _NULL]) if ast.in_optional_chain(node) else result

    def arguments(self, node: ast.Call | ast.Method, shapes: list[Type]) -> None:
        function = METHODS[node.name] if isinstance(node, ast.Method) else FUNCTIONS[node.name]
        for arg, shape, accepted in zip(node.args, shapes, function.takes, strict=False):
            hint = "amounts are whole minor units" if node.name == "money" and arg is node.args[0] else None
            self.require(arg, shape, accepted, f"an argument of {node.name}()", hint)

    def macro(self, node: ast.Macro) -> Type:
        of = self.infer(node.of)
        allowed = {"list", "map", "null"} if node.optional else {"list", "map"}
        self.require(node.of, of, allowed, f"the value before .{node.name}()")
        inner = _Checker(self.source, BoundScope(self.scope, node.variable, _items(of)))
        shapes = [inner.infer(part) for part in node.args]
        self.problems += inner.problems
        if node.name != "map" or len(shapes) > 1:
            self.require(node.args[0], shapes[0], {"bool"}, f"the condition of {node.name}()")
        if node.name not in ("map", "filter"):
            return _BOOL
        item = shapes[-1] if node.name == "map" else _items(of)
        result = Type({"type": "array", "items": item.schema or {}}, item.defs)
        return union([result, _NULL]) if ast.in_optional_chain(node) else result

    # ------------------------------------------------------------ operators

    def unary(self, node: ast.Unary) -> Type:
        shape = self.infer(node.operand)
        if node.sign == "!":
            self.require(node.operand, shape, {"bool"}, "what stands after !", "compare it, e.g. `x != null`")
            return _BOOL
        numbers = {"int", "float", "duration"}
        self.require(node.operand, shape, numbers, "what stands after -")
        return of_kinds((shape.kinds() or numbers) & numbers) if shape.schema is not None else ANY

    def conditional(self, node: ast.Conditional) -> Type:
        hint = "compare it, e.g. `x != null`"
        self.require(node.condition, self.infer(node.condition), {"bool"}, "the condition before ?", hint)
        return union([self.infer(node.then), self.infer(node.otherwise)])

    def binary(self, node: ast.Binary) -> Type:
        left, right = self.infer(node.left), self.infer(node.right)
        if node.sign == "??":
            return right if left.kinds() == _ONLY_NULL else union([without_null(left), right])
        if node.sign in ("&&", "||"):
            for part, shape in ((node.left, left), (node.right, right)):
                self.require(part, shape, {"bool"}, f"each side of {node.sign}", "compare it, e.g. `x != null`")
            return _BOOL
        if node.sign in ("==", "!="):
            self.equality(node, left, right)
            return _BOOL
        if node.sign == "in":
            self.membership(node, left, right)
            return _BOOL
        return self.computed(node, left, right)

    def computed(self, node: ast.Binary, left: Type, right: Type) -> Type:
        left_kinds, right_kinds = left.kinds(), right.kinds()
        results = _RESULTS.get(node.sign)
        if left_kinds is None or right_kinds is None:
            return ANY if results is not None else _BOOL
        pairs = set(itertools.product(left_kinds, right_kinds))
        fitting = pairs & (_ORDERED if results is None else results.keys())
        if not fitting:
            words = f"{' or '.join(sorted(left_kinds))} {node.sign} {' or '.join(sorted(right_kinds))}"
            self.problem(node, f"cannot compute {words}", _conversion(left_kinds, right_kinds))
            return ANY
        return _BOOL if results is None else of_kinds({results[pair] for pair in fitting})

    def equality(self, node: ast.Binary, left: Type, right: Type) -> None:
        left_kinds, right_kinds = left.kinds(), right.kinds()
        if left_kinds is None or right_kinds is None:
            return
        if _ONLY_NULL in (left_kinds, right_kinds):
            return
        if not _numeric(left_kinds) & _numeric(right_kinds):
            words = f"{' or '.join(sorted(left_kinds))} with {' or '.join(sorted(right_kinds))}"
            self.problem(node, f"comparing {words} never finds them equal", _conversion(left_kinds, right_kinds))
            return
        self.listed(node.right, left, right)
        self.listed(node.left, right, left)

    def listed(self, node: ast.Node, shape: Type, constant: Type) -> None:
        """Report a constant that is none of the values the other side can have."""
        values = shape.values()
        if not isinstance(node, ast.Literal) or not isinstance(node.value, str) or not values:
            return
        if node.value not in values and constant.schema is not None:
            listed = ", ".join(str(value) for value in values[:8]) + (", …" if len(values) > 8 else "")
            best = did_you_mean(node.value, [value for value in values if isinstance(value, str)])
            hint = f"{best} " * bool(best) + f"({listed})"
            code = "F006" if any(GROWS in schema for schema in shape.alternatives() or ()) else "F003"
            self.problem(node, f"{node.value!r} is none of the possible values", hint, code)

    def membership(self, node: ast.Binary, left: Type, right: Type) -> None:
        self.require(node.right, right, {"list", "map"}, "what stands after `in`")
        if isinstance(node.right, ast.ListOf):
            for item in node.right.items:
                self.listed(item, left, type_of_schema({}))
        if isinstance(node.left, ast.Literal):
            self.tested.add(f"{self.text(node.right)}.{node.left.value}")
        if right.kinds() == frozenset({"map"}):
            self.require(node.left, left, {"string"}, "a key")


def _numeric(kinds: frozenset[str]) -> set[str]:
    return {"number" if kind in ("int", "float") else kind for kind in kinds}


def _conversion(left_kinds: frozenset[str], right_kinds: frozenset[str]) -> str | None:
    kinds = (left_kinds | right_kinds) - {"null"}
    if kinds == frozenset({"int", "float"}):
        return "convert with int() or double()"
    if "timestamp" in kinds:
        return "convert with timestamp()"
    if kinds in (frozenset({"string", "int"}), frozenset({"string", "float"})):
        return "convert with string() or int()"
    return "say what to use instead of null with ??" if "null" in left_kinds | right_kinds else None


def _items(of: Type) -> Type:
    alternatives = of.alternatives()
    if alternatives is None:
        return ANY
    types: list[Type] = []
    for schema in alternatives:
        kinds = of.of(schema).kinds()
        if kinds is None:
            return ANY
        if "list" in kinds:
            types.append(of.of(schema.get("items")))
        elif "map" in kinds:
            types.append(_STRING)
    return union(types)


_RULES: Mapping[type[ast.Node], Callable[[_Checker, Any], Type]] = {
    ast.Literal: _Checker.literal,
    ast.Name: _Checker.name,
    ast.Field: _Checker.field,
    ast.Index: _Checker.index,
    ast.Call: _Checker.call,
    ast.Method: _Checker.method,
    ast.Macro: _Checker.macro,
    ast.Unary: _Checker.unary,
    ast.Binary: _Checker.binary,
    ast.Conditional: _Checker.conditional,
    ast.ListOf: _Checker.list,
    ast.MapOf: _Checker.map,
}
