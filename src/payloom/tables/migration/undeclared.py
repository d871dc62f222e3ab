"""Columns and tables of the database that tables.yaml does not declare stay where rows can be inserted without them.

So an older version of a project can run beside a newer one, and start again after the newer one's migration. They go
when somebody allows that by name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from payloom.tables.definition.spec import ColumnSpec, TableSpec
from payloom.tables.migration.last_applied import LastApplied


def target_tables(
    before: LastApplied,
    declared: Mapping[str, TableSpec],
    allow_drop: Collection[str],
    *,
    keep_newer: bool,
) -> dict[str, TableSpec]:
    """Return the tables as they are to stand after the migration: the declared ones, and what stays undeclared.

    keep_newer: a table whose declaration is an earlier one than the last applied stays as it is, if it can be used so.
    """
    target = {name: spec for name, spec in before.specs.items() if name not in declared and name not in allow_drop}
    for name, spec in declared.items():
        stored = before.specs.get(name)
        if stored is None:
            target[name] = spec
        elif keep_newer and before.is_earlier(spec) and _usable(stored, spec):
            target[name] = stored
        else:
            target[name] = _with_undeclared(stored, spec, allow_drop)
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
    for name, column in declared.columns.items():
        there = stored.columns.get(name)
        if there is None or there.type != column.type or there.primary != column.primary:
            return False
        if column.nullable and not there.nullable:
            return False
    return all(can_stay(stored, column) for name, column in stored.columns.items() if name not in declared.columns)


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
