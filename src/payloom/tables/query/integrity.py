"""What the database's refusal means, in the words of tables.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError

from payloom.tables.definition.schema import constraint_name, index_groups
from payloom.tables.definition.spec import TableSpec
from payloom.tables.errors import MissingValue, ReferenceViolation, UniqueViolation, VerbFailed

_SQLITE_COLUMNS = re.compile(r"(?:UNIQUE|NOT NULL) constraint failed: (.+)$")


def violation(specs: Mapping[str, TableSpec], spec: TableSpec, error: IntegrityError, verb: str) -> VerbFailed:
    """Return the `VerbFailed` that says which rule an insert, update or delete broke."""
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return _postgres(specs, spec, diagnosis, verb)
    text = str(error.orig)
    stored = [name.split(".")[-1] for name in match[1].split(", ")] if (match := _SQLITE_COLUMNS.search(text)) else []
    columns = [_declared(spec, name) for name in stored]
    if text.startswith("NOT NULL"):
        return _missing(spec, verb, columns)
    if columns:
        return _taken(spec, verb, columns)
    return _dangling(specs, spec, verb)


def _postgres(specs: Mapping[str, TableSpec], spec: TableSpec, diagnosis: Any, verb: str) -> VerbFailed:
    constraint = diagnosis.constraint_name or ""
    if diagnosis.sqlstate == "23502":
        return _missing(spec, verb, [_declared(spec, diagnosis.column_name)])
    if diagnosis.sqlstate == "23505":
        groups = {name: columns for name, (columns, unique) in index_groups(spec).items() if unique}
        return _taken(spec, verb, list(groups.get(constraint, (spec.primary,))))
    if diagnosis.sqlstate == "23503":
        for other in specs.values():
            for column in other.columns.values():
                if column.references and constraint == constraint_name("fk", other.stored, column.stored):
                    return _reference(spec, verb, f"{other.name}.{column.name}", other.name)
        return _dangling(specs, spec, verb)
    return VerbFailed(
        f"{verb} {spec.name}: the database refused the row ({diagnosis.message_primary})", table=spec.name
    )


def _declared(spec: TableSpec, stored: str) -> str:
    """Return the name that tables.yaml has for a column of the database."""
    return next((column.name for column in spec.columns.values() if column.stored == stored), stored)


def _missing(spec: TableSpec, verb: str, columns: list[str]) -> MissingValue:
    name = columns[0] if columns else "?"
    return MissingValue(f"{verb} {spec.name}: {name} has no value", table=spec.name, column=name)


def _taken(spec: TableSpec, verb: str, columns: list[str]) -> UniqueViolation:
    names = ", ".join(columns)
    hint = f"use upsert with key: {names} if the row may be there already"
    return UniqueViolation(
        f"{verb} {spec.name}: a row with the same {names} exists already", hint=hint, table=spec.name, columns=columns
    )


def _reference(spec: TableSpec, verb: str, column: str, owner: str) -> ReferenceViolation:
    if owner == spec.name and verb != "delete":
        return ReferenceViolation(f"{verb} {spec.name}: {column} refers to a row that does not exist", table=spec.name)
    return ReferenceViolation(f"{verb} {spec.name}: {column} still refers to this row", table=spec.name)


def _dangling(specs: Mapping[str, TableSpec], spec: TableSpec, verb: str) -> ReferenceViolation:
    """SQLite does not say which reference broke, so name the candidates."""
    own = [f"{spec.name}.{column.name}" for column in spec.columns.values() if column.references]
    others = [
        f"{other.name}.{column.name}"
        for other in specs.values()
        for column in other.columns.values()
        if column.references and column.references[0] == spec.name
    ]
    if verb in ("insert", "upsert") or (verb == "update" and own and not others):
        return ReferenceViolation(
            f"{verb} {spec.name}: {' or '.join(own)} refers to a row that does not exist", table=spec.name
        )
    return ReferenceViolation(f"{verb} {spec.name}: {' or '.join(others)} still refers to this row", table=spec.name)
