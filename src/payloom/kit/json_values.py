"""Type guards for values that came from JSON or YAML: a check at run time that the type checker understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a JSON object. Its keys are strings, as those of every parsed one."""
    return isinstance(value, dict)


def is_map(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value is a mapping from strings, of whatever class."""
    return isinstance(value, Mapping)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether a value is a JSON array."""
    return isinstance(value, list)
