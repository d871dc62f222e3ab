"""JSON Schemas of what the catalog holds: a column's values, a table's rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.workflows.catalog.catalog import Column, Schema, TableShape

TEXT: Schema = {"type": "string"}
_COLUMN: Mapping[str, Schema] = {
    "uuid": TEXT,
    "string": TEXT,
    "text": TEXT,
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "number": {"type": ["integer", "number"]},
    "json": {},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
}


def closed(properties: Mapping[str, Any]) -> Schema:
    """Return the schema of an object with these fields and no others."""
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def or_null(schema: Schema | None) -> Schema | None:
    """Return a schema that null fits as well."""
    return None if schema is None else {"anyOf": [schema, {"type": "null"}]}


def column_schema(column: Column) -> Schema:
    """Return the schema of a column's values, null not included."""
    schema = _COLUMN.get(column.type, {})
    return {**schema, "enum": list(column.enum)} if column.enum else schema


def _read(column: Column) -> Schema:
    schema = column_schema(column)
    return {**schema, "x-type": "timestamp"} if column.type == "datetime" else schema


def row_schema(table: TableShape | None) -> Schema | None:
    """Return the schema of a table's rows."""
    if table is None:
        return None
    if table.row is not None:
        return table.row
    return closed(
        {
            name: or_null(_read(column)) if column.nullable and column.type != "json" else _read(column)
            for name, column in table.columns.items()
        }
    )
