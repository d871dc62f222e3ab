"""Alters one table: columns are added and filled; the rest Postgres alters in place, and SQLite copies the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.schema import CreateColumn

from payloom.tables.definition.database_defaults import database_default
from payloom.tables.definition.schema import STORED, constraint_name
from payloom.tables.definition.spec import ColumnSpec, TableSpec
from payloom.tables.migration.changes import KEEPING, Change

_COPY = "payloom_copy"
_OLD = "payloom_old_"
_COPYING = (
    "change_type",
    "drop_column",
    "forbid_null",
    "allow_null",
    "change_default",
    "add_reference",
    "drop_reference",
)
"""What SQLite cannot do to a table in place."""


class Alteration:
    """The changes to one table, already checked to lose nothing that was not given up."""

    def __init__(
        self,
        tx: sa.Connection,
        before: TableSpec,
        after: TableSpec,
        *,
        tables: Mapping[str, sa.Table],
        changes: list[Change],
        now: dt.datetime,
    ) -> None:
        """`tables`: all as declared now, by name; `now` fills new columns that default to it."""
        self._tx = tx
        self._before = before
        self._after = after
        self._tables = tables
        self._table = tables[after.name]
        self._name = after.stored
        self._changes = changes
        self._now = now
        self._sqlite = tx.dialect.name == "sqlite"
        self._op = Operations(MigrationContext.configure(tx))
        self._quote = tx.dialect.identifier_preparer.quote

    def run(self) -> None:
        """Make the changes."""
        coming = {change.index for change in self._of("add_index")}
        emptied = {name for name in self._columns("change_type") if not self._keeps(name)}
        for change in self._of("drop_index"):
            self._op.drop_index(change.index, self._name)
        for name in emptied:
            # SQLite leaves the old values behind when it copies the table.
            if self._sqlite:
                self._op.alter_column(self._name, self._stored(name), new_column_name=f"{_OLD}{name}")
            else:
                self._op.drop_column(self._name, self._stored(name))
        for name in [*self._columns("add_column"), *emptied]:
            self._add(self._after.columns[name])
        lost = emptied
        if not self._sqlite:
            self._alter(emptied)
        elif self._needs_copy():
            self._copy()
            lost = set(self._after.columns)
        for index in sorted(self._table.indexes, key=lambda index: str(index.name)):
            if index.name in coming or lost & {column.key for column in index.columns}:
                index.create(self._tx)

    def _of(self, *kinds: str) -> list[Change]:
        return [change for change in self._changes if change.kind in kinds]

    def _columns(self, *kinds: str) -> list[str]:
        return [change.columns[0] for change in self._of(*kinds)]

    def _stored(self, name: str) -> str:
        """Return a column's name in the database."""
        return (self._after.columns.get(name) or self._before.columns[name]).stored

    def _keeps(self, name: str) -> bool:
        return (self._before.columns[name].type, self._after.columns[name].type) in KEEPING

    def _add(self, column: ColumnSpec) -> None:
        """Add the column as one that may be empty, without its rules, and fill it with its default."""
        bare = sa.Column(column.stored, STORED[column.type], nullable=True)
        definition = str(CreateColumn(bare).compile(dialect=self._tx.dialect))
        self._tx.exec_driver_sql(f"ALTER TABLE {self._quote(self._name)} ADD COLUMN {definition}")
        self._fill(column)

    def _fill(self, column: ColumnSpec) -> None:
        default = column.default
        if default is None or default.kind == "counter":
            return
        # The database makes another uuid for each row.
        value = database_default(column) if default.kind == "uuid" else default.make(self._now)
        self._tx.execute(sa.update(self._table).values({column.name: value}))

    def _alter(self, emptied: set[str]) -> None:
        name = self._name
        fresh = {*self._columns("add_column"), *emptied}
        for column in self._columns("drop_reference"):
            self._op.drop_constraint(constraint_name("fk", name, self._stored(column)), name, type_="foreignkey")
        for column in self._columns("change_type"):
            if column not in emptied:
                if database_default(self._before.columns[column]) is not None:
                    self._op.alter_column(name, self._stored(column), server_default=None)
                using = f"{self._quote(self._stored(column))}::text"
                stored = STORED[self._after.columns[column].type]
                self._op.alter_column(name, self._stored(column), type_=stored, postgresql_using=using)
        for column in self._columns("drop_column"):
            self._op.drop_column(name, self._stored(column))
        for column, spec in self._after.columns.items():
            if (column in fresh or self._before.columns[column].nullable) != spec.nullable:
                self._op.alter_column(name, spec.stored, nullable=spec.nullable)
            self._alter_default(spec, fresh=column in fresh)
            if spec.references and (column in fresh or self._before.columns[column].references != spec.references):
                self._add_reference(spec, *spec.references)

    def _add_reference(self, column: ColumnSpec, table: str, field: str) -> None:
        target = self._tables[table]
        constraint = constraint_name("fk", self._name, column.stored)
        self._op.create_foreign_key(constraint, self._name, target.name, [column.stored], [target.c[field].name])

    def _alter_default(self, column: ColumnSpec, *, fresh: bool) -> None:
        counted = column.default is not None and column.default.kind == "counter"
        default = database_default(column)
        changed = column.name in self._columns("change_default", "change_type")
        if not counted and (changed or (fresh and default is not None)):
            self._op.alter_column(self._name, column.stored, server_default=default)

    def _needs_copy(self) -> bool:
        added = (self._after.columns[name] for name in self._columns("add_column"))
        ruled = any(not column.nullable or column.references or column.default for column in added)
        return ruled or bool(self._of(*_COPYING))

    def _copy(self) -> None:
        """Copy the rows into a table with the new rules and put it in the old one's place."""
        metadata = self._table.metadata
        copy = self._table.to_metadata(metadata, name=_COPY)
        copy.indexes.clear()
        copy.create(self._tx)
        metadata.remove(copy)
        names = ", ".join(self._quote(column.stored) for column in self._after.columns.values())
        old = self._quote(self._name)
        run = self._tx.exec_driver_sql
        run(f"INSERT INTO {_COPY} ({names}) SELECT {names} FROM {old}")  # noqa: S608 - quoted names from the spec
        if run("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").first():
            # A number that was assigned once is not assigned again. Without counters SQLite has no such table.
            highest = "SELECT max(seq) FROM sqlite_sequence WHERE name IN (?, ?)"
            run(f"UPDATE sqlite_sequence SET seq = ({highest}) WHERE name = ?", (_COPY, self._name, _COPY))  # noqa: S608 - a number of ours
        run(f"DROP TABLE {old}")
        run(f"ALTER TABLE {_COPY} RENAME TO {old}")
