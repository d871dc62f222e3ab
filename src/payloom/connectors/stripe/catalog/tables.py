"""Stripe's resources as tables that can only be read: `stripe.products`, and `stripe.products.search`.

A list view takes the filters of Stripe's list call and its cursors, a search view the fields Stripe can search by
(answers are up to a minute late). What each takes is read from the SDK's types, so that a file is checked before it
runs. A resource that is mirrored (`mirror`) can be read by any of its columns.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from payloom.connectors.stripe.catalog import events, operations
from payloom.connectors.stripe.catalog.schemas import Schema
from payloom.kit.json_types import is_sequence
from payloom.tables.definition.spec import ColumnSpec, ColumnType, TableSpec
from payloom.workflows.catalog.catalog import STRIPE_TABLES, Column, TableShape

View = Literal["list", "search"]

FAMILIES: Mapping[str, str] = {
    "customers": "customer",
    "invoices": "invoice",
    "payment_intents": "payment_intent",
    "prices": "price",
    "products": "product",
    "subscriptions": "customer.subscription",
}
"""The resources that are tables, by their name in the SDK, and the family whose events tell of their changes."""
RESOURCES: tuple[str, ...] = tuple(FAMILIES)
CURSORS = frozenset({"starting_after", "ending_before"})
_PAGING = frozenset({"limit", "expand", "all"})
_NUMBERS: Schema = {"type": "integer", "format": "unix-time"}
_TEXT: Schema = {"type": "string"}
_FLAG: Schema = {"type": "boolean"}
_MAP: Schema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_AMOUNT: Schema = {"type": "integer"}
_SEARCHED: Mapping[str, Mapping[str, Schema]] = {
    "customers": {"created": _NUMBERS, "email": _TEXT, "metadata": _MAP, "name": _TEXT, "phone": _TEXT},
    "invoices": {
        "created": _NUMBERS, "currency": _TEXT, "customer": _TEXT, "last_finalization_error_code": _TEXT,
        "last_finalization_error_type": _TEXT, "metadata": _MAP, "number": _TEXT, "receipt_number": _TEXT,
        "status": _TEXT, "subscription": _TEXT, "total": _AMOUNT,
    },
    "payment_intents": {
        "amount": _AMOUNT, "created": _NUMBERS, "currency": _TEXT, "customer": _TEXT, "metadata": _MAP, "status": _TEXT,
    },
    "prices": {
        "active": _FLAG, "currency": _TEXT, "lookup_key": _TEXT, "metadata": _MAP, "product": _TEXT, "type": _TEXT,
    },
    "products": {
        "active": _FLAG, "description": _TEXT, "metadata": _MAP, "name": _TEXT, "shippable": _FLAG, "url": _TEXT,
    },
    "subscriptions": {"canceled_at": _NUMBERS, "created": _NUMBERS, "metadata": _MAP, "status": _TEXT},
}  # fmt: skip
"""What Stripe's search knows of each resource (docs.stripe.com/search); the SDK's types do not say."""
_COLUMN_TYPES: Mapping[str, ColumnType] = {
    "string": "text", "integer": "int", "boolean": "bool", "number": "number",
}  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class StripeTable:
    """One view of one resource. filters: what `where` takes, as JSON Schema; ranges: those that take `{gte: …}`."""

    name: str
    resource: str
    view: View
    row: Schema
    filters: Mapping[str, Schema]
    ranges: frozenset[str]
    spec: TableSpec

    def shape(self, *, mirrored: bool = False) -> TableShape:
        """Return it as the language sees it. mirrored: it is kept here, so any column may be compared and sorted by."""
        columns = {
            name: Column(name, column.type, nullable=column.nullable) for name, column in self.spec.columns.items()
        }
        open_to_all = mirrored and self.view == "list"
        return TableShape(
            self.name, columns, row=self.row, read_only=True, filters=self.filters, ranges=self.ranges,
            any_column=open_to_all, hint=None if open_to_all else self._elsewhere(),
        )  # fmt: skip

    def _elsewhere(self) -> str:
        if self.view == "search":
            return f"search knows {', '.join(sorted(self.filters))}"
        searched = ", ".join(sorted(_SEARCHED[self.resource].keys() - self.filters.keys()))
        return f"`{self.name}.search` knows {searched} too; with `stripe: mirror: [{self.resource}]` any column"


def names() -> Sequence[str]:
    """Return the names of all views, sorted."""
    return [f"{STRIPE_TABLES}{resource}{view}" for resource in RESOURCES for view in ("", ".search")]


@functools.cache
def find(name: str) -> StripeTable | None:
    """Return a view by its name: `stripe.prices`, `stripe.prices.search`; None for unknown ones."""
    if name not in names():
        return None
    resource, _, searching = name.removeprefix(STRIPE_TABLES).partition(".")
    family = events.family(FAMILIES[resource])
    assert family is not None and family.object_schema is not None  # noqa: PT018 - one fact
    row = family.object_schema
    spec = TableSpec(name, {key: _column(key, row["properties"][key]) for key in row["properties"]})
    if searching:
        fields = {**_SEARCHED[resource], "query": _TEXT}
        ranges = frozenset(key for key, schema in fields.items() if schema.get("type") == "integer")
        return StripeTable(name, resource, "search", row, MappingProxyType(fields), ranges, spec)
    listing = operations.find(f"{resource}.list")
    assert listing is not None
    known = listing.params()["properties"]
    filters: dict[str, Schema] = {"id": _TEXT, **{key: known[key] for key in known if key not in _PAGING}}
    ranges = frozenset(key for key, schema in filters.items() if _is_range(schema))
    return StripeTable(name, resource, "list", row, MappingProxyType(filters), ranges, spec)


def _is_range(schema: Schema) -> bool:
    return any("gte" in variant.get("properties", ()) for variant in schema.get("anyOf", ()))


def _column(name: str, schema: Schema) -> ColumnSpec:
    parts = schema.get("anyOf") or [schema]
    kinds = [kind for part in parts for kind in _kinds(part)]
    present = {kind for kind in kinds if kind != "null"}
    kind = _COLUMN_TYPES.get(next(iter(present)), "json") if len(present) == 1 else "json"
    return ColumnSpec(name, kind, nullable="null" in kinds, primary=name == "id")


def _kinds(schema: Schema) -> list[str]:
    kind = schema.get("type")
    return list(kind) if is_sequence(kind) else [kind] if isinstance(kind, str) else []
