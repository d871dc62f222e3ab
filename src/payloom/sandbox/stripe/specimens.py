"""Whole objects from little, for events and given objects: as the local Stripe makes and shows them.

What Stripe leaves out of an object is left out here, too. The objects are made in a local Stripe that forgets each.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping
from typing import Any

from payloom.connectors.stripe.catalog import events
from payloom.connectors.stripe.catalog.events import object_schema
from payloom.kit.clock import Clock, ManualClock, from_epoch
from payloom.sandbox.stripe.fixtures import Schema, complete, likely, plainest, prefix
from payloom.sandbox.stripe.object_maker import CountedIds, ObjectMaker, with_schema
from payloom.sandbox.stripe.plain_answers import family_kind
from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.runtime.emulator import Emulator

_CACHED = 500


def emulated_stripe(clock: Clock) -> Emulator:
    """Return a local Stripe that forgets: reset it before each scenario. Its money is never short."""
    return Emulator(EmulatorConfig(base_url="https://stripe.test", seed=1, unlimited_balance=True), clock=clock)


class Specimens:
    """Makes objects in a local Stripe of its own."""

    def __init__(self) -> None:
        """Open it."""
        self._lock = threading.Lock()
        self._clock = ManualClock()
        self._emulator = emulated_stripe(self._clock)
        self._made: dict[str, dict[str, Any] | None] = {}

    def make(self, kind: str, fields: Mapping[str, Any], now: int) -> dict[str, Any] | None:
        """Return an object of this kind as Stripe shows it, made from the fields; None where none can be made."""
        key = f"{kind}\0{now}\0{fields!r}"
        with self._lock:
            if key not in self._made:
                if len(self._made) >= _CACHED:
                    self._made.clear()
                self._made[key] = self._new(kind, fields, now)
            return self._made[key]

    def _new(self, kind: str, fields: Mapping[str, Any], now: int) -> dict[str, Any] | None:
        self._clock.set(from_epoch(now))
        self._emulator.ids = CountedIds()
        identity = str(fields["id"])
        store = self._emulator.store
        with store.transaction():
            store.query("SAVEPOINT specimen")
            try:
                maker = ObjectMaker(self._emulator, {})
                return maker.shown(identity) if maker.make(kind, identity, fields) else None
            finally:
                store.query("ROLLBACK TO specimen")
                store.query("RELEASE specimen")


@functools.cache
def _specimens() -> Specimens:
    return Specimens()


def object_of_event(family: str, action: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return the whole object of an event of a family, as Stripe sends it: without an id where it has none."""
    known = events.family(family)
    kind, schema = family_kind(family)
    kind = str(given.get("object") or kind)
    stripe_object = event_object(kind, schema, action, given, now)
    if known is None or known.has_id(action) or "id" in given:
        return stripe_object
    return {name: value for name, value in stripe_object.items() if name != "id"}


def event_object(
    kind: str, schema: Mapping[str, Any] | None, action: str, given: Mapping[str, Any], now: int
) -> dict[str, Any]:
    """Return the whole object of an event: what is given, what is likely, and what the local Stripe adds to it."""
    named = {"id": f"{prefix(kind)}_1", **given}
    fields = {**likely(kind, action, named, now), **named}
    if schema is not None and "properties" in schema:
        known = schema["properties"]
        fields = {name: value for name, value in fields.items() if name in known or name in given}
    identity = fields.get("id")
    stripe_object = _specimens().make(kind, fields, now) if isinstance(identity, str) and identity else None
    if stripe_object is None:
        return complete(schema, fields)
    return with_schema(schema, _without_odd_nulls(schema, stripe_object), fields)


def _without_odd_nulls(schema: Schema | None, stripe_object: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object of which only the declared fields are known without a null where Stripe has none."""
    known = (schema or {}).get("properties", {})
    return {
        name: plainest(known[name]) if value is None and name in known else value
        for name, value in stripe_object.items()
    }


def given_object(kind: str, given: Mapping[str, Any], now: int) -> dict[str, Any]:
    """Return the whole object that a case gives in part."""
    schema = object_schema(kind)
    return {"object": kind, **event_object(kind, schema, "", given, now)}
