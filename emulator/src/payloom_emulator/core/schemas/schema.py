"""What an object is: its fields, its state machine, its events, and what it can be found by. It knows no handler."""

from __future__ import annotations

import copy
import dataclasses
import functools
from typing import TYPE_CHECKING

from payloom_emulator.core.errors import ImpossibleTransition
from payloom_emulator.protocol.json_shapes import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.kit.json import JsonMapping


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """One field of the object.

    default: its value when nothing was given. param: taken from the parameter of the same name, at "create",
    "update", "both" or "never". ref: the parameter names an object of this kind, which must exist.
    emptyable: "" clears it (otherwise "" is refused). shape: members a nested object always shows, with their defaults.
    """

    name: str
    default: object = None
    param: str = "never"
    ref: str | None = None
    emptyable: bool = True
    shape: JsonMapping | None = None

    def accepts(self, when: str) -> bool:
        """Return whether the parameter is taken at "create" or "update"."""
        return self.param in {when, "both"}

    def value(self, new_value: object, current: object) -> object:
        """Return the field's new value: "" clears, nested objects keep the members that were not given."""
        if new_value == "":
            return copy.deepcopy(self.default)
        if is_object(new_value) and (self.shape is not None or is_object(self.default)):
            base = current if is_object(self.default) and is_object(current) else self.shape
            return overlay(base or {}, new_value)
        return new_value


def overlay(base: JsonMapping, new_members: JsonMapping) -> dict[str, object]:
    """Return `base` with the new members over it, nested objects likewise, "" becoming None."""
    merged = copy.deepcopy(dict(base))
    for name, value in new_members.items():
        inner = merged.get(name)
        if is_object(value) and is_object(inner):
            merged[name] = overlay(inner, value)
        else:
            merged[name] = None if value == "" else value
    return merged


ADDRESS: Mapping[str, None] = {
    "city": None,
    "country": None,
    "line1": None,
    "line2": None,
    "postal_code": None,
    "state": None,
}


SHIPPING: Mapping[str, object] = {
    "address": ADDRESS,
    "carrier": None,
    "name": None,
    "phone": None,
    "tracking_number": None,
}


def settable(
    name: str,
    default: object = None,
    *,
    ref: str | None = None,
    emptyable: bool = True,
    shape: JsonMapping | None = None,
) -> Field:
    """Return a field the caller may set at create and at update."""
    return Field(name, default, "both", ref, emptyable, shape)


def create_only(
    name: str,
    default: object = None,
    *,
    ref: str | None = None,
    emptyable: bool = True,
    shape: JsonMapping | None = None,
) -> Field:
    """Return a field the caller may set at create only."""
    return Field(name, default, "create", ref, emptyable, shape)


def update_only(
    name: str, default: object = None, *, ref: str | None = None, shape: JsonMapping | None = None
) -> Field:
    """Return a field the caller may set at update only."""
    return Field(name, default, "update", ref, shape=shape)


def read_only(name: str, default: object = None) -> Field:
    """Return a field only the emulator sets."""
    return Field(name, default)


@dataclasses.dataclass(frozen=True, slots=True)
class Transition:
    """One transition: from any of `sources` to `target`, emitting `emits` in order."""

    name: str
    sources: frozenset[str] | set[str]
    target: str
    emits: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class StateMachine:
    """The life cycle of an object as a table."""

    initial: tuple[str, ...]
    transitions: tuple[Transition, ...]
    terminal: frozenset[str] | set[str] = frozenset()
    field: str = "status"

    def statuses(self) -> set[str]:
        """Return every status the table names."""
        return {*self.initial, *(m.target for m in self.transitions), *(s for m in self.transitions for s in m.sources)}

    def find(self, name: str, status: str) -> Transition:
        """Return the transition `name` out of `status`; several may share a name when their sources differ."""
        for transition in self.transitions:
            if transition.name == name and status in transition.sources:
                return transition
        raise ImpossibleTransition(f"There is no transition {name!r} from {status!r}.")

    def allows(self, name: str, status: str) -> bool:
        """Return whether the transition exists from here."""
        return any(m.name == name and status in m.sources for m in self.transitions)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Schema:
    """An object of Stripe's API, as it is stored and shown.

    object: Stripe's name, e.g. "checkout.session". prefix: of the id, in full ("cus_"); id_length: characters after it.
    path: the collection's URL; None when the object has none. on_create, on_update, on_delete: the events these emit.
    filters: fields a list may be filtered by (indexed); dotted paths reach inside, and a tuple
    (parameter, dotted path) renames. search: fields of the search query language. hidden: fields stored but shown only
    when expanded. public: fields a publishable key sees (None: all). tombstone: a deleted one can still be retrieved.
    """

    object: str
    prefix: str
    path: str | None = None
    id_length: int = 24
    fields: tuple[Field, ...] = ()
    machine: StateMachine | None = None
    on_create: tuple[str, ...] = ()
    on_update: tuple[str, ...] = ()
    on_delete: tuple[str, ...] = ()
    filters: tuple[str | tuple[str, str], ...] = ()
    search: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    public: tuple[str, ...] | None = None
    tombstone: bool = False
    has_created: bool = True
    has_livemode: bool = True

    def skeleton(self) -> dict[str, object]:
        """Return a new object's fields with their defaults, in Stripe's order."""
        plain, nested = self._defaults
        body = plain.copy()
        for name, default in nested:
            body[name] = copy.deepcopy(default) if default else type(default)()
        return body

    @functools.cached_property
    def _defaults(self) -> tuple[dict[str, object], list[tuple[str, dict[str, object] | list[object]]]]:
        """The defaults of all fields in Stripe's order, and those among them that each object needs a copy of."""
        plain: dict[str, object] = {"id": None, "object": self.object, **{f.name: f.default for f in self.fields}}
        return plain, [(n, d) for n, d in plain.items() if is_object(d) or is_array(d)]

    @functools.cached_property
    def _filters(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The name of each filter, and the path of its field."""
        pairs = (f if isinstance(f, tuple) else (f, f) for f in self.filters)
        return tuple((name, tuple(path.split("."))) for name, path in pairs)

    def links(self, body: JsonMapping) -> dict[str, str]:
        """Return the filterable values of an object."""
        values: dict[str, str] = {}
        for name, path in self._filters:
            value = body.get(path[0]) if len(path) == 1 else _inside(body, path)
            if value is not None and not isinstance(value, dict | list):
                values[name] = _text(value)
        for name in self.search:
            value = _inside(body, tuple(name.split(".")))
            if is_object(value):
                values.update({searched(f"{name}.{key}"): _text(inner).lower() for key, inner in value.items()})
            elif value is not None:
                values[searched(name)] = _text(value).lower()
        return values


def searched(field: str) -> str:
    """Return the name of the link that a search by a field's whole value goes by."""
    return f"search {field}"


def _inside(body: JsonMapping, path: tuple[str, ...]) -> object:
    value: object = body
    for part in path:
        value = value.get(part) if is_object(value) else None
    return value


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
