"""Types in people's words: `customer`, `list of map`, `"a" | "b"`, `string | null`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.workflows.expressions.types import Type, type_of_schema

_NAMES = {"integer": "int", "boolean": "bool", "object": "map", "array": "list"}


def type_words(of: Type | Mapping[str, Any] | None, *, deep: bool = True) -> str:
    """Return a type in words."""
    shape = of if isinstance(of, Type) else type_of_schema(of)
    alternatives = shape.alternatives()
    if not alternatives:
        return "any"
    words = list(dict.fromkeys(_word(alternative, shape, deep=deep) for alternative in alternatives))
    words.sort(key=lambda word: word == "null")
    return " | ".join(words[:6]) + (" | …" if len(words) > 6 else "")


def _word(schema: Mapping[str, Any], shape: Type, *, deep: bool) -> str:
    if isinstance(schema.get("title"), str) and "properties" in schema:
        return schema["title"]
    if "const" in schema:
        return json.dumps(schema["const"])
    values = schema.get("enum")
    if values and deep and len(values) <= 4:
        return " | ".join(json.dumps(value) for value in values)
    if "x-type" in schema:
        return str(schema["x-type"])
    kind = schema.get("type")
    if kind == "array" and deep and schema.get("items"):
        return f"list of {type_words(shape.of(schema['items']), deep=False)}"
    return _NAMES.get(kind, kind) if isinstance(kind, str) else "any"


def fields_of(of: Type | Mapping[str, Any] | None, most: int = 40) -> list[str]:
    """Return the names that can be read of a value, as far as they are known."""
    shape = of if isinstance(of, Type) else type_of_schema(of)
    words: dict[str, None] = {}
    for schema in shape.alternatives() or ():
        properties = schema.get("properties")
        if is_map(properties):
            words.update(dict.fromkeys(map(str, properties)))
    return list(words)[:most]
