"""JSON Schema read as types of the language: which kinds of value a schema allows, and what its parts are.

`None` is the schema of anything. `x-type: timestamp | duration | float` marks what JSON has no word for. A `date-time`
or `duration` text may be either form: rows hold moments, JSON bodies hold text. A parameter of format `unix-time` takes
whole seconds or a moment.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from payloom.kit.json_types import is_list, is_map

Schema = Mapping[str, Any]

_KINDS: Mapping[str, frozenset[str]] = {
    "null": frozenset({"null"}),
    "boolean": frozenset({"bool"}),
    "integer": frozenset({"int"}),
    "number": frozenset({"int", "float"}),
    "string": frozenset({"string"}),
    "array": frozenset({"list"}),
    "object": frozenset({"map"}),
}
_FORMATS = {
    "date-time": frozenset({"string", "timestamp"}),
    "duration": frozenset({"string", "duration"}),
    "unix-time": frozenset({"int", "timestamp"}),
}
_MAX_ALTERNATIVES = 50


@dataclasses.dataclass(frozen=True, slots=True)
class Type:
    """A schema, with the definitions its `$ref`s point into. `schema` None: anything."""

    schema: Schema | None
    defs: Schema = dataclasses.field(default_factory=dict[str, Any])

    def alternatives(self) -> Sequence[Schema] | None:
        """Return the schemas one of which holds, references and unions resolved; None if it can be anything."""
        alternatives: list[Schema] = []
        waiting: list[Any] = [self.schema]
        while waiting:
            schema = waiting.pop()
            if not is_map(schema):
                return None
            reference = schema.get("$ref")
            if isinstance(reference, str):
                waiting.append(self.defs.get(reference.rpartition("/")[2]))
            elif union := schema.get("anyOf") or schema.get("oneOf"):
                waiting.extend(reversed(union))
            else:
                alternatives.extend(_split(schema))
            if len(alternatives) + len(waiting) > _MAX_ALTERNATIVES:
                return None
        return alternatives

    def kinds(self) -> frozenset[str] | None:
        """Return the words of the language for the types it allows; None if it can be anything."""
        alternatives = self.alternatives()
        if alternatives is None:
            return None
        all_kinds: frozenset[str] = frozenset()
        for schema in alternatives:
            kinds = _kinds(schema)
            if kinds is None:
                return None
            all_kinds |= kinds
        return all_kinds

    def of(self, schema: Any) -> Type:
        """Return the shape of a part of this one."""
        return Type(schema if is_map(schema) else None, self.defs)

    def values(self) -> tuple[Any, ...] | None:
        """Return the only values it allows (null left out), when it lists them."""
        alternatives = self.alternatives()
        if not alternatives:
            return None
        values: list[Any] = []
        for schema in alternatives:
            if "const" in schema:
                values.append(schema["const"])
            elif "enum" in schema:
                values.extend(schema["enum"])
            elif _kinds(schema) != _KINDS["null"]:
                return None
        return tuple(value for value in values if value is not None)

    def present(self) -> Schema | None:
        """Return the schema to show or store, with the definitions its references need."""
        if self.schema is None or not self.defs or "$defs" in self.schema:
            return self.schema
        return {**self.schema, "$defs": self.defs}


ANY = Type(None)


def type_of_schema(schema: Schema | None) -> Type:
    """Return the shape of a whole schema document (its `$defs` become the definitions)."""
    if schema is None:
        return ANY
    defs = schema.get("$defs")
    return Type(schema, defs if is_map(defs) else {})


def union(shapes: Iterable[Type]) -> Type:
    """Return the shape that allows what any of `shapes` allows."""
    schemas: list[Schema] = []
    defs: dict[str, Any] = {}
    for shape in shapes:
        if shape.schema is None:
            return ANY
        if shape.schema not in schemas:
            schemas.append(shape.schema)
        if shape.defs:
            defs = {**shape.defs, **defs} if defs else dict(shape.defs)
    if not schemas:
        return ANY
    return Type(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}, defs)


def of_kinds(kinds: Iterable[str]) -> Type:
    """Return the shape of values of these kinds."""
    schemas: dict[str, Schema] = {
        "null": {"type": "null"},
        "bool": {"type": "boolean"},
        "int": {"type": "integer"},
        "float": {"type": "number", "x-type": "float"},
        "string": {"type": "string"},
        "list": {"type": "array"},
        "map": {"type": "object"},
        "timestamp": {"type": "string", "format": "date-time", "x-type": "timestamp"},
        "duration": {"type": "string", "format": "duration", "x-type": "duration"},
    }
    return union(Type(schemas[kind]) for kind in sorted(kinds))


def without_null(shape: Type) -> Type:
    """Return the shape without null."""
    alternatives = shape.alternatives()
    if alternatives is None:
        return shape
    rest = [schema for schema in alternatives if _kinds(schema) != _KINDS["null"]]
    return union(shape.of(schema) for schema in rest) if rest else shape


def fits(actual: Schema | None, expected: Schema | None) -> bool:
    """Tell whether a value of one schema may be one of the other: they share a kind, or one of them is unknown.

    null is left out of account: who leaves a value out decides that at run time. An int may stand for a float.
    """
    actual_kinds, expected_kinds = type_of_schema(actual).kinds(), type_of_schema(expected).kinds()
    if actual_kinds is None or expected_kinds is None:
        return True
    actual_kinds, expected_kinds = actual_kinds - {"null"}, expected_kinds - {"null"}
    return not actual_kinds or not expected_kinds or bool(actual_kinds & expected_kinds)


def _split(schema: Schema) -> list[Schema]:
    kinds = schema.get("type")
    if not is_list(kinds):
        return [schema]
    parts: list[Schema] = []
    for kind in kinds:
        part = {**schema, "type": kind}
        if "enum" in schema:
            part["enum"] = [value for value in schema["enum"] if (value is None) == (kind == "null")]
        parts.append(part)
    return parts


def _kinds(schema: Schema) -> frozenset[str] | None:
    if "x-type" in schema:
        return frozenset({schema["x-type"]})
    kind = schema.get("type")
    if isinstance(kind, str):
        default = _KINDS.get(kind)
        return _FORMATS.get(schema.get("format", ""), default) if kind in ("string", "integer") else default
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values:
        return frozenset[str]().union(*(_kind_of(value) for value in values))
    if "properties" in schema:
        return _KINDS["object"]
    return _KINDS["array"] if "items" in schema else None


def _kind_of(value: Any) -> frozenset[str]:
    if value is None:
        return _KINDS["null"]
    if isinstance(value, bool):
        return _KINDS["boolean"]
    if isinstance(value, str):
        return _KINDS["string"]
    return frozenset({"int"}) if isinstance(value, int) else frozenset({"float"})
