"""Renamed tables and columns: which of the database's are which of a declaration's.

A rename leaves the name in the database as it is: the old version that still serves goes on using it, and the new one
maps its name to it. What is remembered of a table holds all names that its columns had, so every version of the project
finds its own. `finish` gives them their new names in the database, too, when no version needs the old ones any more.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

import sqlalchemy as sa

from payloom.tables.definition.schema import build_all, constraint_name, index_groups
from payloom.tables.definition.spec import ColumnSpec, TableSpec
from payloom.tables.migration.changes import Change

Names = Mapping[str, str]
N = TypeVar("N", TableSpec, ColumnSpec)


def counterparts(declared: Mapping[str, N], stored: Mapping[str, N]) -> dict[str, str]:
    """Return for each declared name the one that the database knows it by: the last applied version's name.

    It is the same one, or one that the declaration says it had (`was`), or one that the database knows it had.
    """
    pairs = {name: name for name in declared if name in stored}

    def add(fits: Callable[[N, N], bool]) -> None:
        for name, entry in declared.items():
            if name not in pairs:
                free = [other for key, other in stored.items() if key not in pairs.values() and fits(entry, other)]
                if free:
                    pairs[name] = free[0].name

    add(lambda entry, other: bool({other.name, *other.was} & {*entry.was}))
    add(lambda entry, other: entry.name in other.was)
    return pairs


def aligned(stored: Mapping[str, TableSpec], declared: Mapping[str, TableSpec]) -> dict[str, TableSpec]:
    """Return the tables of the database under the names of the declaration."""
    tables = {name: declared_name for declared_name, name in counterparts(declared, stored).items()}
    columns: dict[str, dict[str, str]] = {}
    for name, spec in stored.items():
        if name in tables:
            pairs = counterparts(declared[tables[name]].columns, spec.columns)
            columns[name] = {column: declared_column for declared_column, column in pairs.items()}
    return {
        tables.get(name, name): _table(spec, tables, columns, declared.get(tables.get(name, "")))
        for name, spec in stored.items()
    }


def _table(spec: TableSpec, tables: Names, columns: Mapping[str, Names], declared: TableSpec | None) -> TableSpec:
    own = columns.get(spec.name, {})
    in_use = declared.columns.keys() if declared is not None else ()

    def reference(target: tuple[str, str] | None) -> tuple[str, str] | None:
        if target is None:
            return None
        return tables.get(target[0], target[0]), columns.get(target[0], {}).get(target[1], target[1])

    def column(old: ColumnSpec) -> ColumnSpec:
        renamed = _renamed(old, own.get(old.name, old.name), in_use)
        return dataclasses.replace(renamed, references=reference(old.references))

    def groups(listed: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
        return tuple(tuple(own.get(name, name) for name in group) for group in listed)

    return dataclasses.replace(
        _renamed(spec, tables.get(spec.name, spec.name), tables.values()),
        columns={own.get(name, name): column(old) for name, old in spec.columns.items()},
        unique=groups(spec.unique),
        indexes=groups(spec.indexes),
    )


def _renamed(entry: N, name: str, in_use: Collection[str]) -> N:
    """Return the table or column under this name, with those it had: but for names that another one has now."""
    had = dict.fromkeys([*entry.was, entry.name])
    was = tuple(each for each in had if each != name and each not in in_use)
    return dataclasses.replace(entry, name=name, was=was, stored_as=entry.stored)


def resolve(declared: Mapping[str, TableSpec], stored: Mapping[str, TableSpec]) -> dict[str, TableSpec]:
    """Return the declared tables with the names that they and their columns have in the database."""
    known = aligned(stored, declared)
    return {name: located(spec, known.get(name)) for name, spec in declared.items()}


def located(spec: TableSpec, stored: TableSpec | None) -> TableSpec:
    """Return a declared table with the names in the database of the one that it is there."""
    if stored is None:
        return dataclasses.replace(spec, was=(), stored_as="")
    columns = {
        name: dataclasses.replace(column, was=there.was, stored_as=there.stored)
        if (there := stored.columns.get(name))
        else dataclasses.replace(column, was=(), stored_as="")
        for name, column in spec.columns.items()
    }
    return dataclasses.replace(spec, columns=columns, was=stored.was, stored_as=stored.stored)


def renames(stored: Mapping[str, TableSpec], known: Mapping[str, TableSpec]) -> list[Change]:
    """Return what is called otherwise in `known`, which is `stored` under the names of a declaration."""
    changes: list[Change] = []
    for old, new in zip(stored.values(), known.values(), strict=True):
        if old.name != new.name:
            changes.append(Change("rename_table", new.name, detail=f"was {old.name}"))
        changes += [
            Change("rename_column", new.name, (column.name,), detail=f"was {before}")
            for before, column in zip(old.columns, new.columns.values(), strict=True)
            if before != column.name
        ]
    return changes


def taken_names(after: Mapping[str, TableSpec]) -> list[str]:
    """Return a sentence for each name that two tables, or two columns of one, would have in the database."""
    sentences: list[str] = []
    for prefix, entries in [("", after), *((f"{name}.", spec.columns) for name, spec in after.items())]:
        owners: dict[str, str] = {}
        for name, entry in entries.items():
            other = owners.setdefault(entry.stored, name)
            if other != name:
                new, old = (name, other) if entry.stored == name else (other, name)
                sentences.append(f"{prefix}{new}: in the database the name is still that of {prefix}{old}")
    return sentences


def finish(tx: sa.Connection, specs: Mapping[str, TableSpec]) -> None:
    """Give tables and columns their names in the database, too, with what is named after them."""
    quote, postgres = tx.dialect.identifier_preparer.quote, tx.dialect.name == "postgresql"
    run = tx.exec_driver_sql
    built = build_all({name: finished(spec) for name, spec in specs.items()}, sa.MetaData())
    for name, spec in specs.items():
        new, table = finished(spec), quote(name)
        if spec.stored != name:
            run(f"ALTER TABLE {quote(spec.stored)} RENAME TO {table}")
        for column in spec.columns.values():
            if column.stored != column.name:
                run(f"ALTER TABLE {table} RENAME COLUMN {quote(column.stored)} TO {quote(column.name)}")
        for old, index in zip(index_groups(spec), index_groups(new), strict=True):
            if old != index and postgres:
                run(f"ALTER INDEX {quote(old)} RENAME TO {quote(index)}")
            elif old != index:
                run(f"DROP INDEX {quote(old)}")
                next(each for each in built[name].indexes if each.name == index).create(tx)
        for old, constraint in _constraints(spec, new) if postgres else ():
            run(f"ALTER TABLE {table} RENAME CONSTRAINT {quote(old)} TO {quote(constraint)}")


def _constraints(before: TableSpec, new: TableSpec) -> list[tuple[str, str]]:
    pairs = [(constraint_name("pk", before.stored), constraint_name("pk", new.stored))]
    pairs += [
        (constraint_name("fk", before.stored, column.stored), constraint_name("fk", new.stored, column.name))
        for column in before.columns.values()
        if column.references
    ]
    return [(old, name) for old, name in pairs if old != name]


def finished(spec: TableSpec) -> TableSpec:
    """Return the table with the names in the database that tables.yaml gives it."""
    columns = {name: dataclasses.replace(column, stored_as="") for name, column in spec.columns.items()}
    return dataclasses.replace(spec, columns=columns, stored_as="")
