"""How one can see, after an answer was lost, that an operation happened.

Creates that carry our stamp are found in their list. A deleted object is gone. What changes an object's state shows in
its fields. What leaves no trace in an object is found in the event that it caused. A few calls may simply be made
again. Of the rest nobody can tell, and the step says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from payloom.kit.json_types import is_list, is_map


@dataclasses.dataclass(frozen=True, slots=True)
class Stamped:
    """The object carries the step's key in its metadata, and a list shows it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Gone:
    """The object is not there any more: asked once more, Stripe answers that there is none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Sign:
    """One field of an object that shows what happened.

    path: dotted; through a list it means any of the items. values: what it holds afterwards. argument: or the value of
    this parameter (dotted as well). differs: it holds none of these.
    """

    path: str
    values: tuple[Any, ...] = ()
    argument: str | None = None
    differs: bool = False

    def seen_in(self, stripe_object: Mapping[str, Any], arguments: Mapping[str, Any]) -> bool | None:
        """Whether the object shows it; None when the call did not have the parameter that would tell."""
        expected = list(self.values) if self.argument is None else values_at(arguments, self.argument)
        if not expected:
            return None
        values = values_at(stripe_object, self.path) or [None]
        return any(_id_or_value(item) in expected for item in values) is not self.differs


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """All signs are in the object.

    read: what reads it, else `retrieve` of the same service. follow: the field that names the object which the call
    answers with. expand: what must be asked for to see the signs. deleted: the call answers with a deleted object of
    this kind, not with the object that was read.
    """

    signs: tuple[Sign, ...]
    read: str | None = None
    follow: str | None = None
    expand: tuple[str, ...] = ()
    deleted: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Caused:
    """An event of one of these types names our key as the request that caused it."""

    types: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Unique:
    """Stripe keeps at most one object with these values: one that a list shows is the one that was asked for."""

    fields: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Repeatable:
    """Operations that can be repeated: they set a value again, or make a page or a token that expires."""


@dataclasses.dataclass(frozen=True, slots=True)
class Hidden:
    """Nothing that can be read shows it: a person has to look."""


Evidence = Stamped | Gone | State | Caused | Unique | Repeatable | Hidden


def values_at(value: Any, path: str) -> list[Any]:
    """Return every value at a dotted path; through a list it means each of the items."""
    name, _, rest = path.partition(".")
    if is_list(value):
        return [inner for item in value for inner in values_at(item, path)]
    if not is_map(value) or name not in value:
        return []
    return values_at(value[name], rest) if rest else [value[name]]


def _id_or_value(value: Any) -> Any:
    """Return the id of an object that stands there whole."""
    return value["id"] if is_map(value) and "id" in value else value
