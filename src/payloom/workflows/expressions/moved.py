"""Names that an object or an operation had once: its schema says where each went, under `x-moved`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_map

MOVED = "x-moved"
"""The key of an object's schema; its value has a hint for each name that is gone."""


def moved_hint(schemas: Iterable[Mapping[str, Any] | None], name: str) -> str | None:
    """Return where a name went that the objects of these schemas do not have; None if none of them ever had it."""
    for schema in schemas:
        hints = schema.get(MOVED) if schema is not None else None
        if is_map(hints) and name in hints:
            return str(hints[name])
    return None
