"""Columns and tables of the database that tables.yaml does not declare stay where rows can be inserted without them.

So an older version of a project can run beside a newer one, and start again after the newer one's migration. They go
when somebody allows that by name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from payloom.tables.definition.spec import ColumnSpec, TableSpec
from payloom.tables.migration.last_applied import LastApplied
from payloom.tables.migration.renames import counterparts, located


def left_alone(before: LastApplied, declared: Mapping[str, TableSpec]) -> dict[str, str]:
    """Return the declared tables that stay as they are, and what each is called there.

    They are declared so by an older version of the project that can use them as they are.
    """
    return {
        name: there
        for name, there in counterparts(declared, before.specs).items()
        if before.is_earlier(declared[name], there) and _usable(before.specs[there], declared[name])
    }


def target_tables(
    known: Mapping[str, TableSpec],
    declared: Mapping[str, TableSpec],
    allow_drop: Collection[str],
) -> dict[str, TableSpec]:
    """Return the tables as they are to stand after the migration: the declared ones, and what stays undeclared.

    known: those that there are, under the names of the declaration.
    """
    target = {name: spec for name, spec in known.items() if name not in declared and name not in allow_drop}
    for name, spec in declared.items():
        stored = known.get(name)
        new = located(spec, stored)
        target[name] = new if stored is None else _with_undeclared(stored, new, allow_drop)
    return target


def can_stay(table: TableSpec, column: ColumnSpec) -> bool:
    """Whether rows can be inserted, one after another, by somebody who does not know the column."""
    default = column.default
    if column.primary or (default is None and not column.nullable):
        return False
    if default is not None and not default.in_database:
        return column.nullable
    alone = (column.name,) in table.unique_groups()
    return not alone or default is None or default.kind in ("uuid", "counter")


def _usable(stored: TableSpec, declared: TableSpec) -> bool:
    """Whether a version that declares the table so can read and write it as it is stored."""
    pairs = counterparts(declared.columns, stored.columns)
    for name, column in declared.columns.items():
        there = stored.columns.get(pairs.get(name, ""))
        if there is None or there.type != column.type or there.primary != column.primary:
            return False
        if column.nullable and not there.nullable:
            return False
    return all(can_stay(stored, column) for name, column in stored.columns.items() if name not in pairs.values())


def _with_undeclared(stored: TableSpec, declared: TableSpec, allow_drop: Collection[str]) -> TableSpec:
    staying = {
        name: column
        for name, column in stored.columns.items()
        if name not in declared.columns and f"{declared.name}.{name}" not in allow_drop and can_stay(stored, column)
    }
    if not staying:
        return declared
    columns = {**declared.columns, **staying}

    def groups(of_stored: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
        return [group for group in of_stored if staying.keys() & {*group} and {*group} <= columns.keys()]

    return dataclasses.replace(
        declared,
        columns=columns,
        unique=(*declared.unique, *groups(stored.unique)),
        indexes=(*declared.indexes, *groups(stored.indexes)),
    )
