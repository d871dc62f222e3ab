"""The SDK's type annotations as JSON Schema. Objects are lazy: their properties are read on first access.

Three readings of the same types: `params` (what a call takes), `result` (what it returns; an expandable field may be an
id or the object) and `event` (what a webhook brings; an expandable field is always an id).
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from payloom.connectors.stripe.catalog import limits, sdk_source
from payloom.connectors.stripe.catalog.left_out import left_out
from payloom.connectors.stripe.catalog.moved.fields import FIELDS
from payloom.connectors.stripe.catalog.moved.parameters import PARAMETERS
from payloom.kit.json_types import is_map, is_sequence
from payloom.workflows.catalog.limits import LIMITS, NOT_BOTH, OF_THE_CHECKER, ONE_NEEDED, ORDERED
from payloom.workflows.expressions.left_out import EXPANDABLE, LEFT_OUT, MOVED

Reading = Literal["params", "result", "event"]
Schema = Mapping[str, Any]

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")
_MOMENT = re.compile(
    r"""^\w+_at\b | timestamp | unix | epoch
    | ^(?:gte?|lte?|created|start|end|frozen_time|trial_end|current_period_\w+
    | (?:start|end|due|proration|effective|arrival)_date)[ ]""",
    re.IGNORECASE | re.VERBOSE,
)
"""Which whole numbers are moments; the SDK's types do not say, their names and descriptions do."""
_SCALARS: Mapping[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "Any": {},
    "object": {},
    "None": {"type": "null"},
}
_DECIMAL = {"params": {"type": ["string", "number"], "format": "decimal"}}
_TEXT = {"type": "string", "format": "decimal"}
_UNSEEN = frozenset({"properties", MOVED}) | OF_THE_CHECKER
"""What a schema as ordinary JSON does not show, or shows in its own way."""


class Lazy(Mapping[str, Any]):
    """A mapping whose keys are known and whose values are made when first read."""

    def __init__(self, makers: Mapping[str, Any]) -> None:
        self._makers = makers
        self._made: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._made:
            self._made[key] = self._makers[key]()
        return self._made[key]

    def __contains__(self, key: object) -> bool:
        return key in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    # Comparing by value would unfold objects that contain each other without end.
    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"Lazy({', '.join(self._makers)})"


@functools.cache
def of_class(sdk_class: sdk_source.Class, reading: Reading) -> Schema:
    """Return the schema of a class: a closed object whose properties are lazy."""
    makers = {name: functools.partial(_field, sdk_class, field, reading) for name, field in sdk_class.fields.items()}
    schema: dict[str, Any] = {"type": "object", "properties": Lazy(makers), "additionalProperties": False}
    if reading == "params":
        schema["required"] = [
            name for name, field in sdk_class.fields.items() if not _may_be_left_out(field.annotation)
        ]
        schema[MOVED] = PARAMETERS
        texts = {name: field.text for name, field in sdk_class.fields.items()}
        schema[NOT_BOTH] = limits.not_both(texts)
        schema[ORDERED] = limits.ordered(texts)
        schema[ONE_NEEDED] = limits.one_needed(texts)
    elif sdk_class.object_name:
        schema["title"] = sdk_class.object_name
        if sdk_class.object_name in FIELDS:
            schema[MOVED] = FIELDS[sdk_class.object_name]
    return schema


def of_annotation(node: ast.expr, where: sdk_source.Body, reading: Reading) -> Schema:
    """Return the schema of an annotation in `where`."""
    if isinstance(node, ast.Constant):
        return _constant(node, where, reading)
    if isinstance(node, ast.Name | ast.Attribute):
        return _named(node, where, reading)
    if isinstance(node, ast.BinOp):
        return _union([part for side in (node.left, node.right) for part in _flat(side)], where, reading)
    if isinstance(node, ast.Subscript):
        return _generic(node, where, reading)
    return {}


def plain(schema: Any, depth: int = 3) -> Any:
    """Return a schema as ordinary JSON, objects unfolded `depth` deep; deeper ones become `{"type": "object"}`."""
    if is_map(schema):
        if depth <= 0 and "properties" in schema:
            return {"type": "object", **({"title": schema["title"]} if "title" in schema else {})}
        inner = depth - 1 if "properties" in schema else depth
        plain_schema = {key: plain(value, inner) for key, value in schema.items() if key not in _UNSEEN}
        if "properties" in schema:
            plain_schema["properties"] = {name: plain(part, inner) for name, part in schema["properties"].items()}
        return plain_schema
    return [plain(item, depth) for item in schema] if is_sequence(schema) else schema


def _field(sdk_class: sdk_source.Class, field: sdk_source.Field, reading: Reading) -> Schema:
    schema = of_annotation(field.annotation, sdk_class, reading)
    if reading == "params" and field.name == "metadata":
        schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
    reason = left_out(*_place(sdk_class, field.name)) if reading != "params" else None
    if reason is not None:
        schema = {**schema, LEFT_OUT: reason}
    if reading == "params" and _MOMENT.search(f"{field.name} {field.text or ''}"):
        schema = _moments(schema)
    if reading == "params" and (limited := limits.of_parameter(field.name, field.text, schema)) is not None:
        schema = {**schema, LIMITS: limited}
    return {**schema, "description": field.text} if field.text else schema


def _place(sdk_class: sdk_source.Class, name: str) -> tuple[str | None, str]:
    """Return the kind of object that a field is part of, and its path there: `total_details.breakdown`."""
    if sdk_class.object_name is not None or not isinstance(sdk_class.outer, sdk_source.Class):
        return sdk_class.object_name, name
    return _place(sdk_class.outer, f"{_CAPITAL.sub('_', sdk_class.name).lower()}.{name}")


def _moments(schema: Schema) -> Schema:
    """Mark whole numbers that are Unix seconds: a moment may be given there."""
    if schema.get("type") == "integer":
        return {**schema, "format": "unix-time"}
    return {**schema, "anyOf": [_moments(part) for part in schema["anyOf"]]} if "anyOf" in schema else schema


def _may_be_left_out(node: ast.expr) -> bool:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "NotRequired"


def _constant(node: ast.Constant, where: sdk_source.Body, reading: Reading) -> Schema:
    if node.value is None:
        return {"type": "null"}
    try:
        return of_annotation(sdk_source.parsed_expression(str(node.value).strip()), where, reading)
    except SyntaxError:
        return {}


def _named(node: ast.Name | ast.Attribute, where: sdk_source.Body, reading: Reading) -> Schema:
    if isinstance(node, ast.Name):
        if node.id in _SCALARS:
            return _SCALARS[node.id]
        if node.id == "Decimal":
            return _DECIMAL.get(reading, _TEXT)
        if node.id == "UntypedStripeObject":
            return {"type": "object"}
        if node.id in where.module.assignments:
            return of_annotation(where.module.assignments[node.id], where.module, reading)
    resolved = _resolve(node, where)
    return of_class(resolved, reading) if resolved else {}


def _resolve(node: ast.expr, where: sdk_source.Body) -> sdk_source.Class | None:
    if isinstance(node, ast.Attribute):
        outer = _resolve(node.value, where)
        return outer.classes.get(node.attr) if outer else None
    if not isinstance(node, ast.Name):
        return None
    scope: sdk_source.Body | None = where
    while scope is not None and not isinstance(scope, sdk_source.Module):
        if node.id in scope.classes:
            return scope.classes[node.id]
        scope = scope.outer
    return where.module.find(node.id)


def _generic(node: ast.Subscript, where: sdk_source.Body, reading: Reading) -> Schema:
    kind = node.value.id if isinstance(node.value, ast.Name) else ""
    args = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if kind in ("NotRequired", "Required", "ClassVar"):
        return of_annotation(args[0], where, reading)
    if kind == "Optional":
        return _nullable(of_annotation(args[0], where, reading))
    if kind == "Literal":
        return _enum([arg.value for arg in args if isinstance(arg, ast.Constant)])
    if kind == "Union":
        return _union([part for arg in args for part in _flat(arg)], where, reading)
    if kind in ("List", "Sequence", "list"):
        return {"type": "array", "items": of_annotation(args[0], where, reading)}
    if kind in ("Dict", "Mapping", "dict"):
        return {"type": "object", "additionalProperties": of_annotation(args[-1], where, reading)}
    if kind == "UntypedStripeObject":
        return {"type": "object", "additionalProperties": of_annotation(args[0], where, reading)}
    if kind == "ExpandableField":
        return _expandable(args[0], where, reading)
    if kind in ("ListObject", "SearchResultObject"):
        return _page(of_annotation(args[0], where, reading), kind, where)
    return {}


def _enum(values: list[Any]) -> Schema:
    kinds: set[type[Any]] = {type(value) for value in values}
    names: dict[type[Any], str] = {str: "string", bool: "boolean", int: "integer"}
    return {"type": names[kinds.pop()], "enum": values} if len(kinds) == 1 else {"enum": values}


def _flat(node: ast.expr) -> list[ast.expr]:
    """Return the members of a union, those of unions in it too."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = sdk_source.parsed_expression(node.value.strip())
        except SyntaxError:
            return [node]
    if isinstance(node, ast.BinOp):
        return [*_flat(node.left), *_flat(node.right)]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id == "Union":
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return [member for part in parts for member in _flat(part)]
    return [node]


def _union(nodes: list[ast.expr], where: sdk_source.Body, reading: Reading) -> Schema:
    schemas: list[Schema] = []
    for node in nodes:
        schema = of_annotation(node, where, reading)
        if not schema:
            return {}
        if schema not in schemas:
            schemas.append(schema)
    listed = [value for schema in schemas if schema.get("type") == "string" for value in schema.get("enum", [])]
    if listed and {"type": "string"} in schemas:
        # `Literal["a", "b"] | str`: the SDK lists what this API version knows and stays open for later ones. An emptied
        # field (`""`) next to free text says nothing.
        rest = [schema for schema in schemas if schema.get("type") != "string"]
        named = [value for value in listed if value != ""]
        schemas = [*rest, {"type": "string", "enum": listed, "x-open": True} if named else {"type": "string"}]
    if len(schemas) == 1:
        return schemas[0]
    return {"anyOf": schemas}


def _nullable(schema: Schema) -> Schema:
    if not schema:
        return schema
    if isinstance(schema.get("type"), str) and "properties" not in schema:
        nullable = {**schema, "type": [schema["type"], "null"]}
        if "enum" in schema:
            nullable["enum"] = [*schema["enum"], None]
        return nullable
    return {"anyOf": [*(schema.get("anyOf") or [schema]), {"type": "null"}]}


def _expandable(node: ast.expr, where: sdk_source.Body, reading: Reading) -> Schema:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        node = sdk_source.parsed_expression(node.value)
    targets = [_resolve(part, where) for part in _flat(node)]
    names = [target.object_name or target.name for target in targets if target]
    identifier = {"type": "string", EXPANDABLE: names[0] if len(names) == 1 else "object"}
    if reading != "result":
        return identifier
    return {"anyOf": [identifier, *(of_class(target, reading) for target in targets if target)]}


def _page(item: Schema, kind: str, where: sdk_source.Body) -> Schema:
    properties: dict[str, Any] = {
        "object": {"type": "string"},
        "data": {"type": "array", "items": item},
    }
    if where.module.name.startswith("stripe.v2"):
        properties |= {"next_page_url": {"type": ["string", "null"]}, "previous_page_url": {"type": ["string", "null"]}}
    else:
        properties |= {"has_more": {"type": "boolean"}, "url": {"type": "string"}}
    if kind == "SearchResultObject":
        properties |= {"next_page": {"type": ["string", "null"]}, "total_count": {"type": "integer"}}
    return {"type": "object", "properties": properties, "additionalProperties": False}
