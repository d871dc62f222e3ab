"""Does table steps inside the driver's transaction (`TableHost`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import StepFailed, TableHost
from payloom.tables.definition.spec import TableSpec
from payloom.tables.errors import VerbFailed
from payloom.tables.migration.last_applied import applied_at, read_last_applied
from payloom.tables.migration.renames import resolve
from payloom.tables.query.sql import Tables
from payloom.workflows.program.commands import StepFailure

_OTHERS = 20
"""Declarations whose tables are kept built."""


class TablesHost:
    """The table verbs on one project's tables."""

    def __init__(self, tables: Tables) -> None:
        """`tables` must have been migrated before the first step."""
        self.tables = tables
        self._others: dict[tuple[Any, ...], TablesHost] = {}

    def perform(self, tx: sa.Connection, verb: str, table: str, args: Mapping[str, Any]) -> Any:
        """Do one verb and return its value; raises `StepFailed` with the verb's own kind, e.g. `row_not_found`."""
        try:
            return self.tables.perform(tx, verb, table, args)
        except VerbFailed as failed:
            failure = StepFailure(
                kind=failed.code,
                message=failed.message,
                status=failed.status,
                hint=failed.hint,
                data=failed.data,
            )
            raise StepFailed(failure) from failed

    def declared_as(self, tx: sa.Connection, declared: Mapping[str, TableSpec]) -> TablesHost:
        """Return the host of the same tables as an older or newer version of the project declares them."""
        key = (id(declared), applied_at(tx))
        host = self._others.get(key)
        if host is None:
            if len(self._others) >= _OTHERS:
                self._others.clear()
            located = resolve(declared, read_last_applied(tx).specs)
            host = self._others[key] = TablesHost(self.tables.declared_as(located))
        return host

    def name_in_database(self, table: str) -> str:
        """Return what the database calls a table; the name itself if there is no such table."""
        spec = self.tables.specs.get(table)
        return spec.stored if spec is not None else table

    def adopt(
        self, tx: sa.Connection, other: TableHost, table: str, rows: Sequence[Mapping[str, Any] | None], *, there: bool
    ) -> tuple[str, list[Mapping[str, Any] | None]]:
        """Return a table of `other`, and one row of it at different times, under this declaration's names."""
        stored = other.name_in_database(table)
        spec = next((spec for spec in self.tables.specs.values() if spec.stored == stored), None)
        if spec is None or not isinstance(other, TablesHost):
            return table, list(rows)
        names = {column.stored: name for name, column in spec.columns.items()}
        columns = other.tables.specs[table].columns.items()
        pairs = [(name, names[column.stored]) for name, column in columns if column.stored in names]
        adopted = [row and {own: row[name] for name, own in pairs if name in row} for row in rows]
        rest: Mapping[str, Any] = dict.fromkeys(spec.columns)
        key = next((row[spec.primary] for row in adopted if row), None)
        if there and key is not None:
            rest = self.tables.select(tx, spec.name, where={spec.primary: key}, one="optional") or rest
        return spec.name, [row and {**rest, **row} for row in adopted]
