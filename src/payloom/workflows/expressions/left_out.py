"""Fields that an object may not have: left out unless something asks for them (`x-left-out`), or gone (`x-moved`)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map

LEFT_OUT = "x-left-out"
"""The key of a property's schema; its value says when the field is there: `expanded`, `deleted`, or `changed`."""

GROWS = "x-grows"
"""The key of the schema of an enum to which Stripe adds words: another word is a warning, and no error."""

EXPANDABLE = "x-expandable"
"""The key of an id's schema; its value is the kind of the object that a call can expand it to."""

_EVENT_ROOTS = ("object", "event", "previous", "context.")
"""Whose objects no call can expand: they came with an event."""

MOVED = "x-moved"
"""The key of an object's schema; its value has a hint for each name that is gone."""

Schema = Mapping[str, Any]


class _Properties(Mapping[str, Any]):
    """Properties that are looked into when they are read: Stripe's types refer to each other without end."""

    def __init__(self, names: Collection[str], read: Callable[[str], Any]) -> None:
        self._names, self._read = names, read

    def __getitem__(self, name: str) -> Any:
        if name not in self._names:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def with_expanded(schema: Schema, names: Collection[str] | None) -> Schema:
    """Return the schema of an answer to a call that expands the fields of these names (None: it may expand any)."""
    expanded: dict[str, Any] = {}
    for key, part in schema.items():
        if key == "properties" and is_map(part):
            expanded[key] = _Properties(part.keys(), functools.partial(_property, part, names))
        elif key == "items" and is_map(part):
            expanded[key] = with_expanded(part, names)
        elif key == "anyOf" and is_list(part):
            expanded[key] = [with_expanded(each, names) if is_map(each) else each for each in part]
        else:
            expanded[key] = part
    return expanded


def _property(properties: Mapping[str, Any], names: Collection[str] | None, name: str) -> Any:
    part = properties[name]
    if not is_map(part):
        return part
    if names is None or name in names:
        part = {key: value for key, value in part.items() if key != LEFT_OUT}
    else:
        part = _as_id(part)
    return with_expanded(part, names)


def _as_id(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of a field that a call does not expand: of what can be an object, its id is left."""
    alternatives = part.get("anyOf")
    if not is_list(alternatives) or not any(is_map(each) and EXPANDABLE in each for each in alternatives):
        return part
    return {**part, "anyOf": [each for each in alternatives if not (is_map(each) and "properties" in each)]}


def only_changed(schema: Schema) -> Schema:
    """Return the schema of the fields of an object that an update changed: each may be missing. Lists come whole."""
    if "properties" in schema:
        properties: Mapping[str, Any] = schema["properties"]
        if {"data", "has_more"} <= properties.keys():
            return schema
        return {**schema, "properties": _Properties(properties.keys(), functools.partial(_changed, properties))}
    if is_list(schema.get("anyOf")):
        return {**schema, "anyOf": [only_changed(each) if is_map(each) else each for each in schema["anyOf"]]}
    return schema


def _changed(properties: Mapping[str, Any], name: str) -> Any:
    part = properties[name]
    return {**only_changed(part), LEFT_OUT: "changed"} if is_map(part) else part


def expanded_names(expand: Any) -> frozenset[str] | None:
    """Return the fields that a call's `expand` names, at any depth; None if only a run knows."""
    if expand is None:
        return frozenset()
    if not is_list(expand) or not all(isinstance(path, str) and "${{" not in path for path in expand):
        return None
    return frozenset(name for path in expand for name in str(path).split("."))


def absence(schema: Any, name: str, of: str) -> tuple[str, str] | None:
    """Return what is wrong with reading a property of `of` without `?.`, and the way out; None if it is there."""
    reason = schema.get(LEFT_OUT) if is_map(schema) else None
    if reason == "expanded":
        message = f"`{of}` may have no field `{name}`: Stripe leaves it out unless it is expanded"
        return message, f"write `{of}?.{name}`, or retrieve it with `expand: [{name}]`"
    if reason == "deleted":
        message = f"`{of}` may have no field `{name}`: Stripe leaves it out unless the object is deleted"
        return message, f"write `{of}?.{name}`"
    if reason == "changed":
        message = f"`{of}` may have no field `{name}`: it has only what the event's update changed"
        return message, f"write `{of}?.{name}`"
    return None


def id_hint(schemas: Iterable[Mapping[str, Any]], of: str) -> str | None:
    """Return what to do if what is read is the id of an object; None if it is none."""
    kinds = [schema[EXPANDABLE] for schema in schemas if EXPANDABLE in schema]
    if not kinds:
        return None
    hint = f"it is the id of a {kinds[0]}: retrieve that in a step of its own"
    if of.startswith(_EVENT_ROOTS):
        return hint
    return f"{hint}, or add `expand: [{of.rpartition('.')[2]}]` to the call"


def moved_hint(schemas: Iterable[Mapping[str, Any] | None], name: str) -> str | None:
    """Return where a name went that the objects of these schemas do not have; None if none of them ever had it."""
    for schema in schemas:
        hints = schema.get(MOVED) if schema is not None else None
        if is_map(hints) and name in hints:
            return str(hints[name])
    return None
