"""Limits of the parameters of actions, beyond their types: what a service refuses however often it is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

LIMITS = "x-limits"
"""The key of a parameter's schema; its value is a `Limits`."""
NOT_BOTH = "x-not-both"
"""The key of an object's schema; its value has the pairs of parameters of which an action takes one."""
CHOICES = "x-choices"
"""The key of an action's schema; its value has the `Choice`s between its parameters."""

STARTS = "x-starts-with"
"""The key of an action's schema; its value has the parameters that a new step begins with, besides those it needs."""


ORDERED = "x-ordered"
"""The key of an object's schema; its value has pairs of names, dotted below it: the first is not above the second."""
ONE_NEEDED = "x-one-needed"
"""The key of an object's schema; its value has groups of parameters, of each of which an action needs one."""
ALONE = "x-alone"
"""The key of an object's schema; its value has, by parameter, those that an action takes beside it: no other."""
SEARCHED = "x-searched"
"""The key of an action's schema; its value has, by field of its search queries, what that is compared by."""


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """A parameter whose value decides about others.

    values: those it speaks of; None is the parameter left out. needs: one of them is then required. without: what an
    action then does not take.
    """

    parameter: str
    values: tuple[Any, ...]
    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


NEEDED = "x-needed"
"""The key of an action's schema; its value has what its parameters need beside them."""
OF_THE_CHECKER = frozenset({LIMITS, NOT_BOTH, CHOICES, NEEDED, ORDERED, ONE_NEEDED, ALONE, SEARCHED})
"""The keys that are read by the checker alone: no schema that leaves Payloom has them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Needed:
    """A parameter that Stripe takes only with another one.

    place: the map or list in which both stand; "" for the top. value: the one that asks for it; None for any.
    """

    place: str
    parameter: str
    needs: str
    value: Any = None

    def asks(self, named: Mapping[str, Any]) -> bool:
        """Whether a map has the parameter and lacks what it needs."""
        value = named.get(self.parameter)
        return (value is not None if self.value is None else value == self.value) and self.needs not in named


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What a value may be.

    shortest, longest: characters of a text. most: items of a list. least, above, largest: of a number. alphabet: a
    regular expression for the whole text; letters: the same in words. soonest, latest: of a moment, in seconds from the
    call; negative ones are past.
    """

    longest: int | None = None
    shortest: int | None = None
    most: int | None = None
    least: int | None = None
    above: int | None = None
    largest: int | None = None
    alphabet: str | None = None
    letters: str | None = None
    soonest: int | None = None
    latest: int | None = None

    def under(self, other: Limits) -> Limits:
        """Return these limits, with those of `other` where it has some."""
        values = {
            field.name: getattr(self, field.name) if (value := getattr(other, field.name)) is None else value
            for field in dataclasses.fields(self)
        }
        if other.above is not None and other.least is None:
            values["least"] = None  # one lower bound, in its own words
        return Limits(**values)
