"""Copies members of one object to another by their names, as far as they are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, cast

T = TypeVar("T", bound=Mapping[str, object])


def with_named(target: T, source: Mapping[str, object], *names: str) -> T:
    """Return the target with those members of `source` that have these names and are not None."""
    members = {name: source[name] for name in names if source.get(name) is not None}
    return cast("T", {**target, **members})


def with_filled(target: T, source: Mapping[str, object], *names: str) -> T:
    """Return the target with those members of `source` that have these names and hold something.

    Numbers hold something, also 0; "", an empty list, an empty object and False do not.
    """
    values = {name: source.get(name) for name in names}
    members = {name: value for name, value in values.items() if value or (value == 0 and value is not False)}
    return cast("T", {**target, **members})
