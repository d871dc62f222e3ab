"""Puts the objects that a case gives into the local Stripe, as far as they stand for themselves.

A customer, a product, a price, a coupon and a tax rate are what their fields say. The local Stripe holds them as stored
objects: made like any other, with the case's fields laid over. An intent, an invoice or a subscription is the end of a
history that a case does not tell, so it stays with the plain answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom_emulator.runtime.emulator import Emulator

CREATABLE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "customer": ("/v1/customers", {}),
    "product": ("/v1/products", {"name": "Product"}),
    "price": ("/v1/prices", {"currency": "usd", "unit_amount": "2000", "product_data": {"name": "Product"}}),
    "coupon": ("/v1/coupons", {"percent_off": "10"}),
    "tax_rate": ("/v1/tax_rates", {"display_name": "Tax", "percentage": "10", "inclusive": False}),
}
"""How to create an object of each kind of which only the id is known: the path and the parameters."""
_MEANT: Mapping[str, tuple[str, ...]] = {
    "price": ("currency", "unit_amount", "recurring"),
    "coupon": ("amount_off", "percent_off", "currency", "duration", "duration_in_months"),
    "tax_rate": ("percentage", "inclusive"),
}
"""The fields from which the local Stripe derives others when it creates an object."""

Send = Callable[[str, str, dict[str, Any], str], tuple[int, dict[str, Any]]]
"""Sends a request: method, path, parameters, and the id of the object that it creates."""


class GivenObjects:
    """The objects of one case that the local Stripe holds."""

    def __init__(self, emulator: Emulator, send: Send, objects: Mapping[str, Mapping[str, Any]]) -> None:
        """objects: the present state of each object as the case sees it, by id."""
        self._emulator = emulator
        self._send = send
        self._objects = objects
        self._current: set[str] = set()
        self.held: set[str] = set()
        """The ids of all objects that were put into the local Stripe."""
        self.incidental: set[str] = set()
        """The ids of objects that came with them: the product of a price."""

    def storable(self, identity: str) -> bool:
        """Whether the local Stripe can hold this object."""
        return str(self._objects.get(identity, {}).get("object")) in CREATABLE

    def outdate(self, identities: Iterable[str]) -> None:
        """Note that objects changed outside the local Stripe: their next use writes their fields again."""
        self._current.difference_update(identities)

    def store(self, identities: Iterable[str]) -> bool:
        """Put objects into the local Stripe, the last one first, as lists show the newest first.

        Returns whether the local Stripe now holds all of them.
        """
        waiting = [identity for identity in identities if identity not in self._current]
        held = [self._store(identity) for identity in reversed(waiting)]
        return all(held)

    def _store(self, identity: str) -> bool:
        given = self._objects[identity]
        kind = str(given["object"])
        if not self._exists(identity) and not self._created(kind, identity, given):
            return False
        with self._emulator.store.transaction():
            unit = self._emulator.unit()
            stored = unit.find_any(identity)
            if stored is None or stored["object"] != kind or unit.is_deleted(identity):
                return False
            unit.change(stored, {name: value for name, value in given.items() if name != "id"}, emits=())
            unit.flush()
        self._current.add(identity)
        self.held.add(identity)
        return True

    def _exists(self, identity: str) -> bool:
        return self._emulator.unit().find_any(identity) is not None

    def _created(self, kind: str, identity: str, given: Mapping[str, Any]) -> bool:
        path, plain = CREATABLE[kind]
        meant = {name: given[name] for name in _MEANT.get(kind, ()) if given.get(name) is not None}
        if is_map(meant.get("recurring")):
            meant["recurring"] = {"interval": meant["recurring"].get("interval") or "month"}
        if "amount_off" in meant:
            meant.pop("percent_off", None)
            plain = {"currency": "usd"}
        own = {"id": identity} if kind == "coupon" else {}
        for more in (meant, {}) if meant else ({},):
            status, body = self._send("POST", path, {**plain, **more, **own}, identity)
            if status == 200:
                self.incidental.add(str(body.get("product")))
                return True
        return False
