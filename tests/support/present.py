"""`present` reads a value that may be None where a test knows that it is there."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def present(value: T | None) -> T:
    """Return the value; None fails the test."""
    assert value is not None
    return value
