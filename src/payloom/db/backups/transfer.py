"""Copies all rows of a SQLite database into the same tables of a Postgres database, in one transaction.

Values go as they are stored: what is sealed stays sealed. Only what SQLite's rows hold packed is unpacked.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from payloom.db.errors import BadBackup, DatabaseInUse
from payloom.db.migrate import VERSION_TABLE
from payloom.db.packing import unpack

_OWN_TO_EACH = frozenset({VERSION_TABLE, "payloom_tables"})
"""Tables that say how the database itself is made."""
_OF_USE = ("payloom_runs", "payloom_events", "payloom_accounts", "payloom_audit", "payloom_mails")
"""If all of these are empty, nobody has used the database: a copy that failed may have made its tables."""
_BATCH = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class _Pair:
    """A table of the source with that of the target. columns: in both. booleans, texts: those of this type."""

    name: str
    target: sa.Table
    columns: tuple[str, ...]
    booleans: frozenset[int]
    texts: frozenset[int]


def refuse_used(tx: sa.Connection) -> None:
    """Raise `DatabaseInUse` if the target has rows that somebody wrote."""
    inspector = sa.inspect(tx)
    for name in _OF_USE:
        if inspector.has_table(name) and tx.exec_driver_sql(f"SELECT EXISTS (SELECT 1 FROM {name})").scalar():  # noqa: S608 - a constant
            raise DatabaseInUse(
                f"the target database is in use: {name} has rows",
                hint="Copy into a new database. Nothing was changed.",
            )


def transfer(source_file: Path, target: sa.Engine) -> Mapping[str, int]:
    """Copy every row; return how many each table has. The target's tables must be there. Raises `BadBackup`."""
    source = sa.create_engine(f"sqlite:///{source_file}")
    try:
        with source.connect() as reading, target.begin() as writing:
            refuse_used(writing)
            pairs = _pairs(reading, writing)
            for pair in reversed(pairs):
                writing.execute(sa.delete(pair.target))
            rows = {pair.name: _copy(reading, writing, pair) for pair in pairs}
            _compare(reading, writing, pairs)
            return rows
    finally:
        source.dispose()


def _pairs(reading: sa.Connection, writing: sa.Connection) -> list[_Pair]:
    """Return the tables to copy, those first that others refer to. Raises `BadBackup` for rows without a place."""
    inspector = sa.inspect(reading)
    metadata = sa.MetaData()
    metadata.reflect(writing, schema="public")
    targets = {table.name: table for table in metadata.sorted_tables}
    names = [name for name in inspector.get_table_names() if name not in _OWN_TO_EACH]
    for name in names:
        columns = {column["name"] for column in inspector.get_columns(name)}
        there = {column.name for column in targets[name].columns} if name in targets else set[str]()
        if columns - there and reading.exec_driver_sql(f'SELECT EXISTS (SELECT 1 FROM "{name}")').scalar():  # noqa: S608 - a table that is there
            lost = name if name not in targets else ", ".join(f"{name}.{column}" for column in sorted(columns - there))
            raise BadBackup(
                f"the target has no place for {lost}: tables.yaml does not declare it",
                hint="Declare it, or delete it first: `payloom migrate --allow-drop NAME` with the SQLite database.",
            )
    pairs: list[_Pair] = []
    for table in metadata.sorted_tables:
        if table.name not in names:
            continue
        own = {column["name"] for column in inspector.get_columns(table.name)}
        columns = tuple(column.name for column in table.columns if column.name in own and column.computed is None)
        booleans = frozenset(at for at, name in enumerate(columns) if isinstance(table.c[name].type, sa.Boolean))
        texts = frozenset(at for at, name in enumerate(columns) if isinstance(table.c[name].type, sa.String))
        pairs.append(_Pair(table.name, table, columns, booleans, texts))
    return pairs


def _copy(reading: sa.Connection, writing: sa.Connection, pair: _Pair) -> int:
    quote: Callable[[str], str] = writing.dialect.identifier_preparer.quote_identifier
    names = ", ".join(map(quote, pair.columns))
    address = f"{quote(pair.target.schema or 'public')}.{quote(pair.name)}"
    marks = ", ".join(["%s"] * len(pair.columns))
    insert = f"INSERT INTO {address} ({names}) OVERRIDING SYSTEM VALUE VALUES ({marks})"  # noqa: S608 - names of tables that are there, quoted
    cursor = reading.exec_driver_sql(f"SELECT {names} FROM {quote(pair.name)}")  # noqa: S608 - as above
    count = 0
    while batch := cursor.fetchmany(_BATCH):
        values = [tuple(_value(pair, at, item) for at, item in enumerate(row)) for row in batch]
        writing.exec_driver_sql(insert, values)
        count += len(batch)
    _move_sequences(writing, pair, address)
    return count


def _value(pair: _Pair, at: int, value: Any) -> Any:
    if isinstance(value, bytes):
        return unpack(value) if at in pair.texts else value
    return bool(value) if at in pair.booleans and value is not None else value


def _move_sequences(writing: sa.Connection, pair: _Pair, address: str) -> None:
    """Have the numbers that Postgres gives go on after those that were copied."""
    for column in pair.target.columns:
        if not isinstance(column.type, sa.Integer):
            continue
        sequence = writing.execute(sa.select(sa.func.pg_get_serial_sequence(address, column.name))).scalar()
        if sequence is not None:
            last = writing.execute(sa.select(sa.func.max(column))).scalar()
            if last is not None:
                writing.execute(sa.select(sa.func.setval(sequence, last)))


def _compare(reading: sa.Connection, writing: sa.Connection, pairs: list[_Pair]) -> None:
    for pair in pairs:
        before = reading.exec_driver_sql(f'SELECT count(*) FROM "{pair.name}"').scalar()  # noqa: S608 - a table that is there
        after = writing.execute(sa.select(sa.func.count()).select_from(pair.target)).scalar()
        if before != after:
            raise BadBackup(f"{pair.name} has {after} rows in the target instead of {before}", hint="Run it again.")
