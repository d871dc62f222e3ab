"""Makes objects in a local Stripe the way they come about at Stripe: by the calls that lead to them.

A case gives an object in part. `ObjectMaker.make` plays the calls of its recipe, so that everything around the object
is there too (the charge of a payment), and then lays the case's own fields over it.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Generator, Mapping
from typing import Any, cast

from payloom.connectors.stripe.uploads import file_of
from payloom.kit.json_types import is_list, is_map
from payloom.sandbox.stripe.fixtures import closed_object, complete, item_schema
from payloom.sandbox.stripe.plain_kinds import plain_reason
from payloom.sandbox.stripe.recipes.recipe import Fields, NotMade, Recipe
from payloom.sandbox.stripe.recipes.table import RECIPES
from payloom_emulator.core.ids import Ids
from payloom_emulator.objects import kinds
from payloom_emulator.payments import charges, disputes
from payloom_emulator.presentation.expand import render
from payloom_emulator.runtime.emulator import Emulator

LOCAL = "local"
"""Marks the identifiers of objects that no call asked for, so that a case's `pi_1` is its own."""
_BACKGROUND = frozenset({"customer", "product", "price", "coupon", "payment_method"})
"""Kinds that lists hide when they only came with another object: no case names them."""


class CountedIds(Ids):
    """Identifiers that count: `cus_local_1`, `cus_local_2` and so on; the next one can be set.

    scope: stands in the place of `local`; the first identifier of another scope has no number: `pm_pi_1`.
    """

    def __init__(self) -> None:
        """Begin at 1 for each prefix."""
        super().__init__(0)
        self.following: dict[str, str] = {}
        self.scope = LOCAL
        self._counts: dict[str, int] = {}

    def new(self, prefix: str, length: int = 24) -> str:
        """See Ids. The number of letters is Stripe's business: these count."""
        del length
        kind = counted_prefix(prefix)
        following = self.following.pop(kind, None)
        if following is not None:
            return following
        name = f"{kind}{self.scope}"
        number = self._counts[name] = self._counts.get(name, 0) + 1
        return name if number == 1 and self.scope != LOCAL else f"{name}_{number}"


def counted_prefix(prefix: str) -> str:
    """Return what of a declared prefix stands before the number: `cs_test_` of `cs_test_a1`."""
    return prefix[: prefix.rfind("_") + 1] or prefix


class ObjectMaker:
    """Makes and shows objects of one local Stripe. See RecipeCalls for what recipes use of it."""

    def __init__(self, emulator: Emulator, given: Mapping[str, Mapping[str, Any]]) -> None:
        """given: the present state of each object as the case sees it, by id."""
        self.emulator = emulator
        self.given = given
        self.named: set[str] = set()
        """The ids of objects that another one or a call refers to, and that nothing describes."""
        self.background: set[str] = set()
        """The ids of objects that lists hide: they only came with another one."""
        self._at_work: set[str] = set()

    @property
    def ids(self) -> CountedIds:
        """The identifiers of the local Stripe."""
        return cast("CountedIds", self.emulator.ids)

    # -- requests ----------------------------------------------------------------------------------------------------

    def send(
        self, method: str, path: str, params: Mapping[str, Any], kind: str = "", identity: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """Send one request. identity: the id of the object of this kind that it makes."""
        if path == "/v1/files":
            name, content = file_of("files.create", params.get("file"))
            params = {**params, "file": {"filename": name, "type": "application/octet-stream", "content": content}}
        following = self.ids.following
        schema = self.emulator.find_schema(kind) if identity else None
        if schema is not None and schema.prefix:
            following[counted_prefix(schema.prefix)] = identity
        try:
            return self.emulator.call(method, path, dict(params))
        finally:
            following.clear()

    def post(
        self, path: str, params: Mapping[str, Any], kind: str = "", identity: str = "", *, declines: bool = False
    ) -> dict[str, Any]:
        """Send one POST request and return the object. declines: a declined card is as good. Raises NotMade."""
        status, body = self.send("POST", path, params, kind, identity)
        if status == 200 or (status == 402 and declines):
            return body
        raise NotMade(str(body.get("error", {}).get("message")))

    # -- objects -----------------------------------------------------------------------------------------------------

    def find(self, identity: str | None) -> dict[str, Any] | None:
        """Return an object as it is stored, also a deleted one."""
        return cast("dict[str, Any] | None", self.emulator.unit().find_any(identity))

    def shown(self, identity: str) -> dict[str, Any]:
        """Return an object as Stripe shows it when nothing is expanded."""
        unit = self.emulator.unit()
        whole = render(unit, unit.find_any(identity), self.emulator.config.api_version)
        return cast("dict[str, Any]", copy.deepcopy(whole))

    def ensure(self, kind: str, identity: Any, fields: Fields | None = None) -> str | None:
        """Return the id of an object that is there afterwards, or None if it cannot be.

        identity: the id (or the expanded object) that another object has for it. fields: what is known of it.
        """
        if is_map(identity):
            fields = {**identity, **(fields or {})}
            identity = identity.get("id")
        if not isinstance(identity, str) or not identity:
            return None
        if self.find(identity) is not None or identity in self._at_work:
            return identity
        if identity in self.given:
            return identity if self.make(kind, identity, self.given[identity]) else None
        if not self.make(kind, identity, fields or {}):
            return None
        self.named.add(identity)
        if kind in _BACKGROUND:
            self.background.add(identity)
        return identity

    def can_make(self, kind: str) -> bool:
        """Whether the local Stripe has such objects, and they are not among those answered by plain values."""
        return self.emulator.find_schema(kind) is not None and plain_reason(kind) is None

    def make(self, kind: str, identity: str, fields: Fields) -> bool:
        """Make an object, or bring the one that is there to what the fields say. Returns whether it is there now."""
        if not self.can_make(kind):
            return False
        if identity in self._at_work:
            return True
        self._at_work.add(identity)
        try:
            with self._scope(identity):
                recipe = RECIPES.get(kind, Recipe())
                there = self.find(identity) is not None
                if not there:
                    there = self._created(kind, identity, recipe, fields)
                if there:
                    self._follow(kind, identity, recipe, fields)
                    self.lay_over(identity, fields)
            return there
        finally:
            self._at_work.discard(identity)

    @contextlib.contextmanager
    def _scope(self, identity: str) -> Generator[None]:
        """Number what is made by the object that it is made for, and hide what only came with it."""
        before, self.ids.scope = self.ids.scope, identity
        newest = self._newest()
        try:
            yield
        finally:
            self.ids.scope = before
            came_with = self.emulator.store.query("SELECT id, object FROM objects WHERE seq > ?", (newest,))
            self.background |= {row[0] for row in came_with if row[1] in _BACKGROUND and row[0] != identity}

    def _newest(self) -> int:
        return self.emulator.store.query("SELECT coalesce(max(seq), 0) FROM objects")[0][0]

    def _created(self, kind: str, identity: str, recipe: Recipe, fields: Fields) -> bool:
        """Create an object as its fields say, else as its recipe does without them, else as it is declared."""
        for known in (fields, recipe.essential(fields)):
            try:
                recipe.create(self, identity, known)
            except NotMade:
                continue
            if self.find(identity) is not None:
                return True
        if self.emulator.schema(kind).prefix == "" and self.find(identity) is None:
            return False
        self._declare(kind, identity)
        return True

    def _declare(self, kind: str, identity: str) -> None:
        """Store an object with its declared fields only: no call leads to one in this state."""
        with self.emulator.store.transaction():
            unit = self.emulator.unit()
            schema = self.emulator.schema(kind)
            first = {schema.machine.field: schema.machine.initial[0]} if schema.machine is not None else {}
            unit.create(cast("Any", kind), {"id": identity, **first}, emits=())
            unit.flush()

    def _follow(self, kind: str, identity: str, recipe: Recipe, fields: Fields) -> None:
        """Play what happened to the object since; where that cannot be, its fields alone say how it stands."""
        if self.emulator.unit().find_any(identity) is None:
            return
        with contextlib.suppress(NotMade):
            recipe.advance(self, identity, fields)
        stored = self.find(identity) or {}
        for name, part_kind in recipe.parts.items():
            own, meant = stored.get(name), fields.get(name)
            meant = meant.get("id") if is_map(meant) else meant
            if not isinstance(meant, str) or own == meant:
                continue
            if isinstance(own, str) and self.find(meant) is None and meant not in self.given:
                self.rename(own, meant)
            elif self.ensure(part_kind, meant) and isinstance(own, str):
                self.remove(own)
        del kind

    def rename(self, identity: str, new: str) -> None:
        """Give an object another id, wherever it stands."""
        store = self.emulator.store
        old_text, new_text = json.dumps(identity), json.dumps(new)
        with store.transaction():
            store.query("UPDATE objects SET id = ? WHERE id = ?", (new, identity))
            store.query("UPDATE objects SET body = replace(body, ?, ?)", (old_text, new_text))
            store.query("UPDATE links SET value = ? WHERE value = ?", (new, identity))
            store.query("UPDATE timers SET object_id = ? WHERE object_id = ?", (new, identity))
        if identity in self.background:
            self.background.add(new)

    def remove(self, identity: str) -> None:
        """Forget an object that another one stands for."""
        stored = self.find(identity)
        if stored is not None:
            links = self.emulator.schema(stored["object"]).links(stored)
            self.emulator.store.remove(self.emulator.config.account, identity, stored["object"], links)

    def delete(self, identity: str) -> None:
        """Delete an object as Stripe does: it can be read as a deleted one, or no more."""
        with self.emulator.store.transaction():
            unit = self.emulator.unit()
            stored = unit.find_any(identity)
            if stored is not None:
                unit.delete(stored, emits=())
                unit.flush()

    def dispute(self, identity: str, charge: str | None, reason: str) -> None:
        """Open a dispute about a charge, as a cardholder does. Raises NotMade."""
        stored = self.find(charge)
        if stored is None or stored["object"] != "charge":
            raise NotMade("There is no charge to dispute.")
        with self.emulator.store.transaction():
            unit = self.emulator.unit()
            self.ids.following["du_"] = identity
            disputed = charges.booked(unit, unit.get(kinds.CHARGE, charge))
            disputes.open_for(unit, disputed, reason, inquiry=False)
            unit.flush()
        self.ids.following.clear()

    def run_timer(self, identity: str, name: str) -> None:
        """Let happen at once what the local Stripe does in time: a bank settles, a refund fails."""
        with self.emulator.store.transaction():
            unit = self.emulator.unit()
            stored = unit.find_any(identity)
            rule = self.emulator.timer(str(stored["object"]), name) if stored is not None else None
            if stored is not None and rule is not None:
                unit.unschedule(name, stored)
                rule(unit, stored)
                unit.flush()

    def lay_over(self, identity: str, fields: Mapping[str, Any]) -> None:
        """Write fields over a stored object. What Stripe shows only when it is expanded stays as it is."""
        stored = self.find(identity)
        if stored is None:
            return
        schema = self.emulator.schema(stored["object"])
        before = schema.links(stored)
        only_expanded = self.emulator.includes(stored["object"]).keys() | set(schema.hidden)
        own = {name: value for name, value in fields.items() if name not in only_expanded and name != "id"}
        body = {**stored, **{name: merged(stored.get(name), value) for name, value in own.items()}}
        after = schema.links(body)
        moved = [
            (name, before.get(name), after.get(name))
            for name in before.keys() | after.keys()
            if before.get(name) != after.get(name)
        ]
        with self.emulator.store.transaction():
            self.emulator.store.write(self.emulator.config.account, body, moved, deleted=False)


def merged(stored: Any, given: Any) -> Any:
    """Return what is given, with the members that it leaves out as the local Stripe made them."""
    if is_map(given) and is_map(stored):
        out = {**stored, **{name: merged(stored.get(name), value) for name, value in given.items()}}
        return copy.deepcopy(out)
    if is_map(stored) and given is not None and given == stored.get("id"):
        return copy.deepcopy(dict(stored))  # Stripe shows here what the case names.
    if is_list(given) and is_list(stored) and stored:
        return [merged(_alike(stored, at, item), item) for at, item in enumerate(given)]
    return copy.deepcopy(given)


def with_schema(
    schema: Mapping[str, Any] | None, stored: Mapping[str, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a made object with what is given over it; maps that it has none of are completed by Stripe's types."""
    known = (schema or {}).get("properties", {})
    filled = {name: _filled(known.get(name, {}), stored.get(name), value) for name, value in given.items()}
    return {**copy.deepcopy(dict(stored)), **filled}


def _filled(schema: Mapping[str, Any], stored: Any, value: Any) -> Any:
    if is_map(value):
        inner = closed_object(schema)
        return with_schema(inner, stored, value) if is_map(stored) else complete(inner, value)
    if is_map(stored) and value is not None and value == stored.get("id"):
        return copy.deepcopy(dict(stored))
    if is_list(value):
        items = item_schema(schema)
        return [
            _filled(items, _alike(stored, at, item) if is_list(stored) else None, item) for at, item in enumerate(value)
        ]
    return copy.deepcopy(value)


def _alike(stored: list[Any], at: int, item: Any) -> Any:
    """Return the made item that a given one stands for, by its id or its place; the first one for more."""
    if not stored or not is_map(item):
        return None
    same = next((other for other in stored if is_map(other) and other.get("id") == item.get("id")), None)
    return same or stored[min(at, len(stored) - 1)]
