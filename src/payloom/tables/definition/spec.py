"""What tables.yaml says, as frozen data: tables, columns, defaults, seeds. No SQL and no YAML here."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any, Literal

ColumnType = Literal["uuid", "string", "text", "int", "bool", "number", "json", "datetime", "date"]
TYPES: tuple[ColumnType, ...] = ("uuid", "string", "text", "int", "bool", "number", "json", "datetime", "date")
MAX_NAME = 63
"""Postgres cuts longer names off."""


@dataclasses.dataclass(frozen=True, slots=True)
class Default:
    """A default: a fixed `value`, or made per row by `now()`, `today()`, `uuid()`, or counted by the database.

    in_database: whether the database has it, too. Tables that an earlier version of Payloom made lack it.
    """

    kind: Literal["value", "now", "today", "uuid", "counter"]
    value: Any = None
    in_database: bool = True

    def make(self, now: dt.datetime) -> Any:
        """Return the value for one new row."""
        if self.kind == "now":
            return now
        if self.kind == "today":
            return now.date()
        if self.kind == "uuid":
            return str(uuid.uuid4())
        return self.value


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column. `enum`: the allowed strings. `references`: `(table, column)`. `line`, `column`: its place, from 1.

    was: names that it had before. stored_as: its name in the database, if that is another one.
    """

    name: str
    type: ColumnType
    nullable: bool = False
    primary: bool = False
    unique: bool = False
    default: Default | None = None
    enum: tuple[str, ...] | None = None
    references: tuple[str, str] | None = None
    was: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    stored_as: str = dataclasses.field(default="", compare=False)
    line: int = dataclasses.field(default=0, compare=False)
    column: int = dataclasses.field(default=0, compare=False)

    @property
    def stored(self) -> str:
        """The column's name in the database."""
        return self.stored_as or self.name

    @property
    def has_default(self) -> bool:
        """Whether an insert may leave the column out without it being empty."""
        return self.default is not None


@dataclasses.dataclass(frozen=True, slots=True)
class TableSpec:
    """One table. `unique`, `indexes`: groups of columns. `seed`: rows, checked but not normalized.

    was: names that it had before. stored_as: its name in the database, if that is another one.
    """

    name: str
    columns: Mapping[str, ColumnSpec]
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    seed: tuple[Mapping[str, Any], ...] = ()
    was: tuple[str, ...] = dataclasses.field(default=(), compare=False)
    stored_as: str = dataclasses.field(default="", compare=False)
    line: int = dataclasses.field(default=0, compare=False)

    @property
    def stored(self) -> str:
        """The table's name in the database."""
        return self.stored_as or self.name

    @property
    def primary(self) -> str:
        """The name of the primary column; there is always exactly one."""
        return next(name for name, column in self.columns.items() if column.primary)

    def unique_groups(self) -> list[tuple[str, ...]]:
        """Every group of columns whose values together name at most one row; the primary column first."""
        singles = [(name,) for name, column in self.columns.items() if column.unique and not column.primary]
        return [(self.primary,), *singles, *self.unique]


def describe(spec: TableSpec) -> dict[str, Any]:
    """Return the JSON form stored beside the tables; `restore` reads it back. Seeds are left out."""
    columns: list[dict[str, Any]] = []
    for column in spec.columns.values():
        entry: dict[str, Any] = {"name": column.name, "type": column.type}
        entry.update({flag: True for flag in ("nullable", "primary", "unique") if getattr(column, flag)})
        if column.default:
            entry["default"] = dataclasses.asdict(column.default)
        if column.enum:
            entry["enum"] = list(column.enum)
        if column.references:
            entry["references"] = list(column.references)
        columns.append(entry | _names(column))
    return {
        "name": spec.name,
        **_names(spec),
        "columns": columns,
        "unique": [list(group) for group in spec.unique],
        "indexes": [list(group) for group in spec.indexes],
    }


def _names(named: ColumnSpec | TableSpec) -> dict[str, Any]:
    """Return the other names of a table or column, if it has any."""
    return ({"was": list(named.was)} if named.was else {}) | (
        {"stored_as": named.stored_as} if named.stored != named.name else {}
    )


def _restore_default(data: Mapping[str, Any]) -> Default:
    return Default(data["kind"], data["value"], data.get("in_database", data["kind"] == "counter"))


def restore(data: Mapping[str, Any]) -> TableSpec:
    """Return the spec that `describe` wrote."""
    columns: dict[str, ColumnSpec] = {}
    for entry in data["columns"]:
        default = entry.get("default")
        columns[entry["name"]] = ColumnSpec(
            name=entry["name"],
            type=entry["type"],
            nullable=entry.get("nullable", False),
            primary=entry.get("primary", False),
            unique=entry.get("unique", False),
            default=_restore_default(default) if default else None,
            enum=tuple(entry["enum"]) if "enum" in entry else None,
            references=(entry["references"][0], entry["references"][1]) if "references" in entry else None,
            was=tuple(entry.get("was", ())),
            stored_as=entry.get("stored_as", ""),
        )
    return TableSpec(
        name=data["name"],
        columns=columns,
        unique=tuple(tuple(group) for group in data["unique"]),
        indexes=tuple(tuple(group) for group in data["indexes"]),
        was=tuple(data.get("was", ())),
        stored_as=data.get("stored_as", ""),
    )
