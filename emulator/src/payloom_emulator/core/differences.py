"""What changed between two states of an object, and the state before a change."""

from __future__ import annotations

from typing import Any


def patched(obj: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    """Return the object as it was: `previous` over it, nested objects likewise."""
    whole = dict(obj)
    for name, value in previous.items():
        now = obj.get(name)
        whole[name] = patched(now, value) if isinstance(now, dict) and isinstance(value, dict) else value
    return whole


def difference(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the old values of what changed; inside nested objects likewise only what changed."""
    changed: dict[str, Any] = {}
    for name in old.keys() | new.keys():
        before, after = old.get(name), new.get(name)
        if before == after or name.startswith("_"):
            continue
        both = isinstance(before, dict) and isinstance(after, dict)
        changed[name] = difference(before, after) if both else before  # type: ignore[arg-type]
    return changed
