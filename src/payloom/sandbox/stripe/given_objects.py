"""Puts the objects that a case gives into the local Stripe: made as at Stripe, with the case's fields laid over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from payloom.kit.json_types import is_map, is_sequence
from payloom.sandbox.stripe.object_maker import ObjectMaker


class GivenObjects:
    """The objects of one case that the local Stripe holds."""

    def __init__(self, maker: ObjectMaker, objects: Mapping[str, Mapping[str, Any]]) -> None:
        """objects: the present state of each object as the case sees it, by id."""
        self._maker = maker
        self._objects = objects
        self._current: set[str] = set()
        self._deleted: set[str] = set()
        self.held: set[str] = set()
        """The ids of all objects that were put into the local Stripe."""

    def storable(self, identity: str) -> bool:
        """Whether the local Stripe can hold this object."""
        kind = str(self._objects.get(identity, {}).get("object"))
        return self._maker.can_make(kind)

    def outdate(self, identities: Iterable[str]) -> None:
        """Note that objects changed outside the local Stripe: their next use writes their fields again."""
        self._current.difference_update(identities)

    def delete(self, identity: str) -> None:
        """Note that an event says that the object was deleted."""
        self._deleted.add(identity)
        self.outdate([identity])

    def store(self, identities: Iterable[str]) -> bool:
        """Put objects into the local Stripe, the last one first, as lists show the newest first.

        Returns whether the local Stripe now holds all of them.
        """
        waiting = [identity for identity in identities if identity not in self._current and identity in self._objects]
        results = [self._store(identity) for identity in reversed(waiting)]
        return all(results)

    def came_with_others(self, identity: str) -> bool:
        """Whether an object that the case does not describe is there once all others are: the charge of a payment."""
        self.store(name for name in self._objects if self.storable(name))
        return self._maker.find(identity) is not None

    def _store(self, identity: str) -> bool:
        if identity in self._current:
            return True
        self._current.add(identity)
        given = self._objects[identity]
        # What it refers to comes first, so that it is what the case says and not what the recipe needs.
        referred = [name for name in dict.fromkeys(texts(given)) if name in self._objects and name != identity]
        self.store(name for name in referred if self.storable(name))
        if not self._maker.make(str(given["object"]), identity, given):
            self._current.discard(identity)
            return False
        if identity in self._deleted:
            self._deleted.discard(identity)
            self._maker.delete(identity)
        self.held.add(identity)
        return True


def texts(value: Any) -> Iterator[str]:
    """Yield every text inside a value."""
    if isinstance(value, str):
        yield value
    elif is_map(value):
        for item in value.values():
            yield from texts(item)
    elif is_sequence(value):
        for item in value:
            yield from texts(item)
