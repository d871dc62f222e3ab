"""A column's default as the database knows it.

Payloom fills defaults in itself. The database has them too, for those who insert without knowing the column: a server
of an older version beside a newer one, and other programs.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from payloom.tables.definition.spec import ColumnSpec

_POSTGRES = {
    "now": "now()",
    "today": "((now() AT TIME ZONE 'UTC')::date)",
    "uuid": "gen_random_uuid()",
}
_SQLITE = {
    "now": "strftime('%Y-%m-%d %H:%M:%f000', 'now')",
    "today": "date('now')",
    "uuid": (
        "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || "
        + "substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))"
    ),
}


class DatabaseDefault(sa.ColumnElement[Any]):
    """The expression of one column's DEFAULT, spelled for the database that it is compiled for."""

    inherit_cache = False

    def __init__(self, column: ColumnSpec) -> None:
        """`column` has a default that is not a counter."""
        assert column.default is not None
        self.kind = column.default.kind
        self.value = column.default.value
        self.json = column.type == "json"


def database_default(column: ColumnSpec) -> DatabaseDefault | None:
    """Return what stands after DEFAULT, or None: without a default, and for counters, which the database makes."""
    default = column.default
    if default is None or default.kind == "counter" or (default.kind == "value" and default.value is None):
        return None
    return DatabaseDefault(column)


@compiles(DatabaseDefault, "postgresql")
def _on_postgres(element: DatabaseDefault, compiler: Any, **_options: Any) -> str:
    return _POSTGRES.get(element.kind) or _literal(element, compiler, "true", "false")


@compiles(DatabaseDefault, "sqlite")
def _on_sqlite(element: DatabaseDefault, compiler: Any, **_options: Any) -> str:
    return _SQLITE.get(element.kind) or _literal(element, compiler, "1", "0")


def _literal(element: DatabaseDefault, compiler: Any, true: str, false: str) -> str:
    value = element.value
    if element.json:
        value = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    if isinstance(value, bool):
        return true if value else false
    if isinstance(value, int | float):
        return repr(value)
    return compiler.render_literal_value(value, sa.String())
