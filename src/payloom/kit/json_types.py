"""Type guards for values that come from JSON or YAML: a check that also tells the type checker what is inside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypeIs

_PLAIN = frozenset({str, int, float, bool, list, tuple, type(None)})
"""The types of most values that are no maps. Asking `Mapping` costs five times as much as asking these."""


def is_map(value: object) -> TypeIs[Mapping[str, Any]]:
    """Whether the value is a map, with string keys as JSON has them."""
    return isinstance(value, dict) or (type(value) not in _PLAIN and isinstance(value, Mapping))


def is_any_map(value: object) -> TypeIs[Mapping[Any, Any]]:
    """Whether the value is a map, with keys of any type, as Python and YAML allow them."""
    return isinstance(value, Mapping)


def is_dict(value: object) -> TypeIs[dict[str, Any]]:
    """Whether the value is a dict, with string keys as JSON has them."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeIs[list[Any]]:
    """Whether the value is a list."""
    return isinstance(value, list)


def is_sequence(value: object) -> TypeIs[list[Any] | tuple[Any, ...]]:
    """Whether the value is a list or a tuple."""
    return isinstance(value, list | tuple)


def is_tuple(value: object) -> TypeIs[tuple[Any, ...]]:
    """Whether the value is a tuple."""
    return isinstance(value, tuple)
