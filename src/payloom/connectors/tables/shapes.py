"""The user's tables in the catalog's words, for the checker and the studio."""

from __future__ import annotations

from collections.abc import Mapping

from payloom.tables.definition.spec import TableSpec
from payloom.workflows.catalog.catalog import Column, TableShape


def shape(spec: TableSpec) -> TableShape:
    """Return one table as the language sees it."""
    columns = {
        name: Column(
            name=name,
            type=column.type,
            nullable=column.nullable,
            unique=column.unique or column.primary,
            primary=column.primary,
            has_default=column.has_default,
            enum=column.enum,
            references=".".join(column.references) if column.references else None,
        )
        for name, column in spec.columns.items()
    }
    return TableShape(spec.name, columns)


def shapes(specs: Mapping[str, TableSpec]) -> dict[str, TableShape]:
    """Return every table as the language sees it."""
    return {name: shape(spec) for name, spec in specs.items()}
