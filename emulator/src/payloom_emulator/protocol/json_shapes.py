"""Asks what a JSON value is, in a way the type checker understands, and reads values whose type is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeGuard

from payloom_emulator.kit.digits import whole_number


def is_object(value: object) -> TypeGuard[dict[str, object]]:
    """Return whether the value is a JSON object: it has text keys."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[object]]:
    """Return whether the value is a JSON array."""
    return isinstance(value, list)


def members(value: object) -> Mapping[str, object]:
    """Return a JSON object's members; anything else has none."""
    return value if is_object(value) else {}


def elements(value: object) -> list[object]:
    """Return a JSON array's elements; anything else has none."""
    return value if is_array(value) else []


def texts(value: object) -> list[str]:
    """Return the texts in a JSON array."""
    return [element for element in elements(value) if isinstance(element, str)]


def text(value: object) -> str | None:
    """Return a text, or None for a value that is none."""
    return value if isinstance(value, str) else None


def integer(value: object) -> int | None:
    """Return a whole number, also one that is written as text, or None."""
    if isinstance(value, int):
        return value
    return whole_number(value) if isinstance(value, str) and not value.startswith("-") else None
