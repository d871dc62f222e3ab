"""Seed rows: which row is which, checked when the file is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.strict_json import canonical
from payloom.kit.suggest import did_you_mean
from payloom.tables.definition.reader import Reader
from payloom.tables.definition.spec import TableSpec
from payloom.tables.definition.values import Unfit, check

MAX_KEY = 512


def seed_key(spec: TableSpec, row: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the columns that name the row: the first unique group of which every value is given."""
    for group in spec.unique_groups():
        if all(row.get(name) is not None for name in group):
            return group
    return None


def key_text(key: Mapping[str, Any]) -> str:
    """Return a row's key as one string, for remembering that it was inserted. key: by name in the database."""
    text = canonical({name: str(value) for name, value in key.items()})
    return text if len(text) <= MAX_KEY else hashlib.sha256(text.encode()).hexdigest()


def read_seed(reader: Reader, spec: TableSpec, values: dict[str, Any], path: Path) -> tuple[dict[str, Any], str] | None:
    """Return a seed row and its key, or report what is wrong with it and return None."""
    before = len(reader.diagnostics)
    place = reader.value_place(path)
    for name, value in values.items():
        column = spec.columns.get(name)
        if column is None:
            hint = did_you_mean(name, spec.columns)
            reader.report(reader.key_place((*path, name)), f"table {spec.name} has no column {name!r}", hint)
        elif value is None:
            if not column.nullable:
                reader.report(reader.key_place((*path, name)), f"{name} may not be empty", f"write `{name}?` if it may")
        else:
            try:
                check(column, value)
            except Unfit as unfit:
                reader.report(reader.value_place((*path, name)), f"{name}: {unfit.reason}", unfit.hint)
    missing = [
        name
        for name, column in spec.columns.items()
        if name not in values and not column.nullable and not column.has_default
    ]
    if missing:
        reader.report(place, f"the row has no value for {', '.join(missing)}", "give one, or a default to the column")
    group = seed_key(spec, values)
    if group is None:
        names = " or ".join(", ".join(names) for names in spec.unique_groups())
        reader.report(place, f"the row needs {names}, so that it is inserted once")
    if group is None or len(reader.diagnostics) > before:
        return None
    return values, key_text({name: values[name] for name in group})
