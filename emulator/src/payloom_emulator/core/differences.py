"""What changed between two states of an object, and the state before a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from payloom_emulator.protocol.json_shapes import is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.kit.json import JsonMapping

Obj = TypeVar("Obj", bound="Mapping[str, object]")


def with_changes(obj: Obj, changes: Mapping[str, object]) -> Obj:
    """Return a copy of the object with the new values of the fields that `changes` names."""
    return cast("Obj", {**obj, **changes})


def public_fields(obj: Obj, *, without: frozenset[str] = frozenset()) -> Obj:
    """Return a shallow copy of the object that has no private fields, nor those named in `without`."""
    return cast("Obj", {k: v for k, v in obj.items() if k not in without and not k.startswith("_")})


def patched(obj: JsonMapping, previous: JsonMapping) -> dict[str, object]:
    """Return the object as it was: `previous` over it, nested objects likewise."""
    whole = dict(obj)
    for name, value in previous.items():
        now = obj.get(name)
        whole[name] = patched(now, value) if is_object(now) and is_object(value) else value
    return whole


def difference(old: JsonMapping, new: JsonMapping) -> dict[str, object]:
    """Return the old values of what changed; inside nested objects likewise only what changed."""
    changed: dict[str, object] = {}
    for name in old.keys() | new.keys():
        before, after = old.get(name), new.get(name)
        if before == after or name.startswith("_"):
            continue
        changed[name] = difference(before, after) if is_object(before) and is_object(after) else before
    return changed
