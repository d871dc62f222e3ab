"""What differs between the tables as they were last applied and as they are declared now. Pure: no database here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

from payloom.tables.definition.schema import index_groups
from payloom.tables.definition.spec import ColumnSpec, TableSpec

Kind = Literal[
    "create_table",
    "drop_table",
    "rename_table",
    "rename_column",
    "add_column",
    "drop_column",
    "change_type",
    "change_primary",
    "allow_null",
    "forbid_null",
    "change_values",
    "change_default",
    "add_reference",
    "drop_reference",
    "add_index",
    "drop_index",
]
# Every stored value survives these; any other change of type needs the column's values to be given up.
KEEPING = frozenset(
    {("string", "text"), ("text", "string"), ("uuid", "string"), ("uuid", "text"), ("date", "string"), ("date", "text")}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One difference. `columns`: the columns it is about; `unique`: for indexes."""

    kind: Kind
    table: str
    columns: tuple[str, ...] = ()
    index: str = ""
    unique: bool = False
    detail: str = ""

    @property
    def target(self) -> str:
        """`orders.coupon` or `orders`: what a flag that allows the change names."""
        return ".".join((self.table, *self.columns[:1]))

    def __str__(self) -> str:
        names = f"{self.table} ({', '.join(self.columns)})" if self.index else self.target
        words = self.kind.replace("_", " ") if not self.unique else f"{self.kind.removesuffix('_index')} unique index"
        return f"{words} {names}" + (f": {self.detail}" if self.detail else "")


def compare(before: Mapping[str, TableSpec], after: Mapping[str, TableSpec]) -> list[Change]:
    """Return the changes that lead from `before` to `after`, in an order in which they can be made."""
    changes: list[Change] = []
    for name, spec in after.items():
        if name in before:
            changes += _table(before[name], spec)
        else:
            changes.append(Change("create_table", name))
    # Tables that refer to others go first.
    dropped = [name for name in reversed(list(before)) if name not in after]
    return [*changes, *(Change("drop_table", name) for name in dropped)]


def _table(old: TableSpec, new: TableSpec) -> list[Change]:
    name = new.name
    if old.primary != new.primary or old.columns[old.primary].type != new.columns[new.primary].type:
        was, now = old.columns[old.primary], new.columns[new.primary]
        return [Change("change_primary", name, (new.primary,), detail=f"{was.name} {was.type} → {now.name} {now.type}")]
    indexes, new_indexes = index_groups(old), index_groups(new)
    changes = [
        Change("drop_index", name, columns, index=index, unique=unique)
        for index, (columns, unique) in indexes.items()
        if new_indexes.get(index) != (columns, unique)
    ]
    changes += [
        Change("add_column", name, (column,), detail=_type(new.columns[column]))
        for column in new.columns
        if column not in old.columns
    ]
    for column in new.columns:
        if column in old.columns:
            changes += _column(name, old.columns[column], new.columns[column])
    changes += [Change("drop_column", name, (column,)) for column in old.columns if column not in new.columns]
    changes += [
        Change("add_index", name, columns, index=index, unique=unique)
        for index, (columns, unique) in new_indexes.items()
        if indexes.get(index) != (columns, unique)
    ]
    return changes


def _type(column: ColumnSpec) -> str:
    return " | ".join(column.enum) if column.enum else column.type


def _column(table: str, old: ColumnSpec, new: ColumnSpec) -> list[Change]:
    def change(kind: Kind, detail: str = "") -> Change:
        return Change(kind, table, (new.name,), detail=detail)

    changes: list[Change] = []
    if old.references and old.references != new.references:
        changes.append(change("drop_reference", ".".join(old.references)))
    if old.type != new.type:
        changes.append(change("change_type", f"{_type(old)} → {_type(new)}"))
    if old.enum != new.enum:
        changes.append(change("change_values", f"{_type(old)} → {_type(new)}"))
    if old.nullable and not new.nullable:
        changes.append(change("forbid_null"))
    if new.nullable and not old.nullable:
        changes.append(change("allow_null"))
    if old.default != new.default:
        changes.append(change("change_default"))
    if new.references and old.references != new.references:
        changes.append(change("add_reference", ".".join(new.references)))
    return changes
