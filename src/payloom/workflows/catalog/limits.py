"""Limits of the parameters of actions, beyond their types: what a service refuses however often it is asked."""

from __future__ import annotations

import dataclasses
from typing import Any

LIMITS = "x-limits"
"""The key of a parameter's schema; its value is a `Limits`."""
NOT_BOTH = "x-not-both"
"""The key of an object's schema; its value has the pairs of parameters of which an action takes one."""
CHOICES = "x-choices"
"""The key of an action's schema; its value has the `Choice`s between its parameters."""


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """A parameter whose value decides about others.

    values: those it speaks of; None is the parameter left out. needs: it is then required. without: what an action
    then does not take.
    """

    parameter: str
    values: tuple[Any, ...]
    needs: str = ""
    without: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What a value may be.

    shortest, longest: characters of a text. most: items of a list. least, above, largest: of a number. alphabet: a
    regular expression for the whole text; letters: the same in words.
    """

    longest: int | None = None
    shortest: int | None = None
    most: int | None = None
    least: int | None = None
    above: int | None = None
    largest: int | None = None
    alphabet: str | None = None
    letters: str | None = None

    def under(self, other: Limits) -> Limits:
        """Return these limits, with those of `other` where it has some."""
        values = {
            field.name: getattr(self, field.name) if (value := getattr(other, field.name)) is None else value
            for field in dataclasses.fields(self)
        }
        return Limits(**values)
