"""F138: items of a subscription that would stand beside those that it has, where the old ones should go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.workflows.catalog.catalog import Action
from payloom.workflows.checker.parameters.limits import maps_of


def items_beside(action: Action, values: Any, path: Path) -> Iterator[Path]:
    """Yield the first item of each list of changes to items that names none of the items there are."""
    changes = action.name.endswith(".update") or (is_map(values) and values.get("subscription") is not None)
    for at, shape, named in maps_of(values, action.params or {}, path) if changes else ():
        items = named.get("items")
        properties: Mapping[str, Any] = shape.get("properties") or {}
        part: Mapping[str, Any] = properties.get("items") or {}
        item_shape: Mapping[str, Any] = part.get("items") or {}
        known: Mapping[str, Any] = item_shape.get("properties") or {}
        if "deleted" not in known or "id" not in known or not is_list(items) or not items:
            continue
        if all(is_map(item) and item.get("id") is None for item in items):
            yield (*at, "items", 0)
