"""What a scenario begins with: rows, what Stripe holds and answers, the time, the environment."""

from __future__ import annotations

import dataclasses
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.kit.json_types import is_list, is_map
from payloom.sandbox.project import START
from payloom.tables.definition.spec import ColumnSpec, TableSpec
from payloom.tables.query.sql import Tables

_NAMESPACE = uuid.UUID("6a1f7f0e-3f0b-5f0a-8a53-1d1f6f2c9b11")
_CUSTOMER = re.compile(r"cus_\w+")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclasses.dataclass(frozen=True, slots=True)
class InitialState:
    """tables: rows by table. objects: what Stripe holds. answers: what calls answer. now: Unix seconds."""

    tables: Mapping[str, Sequence[Mapping[str, Any]]] = dataclasses.field(default_factory=dict[str, Any])
    objects: Sequence[Mapping[str, Any]] = ()
    answers: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    now: int = START
    env: Mapping[str, str] = dataclasses.field(default_factory=dict[str, Any])
    user: Mapping[str, Any] | None = None
    http: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    python: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])

    def customers_of_rows(self) -> list[str]:
        """Return the ids of the customers that rows name."""
        values = [value for rows in self.tables.values() for row in rows for value in row.values()]
        return [value for value in values if isinstance(value, str) and _CUSTOMER.fullmatch(value)]

    def fill(self, tx: sa.Connection, tables: Tables) -> None:
        """Write the rows: over a seed row of the same key, else as new ones with what they need filled in.

        Raises a TableError when a row does not fit.
        """
        for name, spec in tables.specs.items():
            for number, row in enumerate(self.tables.get(name, ()), 1):
                key = spec.primary
                where = {key: row[key]} if key in row else None
                if where and tables.select(tx, name, where=where):
                    rest = {column: value for column, value in row.items() if column != key}
                    if rest:
                        tables.update(tx, name, where=where, set=rest)
                    continue
                needed = {
                    column: _filler(column_spec, number)
                    for column, column_spec in spec.columns.items()
                    if column not in row and not column_spec.nullable and not column_spec.has_default
                }
                tables.insert(tx, name, values={**needed, **row})


def _filler(column: ColumnSpec, number: int) -> Any:
    if column.enum:
        return column.enum[0]
    fillers: Mapping[str, Any] = {
        "string": f"{column.name} {number}",
        "text": f"{column.name} {number}",
        "uuid": str(uuid.uuid5(_NAMESPACE, f"{column.name} {number}")),
        "int": 0,
        "bool": False,
        "number": 0.0,
        "json": [],
        "datetime": "2026-01-01T00:00:00Z",
        "date": "2026-01-01",
    }
    if column.name == "email":
        return f"person{number}@example.com"
    if column.name == "currency" and column.type == "string":
        return "usd"
    return fillers[column.type]


class ShortNames:
    """Short names for UUIDs: a case may say `o1` where a table wants a UUID, and everywhere else for the same thing."""

    def __init__(self, specs: Mapping[str, TableSpec], *listed: Mapping[str, Any] | None) -> None:
        """listed: `tables:` maps; what stands in their UUID columns and is none is a name."""
        self._ids: dict[str, str] = {}
        for tables in listed:
            for table, rows in (tables or {}).items():
                spec = specs.get(table)
                if spec is None or not is_list(rows):
                    continue
                columns = [name for name, column in spec.columns.items() if column.type == "uuid"]
                for row in rows:
                    for column in columns:
                        value = row.get(column) if is_map(row) else None
                        if isinstance(value, str) and value and not UUID.fullmatch(value) and "${{" not in value:
                            self._ids[value] = str(uuid.uuid5(_NAMESPACE, value))

    def full(self, value: Any) -> Any:
        """Return the value with names replaced by their UUIDs."""
        if isinstance(value, str):
            return self._ids.get(value, value)
        if is_map(value):
            return {key: self.full(item) for key, item in value.items()}
        return [self.full(item) for item in value] if is_list(value) else value

    def short(self) -> dict[str, str]:
        """Return name by UUID."""
        return {identity: name for name, identity in self._ids.items()}
