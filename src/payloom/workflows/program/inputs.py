"""What a workflow takes: the short form of `input:` as JSON Schema, and the check of what a caller sends."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean
from payloom.workflows.program import json_schema

_NAMED: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int": {"type": "integer"},
    "number": {"type": "number"},
    "bool": {"type": "boolean"},
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "url": {"type": "string", "format": "uri", "maxLength": 2048},
    "uuid": {"type": "string", "format": "uuid"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "currency": {"type": "string", "pattern": "^[a-z]{3}$"},
    "json": {},
}
TYPE_NAMES = tuple(_NAMED)
CHOSEN = "x-chosen"
"""Marks a whole number between two bounds as the caller's choice: a donation, a tip, a pay-what-you-want price."""
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)?\.\.(-?\d+(?:\.\d+)?)?")
_WORD = re.compile(r"[A-Za-z0-9_.:-]+")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_NAMED = 5
"""Problems that the message of an error names."""


class BadShorthand(PayloomError):
    """The input's short form is not valid."""

    code: ClassVar[str] = "bad_shorthand"
    status: ClassVar[int] = 422


class InvalidInput(PayloomError):
    """The inputs are not valid; `data["errors"]` has each error with its field."""

    code: ClassVar[str] = "invalid_input"
    status: ClassVar[int] = 422


class _Takes(Protocol):
    @property
    def input(self) -> Mapping[str, Any] | None: ...


def expand_input(short: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of an `input:` block.

    A block that is a JSON Schema of an object already comes back checked. Raises `BadShorthand`; `.data["path"]` says
    where.
    """
    if short.get("type") == "object" and is_map(short.get("properties")):
        _check_schema(short, ())
        schema = copy.deepcopy(dict(short))
        schema.setdefault("additionalProperties", False)
        return schema
    return _object(short, ())


def _check_schema(schema: Any, path: tuple[str | int, ...]) -> None:
    for at, message, hint in json_schema.unknown_parts(schema, path):
        raise BadShorthand(message, hint=hint, path=at)


def _object(fields: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for key, value in fields.items():
        name = key.removesuffix("?")
        if not _FIELD.fullmatch(name):
            raise BadShorthand(f"{name!r} cannot be a field's name", hint="letters, digits and _", path=[*path, key])
        schema = _field(value, (*path, key))
        properties[name] = schema
        if not key.endswith("?") and "default" not in schema:
            required.append(name)
    out: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        out["required"] = required
    return out


def _field(value: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
    if is_map(value):
        if "type" in value and isinstance(value["type"], str) and value["type"] in json_schema.TYPES:
            _check_schema(value, path)
            return copy.deepcopy(dict(value))
        return _object(value, path)
    if is_list(value):
        if len(value) != 1:
            raise BadShorthand("a list has one pattern for its items, e.g. [string]", path=list(path))
        return {"type": "array", "items": _field(value[0], (*path, 0)), "maxItems": 1000}
    if not isinstance(value, str):
        raise BadShorthand(
            f"{value!r} is not a type", hint="write one of " + ", ".join(TYPE_NAMES) + ", or a | b", path=list(path)
        )
    return _text(value.strip(), path)


def _text(text: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    body, equals, default = text.partition("=")
    body = body.strip()
    schema = _enum(body, path) if "|" in body else _typed(body, path)
    if equals:
        schema["default"] = _default(default.strip(), schema, path)
    return schema


def _enum(body: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    choices = [part.strip() for part in body.split("|")]
    if bad := next((choice for choice in choices if not _WORD.fullmatch(choice)), None):
        raise BadShorthand(f"{bad!r} cannot be a choice", hint="write e.g. basic | pro", path=list(path))
    if all(choice in _NAMED or choice == "null" for choice in choices):
        if len(choices) == 2 and "null" in choices:
            other = _NAMED[next(choice for choice in choices if choice != "null")]
            return {"anyOf": [dict(other), {"type": "null"}]}
        return {"anyOf": [{"type": "null"} if choice == "null" else dict(_NAMED[choice]) for choice in choices]}
    return {"type": "string", "enum": choices}


def _typed(body: str, path: tuple[str | int, ...]) -> dict[str, Any]:
    name, _, rule = body.partition(" ")
    if name not in _NAMED:
        raise BadShorthand(
            f"unknown type {name!r}",
            hint=did_you_mean(name, TYPE_NAMES) or "one of " + ", ".join(TYPE_NAMES) + ", or choices as in a | b",
            path=list(path),
        )
    schema = dict(_NAMED[name])
    rule = rule.strip()
    if rule == "chosen" or rule.endswith(" chosen"):
        return _chosen(_typed(f"{name} {rule.removesuffix('chosen').strip()}".strip(), path), path)
    if not rule:
        return schema
    if match := _RANGE.fullmatch(rule):
        return _ranged(schema, match, path)
    if schema.get("type") == "string" and rule.endswith("*") and _WORD.fullmatch(rule[:-1]):
        return {**schema, "pattern": f"^{re.escape(rule[:-1])}", "maxLength": 255}
    raise BadShorthand(
        f"cannot read {rule!r}", hint="write a range 1..20, a beginning cs_*, or int 100..5000 chosen", path=list(path)
    )


def _chosen(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    if schema.get("type") != "integer" or not {"minimum", "maximum"} <= schema.keys():
        raise BadShorthand(
            "only a whole number between two bounds can be chosen", hint="write int 100..50000 chosen", path=list(path)
        )
    return {**schema, CHOSEN: True}


def _ranged(schema: dict[str, Any], match: re.Match[str], path: tuple[str | int, ...]) -> dict[str, Any]:
    low, high = match[1], match[2]
    keys = {"integer": ("minimum", "maximum"), "number": ("minimum", "maximum"), "string": ("minLength", "maxLength")}
    names = keys.get(str(schema.get("type")))
    if names is None or (low is None and high is None):
        raise BadShorthand("a range fits int, number and string only", path=list(path))
    try:
        for name, bound in zip(names, (low, high), strict=True):
            if bound is not None:
                schema[name] = float(bound) if schema["type"] == "number" and "." in bound else int(bound)
    except ValueError:
        raise BadShorthand("the ends of this range are whole numbers", path=list(path)) from None
    if low is not None and high is not None and float(low) > float(high):
        raise BadShorthand("the range is upside down", hint="the smaller number comes first", path=list(path))
    return schema


def _default(text: str, schema: Mapping[str, Any], path: tuple[str | int, ...]) -> Any:
    kind = schema.get("type")
    value: Any = text.strip("'\"") if kind == "string" else json_schema.from_text(text, schema)
    if problems := list(json_schema.problems(value, schema)):
        raise BadShorthand(f"the default {text!r} does not fit: {problems[0].message}", path=list(path))
    return value


def validate_input(workflow: _Takes, raw: Mapping[str, Any], *, from_query: bool = False) -> dict[str, Any]:
    """Return the input with defaults filled in; raises `InvalidInput` naming every field that does not fit.

    from_query: values are text (query string, path parts); numbers and booleans are read from it.
    """
    schema = workflow.input or {"type": "object", "properties": {}, "additionalProperties": False}
    value: Any = dict(raw)
    if from_query:
        properties = schema.get("properties", {})
        value = {
            key: json_schema.from_text(item, properties.get(key, {})) if isinstance(item, str) else item
            for key, item in value.items()
        }
    problems = list(json_schema.problems(value, schema))
    if problems:
        raise InvalidInput(
            _summary(problems),
            errors=[{"field": p.field, "message": p.message, "hint": p.hint} for p in problems[:50]],
        )
    return json_schema.with_defaults(value, schema)


def _summary(problems: Sequence[json_schema.Problem]) -> str:
    """Return the first problems in one line; all of them are in the error's `errors`."""
    named = "; ".join(f"{problem.field or 'the body'}: {problem.message}" for problem in problems[:_MOST_NAMED])
    more = len(problems) - _MOST_NAMED
    return f"{named}; and {more} more" if more > 0 else named
