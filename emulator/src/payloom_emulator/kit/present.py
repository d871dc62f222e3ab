"""For fields that Stripe's type allows to be null."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return a value that is not null where it is used. Raises AssertionError if it is."""
    assert value is not None
    return value
