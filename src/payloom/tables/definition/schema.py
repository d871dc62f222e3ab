"""From specs to SQLAlchemy tables: how each column type is stored in SQLite and in Postgres.

The user's tables live in a MetaData of their own, apart from Payloom's. Unique groups are unique indexes, so that they
can be added later on both databases without rewriting the table.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from payloom.db.types import UtcDateTime
from payloom.tables.definition.database_defaults import database_default
from payloom.tables.definition.spec import MAX_NAME, ColumnSpec, TableSpec


class _Stored(TypeDecorator[Any]):
    """One type per database: `native` on Postgres, `portable` (text) on SQLite."""

    impl = sa.Text
    cache_ok = True
    native: TypeEngine[Any]
    portable: TypeEngine[Any] = sa.Text()

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(self.native if dialect.name == "postgresql" else self.portable)


class UuidText(_Stored):
    """A UUID as its canonical lower-case text; Postgres' own type there."""

    cache_ok = True
    native = postgresql.UUID(as_uuid=False)
    portable = sa.CHAR(36)


class DateText(_Stored):
    """A date; read as `2026-01-31`, since the language has no date type."""

    cache_ok = True
    native = sa.DATE()

    def process_bind_param(self, value: dt.date | None, dialect: Dialect) -> Any:
        """Store the date: as it is in Postgres, as ISO text in SQLite."""
        return value if value is None or dialect.name == "postgresql" else value.isoformat()

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Read the date as ISO text from either database."""
        return value.isoformat() if isinstance(value, dt.date) else value


class JsonValue(_Stored):
    """A JSON value; null is SQL's NULL. JSONB on Postgres, text on SQLite."""

    cache_ok = True
    native = postgresql.JSONB(none_as_null=True)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Store the value: as it is in Postgres, as JSON text in SQLite. NaN and infinity raise ValueError."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Read the value; SQLite's JSON text is parsed."""
        return value if value is None or dialect.name == "postgresql" else json.loads(value)


STORED: Mapping[str, TypeEngine[Any]] = {
    "uuid": UuidText(),
    "string": sa.String(),
    "text": sa.Text(),
    "int": sa.BigInteger(),
    "bool": sa.Boolean(),
    "number": sa.Double(),
    "json": JsonValue(),
    "datetime": UtcDateTime(),
    "date": DateText(),
}
# SQLite counts only columns declared INTEGER.
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def constraint_name(prefix: str, table: str, *columns: str) -> str:
    """Return `uq_users_email`, shortened with a hash where Postgres would cut it."""
    name = "_".join((prefix, table, *columns))
    if len(name) <= MAX_NAME:
        return name
    return f"{name[: MAX_NAME - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def build_column(table: TableSpec, column: ColumnSpec, stored_names: Mapping[str, str]) -> sa.Column[Any]:
    """Return the SQLAlchemy column. Payloom fills in defaults; the database has them for older versions."""
    counted = column.default is not None and column.default.kind == "counter"
    parts: list[Any] = []
    if column.references:
        target, field = column.references
        name = constraint_name("fk", table.stored, column.stored)
        parts.append(sa.ForeignKey(f"{stored_names.get(target, target)}.{field}", name=name))
    return sa.Column(
        column.stored,
        COUNTER if counted else STORED[column.type],
        *parts,
        key=column.name,
        nullable=column.nullable,
        primary_key=column.primary,
        autoincrement=counted,
        server_default=database_default(column),
    )


def build_table(metadata: sa.MetaData, spec: TableSpec, stored_names: Mapping[str, str]) -> sa.Table:
    """Return the SQLAlchemy table of a spec, indexes included: unique groups, declared ones, and one per reference.

    Its columns have the keys that tables.yaml gives them, and the names that they have in the database.
    stored_names: those of the tables that it refers to, by their names in tables.yaml.
    """
    table = sa.Table(
        spec.stored,
        metadata,
        *(build_column(spec, column, stored_names) for column in spec.columns.values()),
        sqlite_autoincrement=True,
    )
    table.primary_key.name = constraint_name("pk", spec.stored)
    for name, (columns, unique) in index_groups(spec).items():
        sa.Index(name, *(table.c[column] for column in columns), unique=unique)
    return table


def index_groups(spec: TableSpec) -> dict[str, tuple[tuple[str, ...], bool]]:
    """Return every index the spec asks for beside the primary key: name to (columns, unique)."""

    def name_of(prefix: str, group: tuple[str, ...]) -> str:
        return constraint_name(prefix, spec.stored, *(spec.columns[name].stored for name in group))

    names = {name_of("uq", group): (group, True) for group in spec.unique_groups()[1:]}
    covered = {group[0] for group in (*spec.unique_groups(), *spec.indexes)}
    references = [(name,) for name, column in spec.columns.items() if column.references and name not in covered]
    names.update({name_of("ix", group): (group, False) for group in (*spec.indexes, *references)})
    return names


def build_all(specs: Mapping[str, TableSpec], metadata: sa.MetaData) -> dict[str, sa.Table]:
    """Build every table, in the order of the file, and return them by their names there."""
    stored_names = {name: spec.stored for name, spec in specs.items()}
    return {name: build_table(metadata, spec, stored_names) for name, spec in specs.items()}
