"""The part of JSON Schema that inputs need: checking a value, defaults, and reading text by type.

Linear in the value's size.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from payloom.kit import linear_regex
from payloom.kit.addresses.email_address import NotAnAddress, parse_address
from payloom.kit.json_types import is_list, is_map
from payloom.kit.suggest import did_you_mean

Schema = Mapping[str, Any]

TYPES: dict[str, Callable[[Any], bool]] = {
    "null": lambda v: v is None,
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: type(v) is int,
    "number": lambda v: type(v) in (int, float),
    "string": lambda v: isinstance(v, str),
    "array": is_list,
    "object": is_map,
}
_NOUN = {
    "null": "null", "boolean": "true or false", "integer": "a whole number", "number": "a number", "string": "text",
    "array": "a list", "object": "an object",
}  # fmt: skip
KNOWN = frozenset({
    "type", "properties", "required", "additionalProperties", "items", "enum", "const", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern", "format", "minItems",
    "maxItems", "uniqueItems", "anyOf", "oneOf", "allOf", "default", "title", "description", "examples", "deprecated",
    "$schema", "$comment", "readOnly", "writeOnly", "x-chosen",
})  # fmt: skip


class Problem(NamedTuple):
    """One thing that does not fit. `field`: `items[0].sku`, empty for the whole."""

    field: str
    message: str
    hint: str | None = None


def _email(text: str) -> bool:
    try:
        address = parse_address(text)
    except NotAnAddress:
        return False
    return address.text == text and "." in address.domain


def _uri(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f]", text)


def _uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def _date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == 10


def _date_time(text: str) -> bool:
    try:
        moment = dt.datetime.fromisoformat(text)
        # What an offset moves out of the years 1 to 9999 is no moment in UTC.
        return moment.tzinfo is not None and len(text) >= 20 and bool(moment.astimezone(dt.UTC))
    except (ValueError, OverflowError):
        return False


FORMATS: dict[str, tuple[Callable[[str], bool], str, str]] = {
    "email": (_email, "an email address", "e.g. ada@example.com"),
    "uri": (_uri, "a web address", "e.g. https://example.com/page"),
    "uuid": (_uuid, "a UUID", "e.g. 7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    "date": (_date, "a date", "e.g. 2026-01-31"),
    "date-time": (_date_time, "a moment with its time zone", "e.g. 2026-01-31T10:00:00Z"),
}


def unknown_parts(schema: Any, path: tuple[str | int, ...]) -> Iterator[tuple[list[str | int], str, str | None]]:
    """Yield what in a schema this module does not understand: path, message, hint."""
    if isinstance(schema, bool):
        return
    if not is_map(schema):
        yield list(path), "a schema is a map", None
        return
    for key, value in schema.items():
        here = (*path, key)
        wrong = _wrong_keyword(key, value)
        if wrong:
            yield list(here), *wrong
        elif key == "properties" and is_map(value):
            for name, inner in value.items():
                yield from unknown_parts(inner, (*here, name))
        elif key in {"items", "additionalProperties"}:
            yield from unknown_parts(value, here)
        elif key in {"anyOf", "oneOf", "allOf"}:
            for at, inner in enumerate(value):
                yield from unknown_parts(inner, (*here, at))


def _wrong_keyword(key: str, value: Any) -> tuple[str, str | None] | None:
    if key not in KNOWN:
        return f"JSON Schema's `{key}` is not supported", did_you_mean(key, KNOWN) or None
    if key == "type" and any(kind not in TYPES for kind in (value if is_list(value) else [value])):
        return f"unknown type {value!r}", "one of " + ", ".join(TYPES)
    if key == "format" and value not in FORMATS:
        return f"unknown format {value!r}", "one of " + ", ".join(FORMATS)
    if key == "pattern":
        if not isinstance(value, str):
            return "a pattern is text", "quote it"
        try:
            linear_regex.compile_pattern(value)
        except linear_regex.BadPattern as error:
            return f"the pattern is not valid: {error}", None
    return None


def problems(value: Any, schema: Schema | bool, field: str = "") -> Iterator[Problem]:
    """Yield everything about `value` that does not fit `schema`."""
    if isinstance(schema, bool):
        if not schema:
            yield Problem(field, "is not allowed")
        return
    declared = schema.get("type")
    if declared is not None:
        kinds: list[str] = declared if is_list(declared) else [declared]
        if not any(TYPES[kind](value) for kind in kinds):
            yield Problem(field, f"must be {' or '.join(_NOUN[kind] for kind in kinds)}, not {_describe(value)}")
            return
    yield from _choices(value, schema, field)
    if isinstance(value, str):
        yield from _strings(value, schema, field)
    elif type(value) in (int, float):
        yield from _numbers(value, schema, field)
    elif is_list(value):
        yield from _lists(value, schema, field)
    elif is_map(value):
        yield from _objects(value, schema, field)


def _describe(value: Any) -> str:
    return next((noun for kind, noun in _NOUN.items() if TYPES[kind](value)), type(value).__name__)


def _choices(value: Any, schema: Schema, field: str) -> Iterator[Problem]:
    if "enum" in schema and not any(value == choice and type(value) is type(choice) for choice in schema["enum"]):
        choices = ", ".join(map(str, schema["enum"]))
        hint = did_you_mean(value, [str(choice) for choice in schema["enum"]]) if isinstance(value, str) else None
        yield Problem(field, f"must be one of {choices}", hint or None)
    if "const" in schema and value != schema["const"]:
        yield Problem(field, f"must be {schema['const']!r}")
    for inner in schema.get("allOf", ()):
        yield from problems(value, inner, field)
    if "anyOf" in schema and all(next(problems(value, inner, field), None) for inner in schema["anyOf"]):
        yield next(problems(value, schema["anyOf"][0], field))
    if "oneOf" in schema:
        fits = sum(1 for inner in schema["oneOf"] if next(problems(value, inner, field), None) is None)
        if fits != 1:
            yield Problem(field, f"must fit exactly one of {len(schema['oneOf'])} forms, fits {fits}")


def _strings(value: str, schema: Schema, field: str) -> Iterator[Problem]:
    if len(value) < schema.get("minLength", 0):
        least = schema["minLength"]
        yield Problem(field, "must not be empty" if least == 1 else f"must have at least {least} characters")
    if len(value) > schema.get("maxLength", len(value)):
        yield Problem(field, f"must have at most {schema['maxLength']} characters")
        return
    pattern = schema.get("pattern")
    if pattern is not None and linear_regex.compile_pattern(pattern).search(value) is None:
        plain = re.fullmatch(r"\^([\w\\-]+)", pattern)
        if pattern == "^[a-z]{3}$":
            yield Problem(field, "must be a currency of three small letters", "e.g. usd")
        elif plain:
            yield Problem(field, f"must begin with {plain[1].replace(chr(92), '')}")
        else:
            yield Problem(field, f"must match {pattern}")
    named = FORMATS.get(schema.get("format", ""))
    if named and not named[0](value):
        yield Problem(field, f"must be {named[1]}", named[2])


def _numbers(value: float, schema: Schema, field: str) -> Iterator[Problem]:
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - not a number is not itself
        yield Problem(field, "must be a finite number")
    if "minimum" in schema and value < schema["minimum"]:
        yield Problem(field, f"must be at least {schema['minimum']}")
    if "maximum" in schema and value > schema["maximum"]:
        yield Problem(field, f"must be at most {schema['maximum']}")
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        yield Problem(field, f"must be more than {schema['exclusiveMinimum']}")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        yield Problem(field, f"must be less than {schema['exclusiveMaximum']}")
    if "multipleOf" in schema and value % schema["multipleOf"]:
        yield Problem(field, f"must be a multiple of {schema['multipleOf']}")


def _lists(value: list[Any], schema: Schema, field: str) -> Iterator[Problem]:
    if len(value) < schema.get("minItems", 0):
        yield Problem(field, f"must have at least {schema['minItems']} items")
    if len(value) > schema.get("maxItems", len(value)):
        yield Problem(field, f"must have at most {schema['maxItems']} items")
        return
    if schema.get("uniqueItems") and len({repr(item) for item in value}) != len(value):
        yield Problem(field, "must not hold the same item twice")
    if "items" in schema:
        for at, item in enumerate(value):
            yield from problems(item, schema["items"], f"{field}[{at}]")


def _objects(value: Mapping[str, Any], schema: Schema, field: str) -> Iterator[Problem]:
    properties: Mapping[str, Any] = schema.get("properties", {})
    lead = f"{field}." if field else ""
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem(f"{lead}{name}", "is missing")
    more = schema.get("additionalProperties", True)
    required = schema.get("required", ())
    for name, item in value.items():
        if name in properties:
            if item is None and name not in required:
                continue  # null for an optional field is the same as leaving it out
            yield from problems(item, properties[name], f"{lead}{name}")
        elif more is False:
            hint = did_you_mean(name, [known for known in properties if known not in value])
            yield Problem(f"{lead}{name[:100]}", "is not a known field", hint or None)
        elif more is not True:
            yield from problems(item, more, f"{lead}{name}")


def with_defaults(value: Any, schema: Schema | bool) -> Any:
    """Return a copy of a value that fits, with the schema's defaults where a field is missing, and null without one."""
    if isinstance(schema, bool):
        return value
    if is_map(value):
        properties: Mapping[str, Any] = schema.get("properties", {})
        out = {name: with_defaults(item, properties.get(name, True)) for name, item in value.items()}
        for name, inner in properties.items():
            if out.get(name) is None:
                out[name] = inner.get("default") if is_map(inner) else None
        return out
    if is_list(value):
        return [with_defaults(item, schema.get("items", True)) for item in value]
    return value


def from_text(text: str, schema: Schema | bool) -> Any:
    """Return what a text from a query string means for `schema`; the text itself where it means nothing."""
    if isinstance(schema, bool):
        return text
    kinds = schema.get("type")
    kinds = kinds if is_list(kinds) else [kinds]
    if "integer" in kinds and re.fullmatch(r"-?\d{1,19}", text):
        return int(text)
    if "number" in kinds and re.fullmatch(r"-?\d{1,19}(\.\d{1,19})?([eE][-+]?\d{1,3})?", text):
        return float(text) if set(text) & set(".eE") else int(text)
    if "boolean" in kinds and text in {"true", "false", "1", "0"}:
        return text in {"true", "1"}
    if "array" in kinds:
        return [from_text(part, schema.get("items", True)) for part in text.split(",")] if text else []
    for inner in schema.get("anyOf", ()):
        value = from_text(text, inner)
        if next(problems(value, inner), None) is None:
            return value
    return text
