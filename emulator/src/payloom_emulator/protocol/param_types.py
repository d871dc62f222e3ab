"""The types of all parameters, from the table that is generated from Stripe's own request types."""

from __future__ import annotations

import dataclasses
import functools
import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, TypedDict, cast

from payloom_emulator.protocol.json_shapes import texts

_FILE = Path(__file__).with_name("params.json.gz")

NodeJson: TypeAlias = list[object]
"""A type as the table writes it: `["s"]`, `["a", type]`, `["o", {name: type}, [required]]`, `["e", value, …]`."""

Ref: TypeAlias = "int | NodeJson"
"""A type in place, or the number of one in the table."""


class Table(TypedDict):
    """The generated table. operations: "METHOD path" to a type's number. shapes: object to what can be expanded."""

    api_version: str
    types: list[NodeJson]
    operations: dict[str, int]
    shapes: dict[str, dict[str, list[str]]]


@dataclasses.dataclass(frozen=True, slots=True)
class TypeNode:
    """One type.

    kind: s(tring), i(nteger), n(umber), b(oolean), e(num), a(rray), m(ap), o(bject), u(nion) or f(ile). item: what an
    array or a map holds. fields, required: of an object. choices: the values of an enum. either: a union's types.
    """

    kind: str
    item: Ref = 0
    fields: Mapping[str, Ref] = dataclasses.field(default_factory=dict[str, Ref])
    required: tuple[str, ...] = ()
    choices: tuple[str | int, ...] = ()
    either: tuple[Ref, ...] = ()


@functools.cache
def table() -> Table:
    """Return the generated table."""
    return json.loads(gzip.decompress(_FILE.read_bytes()))


@functools.cache
def operations() -> dict[tuple[str, str], int]:
    """Return (METHOD, path with anonymous placeholders) → type index."""
    rows = ((*key.split(" ", 1), node) for key, node in table()["operations"].items())
    return {(method, anonymous(path)): node for method, path, node in rows}


@functools.cache
def _placeholders() -> dict[tuple[str, str], tuple[str, ...]]:
    rows = (key.split(" ", 1) for key in table()["operations"])
    return {
        (method, anonymous(path)): tuple(part[1:-1] for part in path.split("/") if part.startswith("{"))
        for method, path in rows
    }


# The oldest objects are called `id` when they are retrieved, changed or deleted.
_CALLED_ID = frozenset({"charge", "customer", "invoiceitem", "subscription_exposed_id", "subscription"})

# Operations that call their object `id`, against the name of the placeholder.
_ANSWERS_ID = frozenset(
    {
        "POST /v1/invoices/{}",
        "POST /v1/invoices/{}/finalize",
        "POST /v1/invoices/{}/mark_uncollectible",
        "POST /v1/invoices/{}/pay",
        "POST /v1/invoices/{}/void",
        "POST /v1/subscriptions/{}/resume",
    }
)


def placeholder_names(method: str, path: str) -> tuple[str, ...]:
    """Return what Stripe calls the placeholders of a path, in errors, in the order of the path."""
    bare = anonymous(path)
    names = _placeholders().get((method, bare)) or tuple(p[1:-1] for p in path.split("/") if p.startswith("{"))
    if f"{method} {bare}" in _ANSWERS_ID or (len(names) == 1 and bare.endswith("{}") and names[0] in _CALLED_ID):
        return ("id",)
    return names


@functools.cache
def anonymous(path: str) -> str:
    """Return a path template whose placeholders have no names, so that templates compare."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def type_of(ref: Ref) -> TypeNode:
    """Return the type that `ref` is or names."""
    return _numbered(ref) if isinstance(ref, int) else _read(ref)


@functools.cache
def _numbered(number: int) -> TypeNode:
    return _read(table()["types"][number])


def _read(node: NodeJson) -> TypeNode:
    kind, rest = str(node[0]), node[1:]
    match kind:
        case "a" | "m":
            return TypeNode(kind, item=cast("Ref", rest[0]))
        case "o":
            return TypeNode(kind, fields=cast("dict[str, Ref]", rest[0]), required=tuple(texts(rest[1])))
        case "e":
            return TypeNode(kind, choices=tuple(cast("list[str | int]", rest)))
        case "u":
            return TypeNode(kind, either=tuple(cast("list[Ref]", rest)))
        case _:
            return TypeNode(kind)


def fields_of(method: str, path: str) -> Mapping[str, Ref]:
    """Return the parameters of an operation: name to type."""
    return type_of(operations()[method, anonymous(path)]).fields


def _object_in(node: TypeNode) -> TypeNode:
    """Return the object among a union's types; any other type is returned as it is."""
    return next(member for member in map(type_of, node.either) if member.kind == "o") if node.either else node


@functools.cache
def event_types() -> frozenset[str]:
    """Return every event type Stripe has, including `*`."""
    return frozenset(enum("POST", "/v1/webhook_endpoints", "enabled_events"))


@functools.cache
def enum(method: str, path: str, *names: str) -> tuple[str, ...]:
    """Return the values Stripe lists for a parameter, e.g. `enum("POST", "/v1/refunds", "reason")`."""
    node = type_of(operations()[method, anonymous(path)])
    for name in names:
        node = type_of(_object_in(_inside_arrays(node)).fields[name])
    return tuple(map(str, _inside_arrays(node).choices))


def _inside_arrays(node: TypeNode) -> TypeNode:
    while node.kind == "a":
        node = type_of(node.item)
    return node


# The order in which Stripe lists the values of an enum in a message, where it is not the alphabet's.
_ORDERS = (
    ("none", "reverse", "exempt"),
    ("draft", "open", "void", "paid", "uncollectible"),
    ("include", "exclude"),
    ("allow_incomplete", "error_if_incomplete", "pending_if_incomplete", "default_incomplete"),
    (
        "active",
        "past_due",
        "unpaid",
        "canceled",
        "incomplete",
        "incomplete_expired",
        "trialing",
        "paused",
        "all",
        "ended",
    ),
)
_ORDERED = {frozenset(order): list(order) for order in _ORDERS}


def in_stripes_order(values: list[str]) -> list[str]:
    """Return the values of an enum in Stripe's order, or as they are where it is not known."""
    return _ORDERED.get(frozenset(values), values)
