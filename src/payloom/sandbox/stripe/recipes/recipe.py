"""What a recipe is: the calls that make an object, and those that bring it to where a case has it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol

Fields = Mapping[str, Any]


class NotMade(Exception):
    """The local Stripe refuses a call of a recipe."""


class RecipeCalls(Protocol):
    """What recipes use of the maker."""

    def post(
        self, path: str, params: Mapping[str, Any], kind: str = "", identity: str = "", *, declines: bool = False
    ) -> dict[str, Any]:
        """Send one POST request and return the object. Raises NotMade."""
        ...

    def send(
        self, method: str, path: str, params: Mapping[str, Any], kind: str = "", identity: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send one request; return its status and what it answers."""
        ...

    def find(self, identity: str | None) -> dict[str, Any] | None:
        """Return an object as it is stored."""
        ...

    def ensure(self, kind: str, identity: Any, fields: Fields | None = None) -> str | None:
        """Return the id of an object that is there afterwards, or None if it cannot be."""
        ...

    def make(self, kind: str, identity: str, fields: Fields) -> bool:
        """Make an object, or bring the one that is there to what the fields say."""
        ...

    def dispute(self, identity: str, charge: str | None, reason: str) -> None:
        """Open a dispute about a charge. Raises NotMade."""
        ...

    def run_timer(self, identity: str, name: str) -> None:
        """Let happen at once what the local Stripe does in time."""
        ...

    def rename(self, identity: str, new: str) -> None:
        """Give an object another id, wherever it stands."""
        ...

    def lay_over(self, identity: str, fields: Mapping[str, Any]) -> None:
        """Write fields over a stored object."""
        ...


Step = Callable[[RecipeCalls, str, Fields], None]


def _nothing(_calls: RecipeCalls, _identity: str, _fields: Fields) -> None:
    """Leave the object as it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recipe:
    """How an object of one kind comes about.

    create: makes it when there is none. advance: brings it to the state that the fields say. needed: the fields that
    `create` keeps when the local Stripe refuses the others. parts: fields that hold the id of an object which comes
    with it, and its kind: it gets the id that the case has for it.
    """

    create: Step = _nothing
    advance: Step = _nothing
    needed: tuple[str, ...] = ()
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def essential(self, fields: Fields) -> Fields:
        """Return the fields that the object cannot be made without."""
        return {name: fields[name] for name in self.needed if name in fields}


def picked(fields: Fields, *names: str) -> dict[str, Any]:
    """Return those of the named fields that say something."""
    return {name: fields[name] for name in names if fields.get(name) not in (None, "", [], {})}


def amount_of(fields: Fields, *names: str, default: int = 2000) -> int:
    """Return the first of the named fields that holds an amount above zero."""
    values = (fields.get(name) for name in names)
    return next((value for value in values if isinstance(value, int) and value > 0), default)


def currency_of(fields: Fields) -> str:
    """Return the currency, or US dollars."""
    return str(fields.get("currency") or "usd")
