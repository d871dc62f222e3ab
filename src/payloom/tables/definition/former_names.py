"""What tables and columns were called before: `was`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from payloom.kit.diagnostics import Path, Place
from payloom.kit.json_types import is_list
from payloom.tables.definition.reader import Reader
from payloom.tables.definition.spec import ColumnSpec, TableSpec


def read_former_names(reader: Reader, node: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    """Return what stands under a table's `was:`: a name, or a list of names."""
    value = node.get("was")
    names: list[Any] = [] if value is None else list(value) if is_list(value) else [value]
    if not all(isinstance(name, str) and name != path[-1] for name in names):
        reader.report(reader.value_place((*path, "was")), "was: expected what the table was called before")
        return ()
    return tuple(names)


def check_former_names(reader: Reader, entries: Mapping[str, TableSpec | ColumnSpec], kind: str) -> None:
    """Report a former name that something else has, or had before, too."""
    owners: dict[str, str] = {}
    for entry in entries.values():
        for name in entry.was:
            place = Place(entry.line, entry.column if isinstance(entry, ColumnSpec) else 1)
            other = name if name in entries else owners.setdefault(name, entry.name)
            if other == name:
                hint = f"take out the {kind} {name}, or the `was`"
                reader.report(place, f"{entry.name} was {name}, which is declared, too", hint)
            elif other != entry.name:
                reader.report(place, f"{entry.name} and {other} cannot both have been {name}")
