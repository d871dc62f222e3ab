"""From tables.yaml to specs. Every mistake is reported with its line and column, all of them at once.

NAME?: TYPE [primary] [unique] [was OLD_NAME] [-> table.column] [= default]
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payloom.kit.diagnostics import Path as NodePath
from payloom.kit.diagnostics import Place
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.suggest import did_you_mean
from payloom.kit.validation.text_files import read_text
from payloom.tables.definition.former_names import check_former_names, read_former_names
from payloom.tables.definition.reader import Reader, shifted
from payloom.tables.definition.seed_rows import read_seed
from payloom.tables.definition.spec import MAX_NAME, TYPES, ColumnSpec, Default, TableSpec
from payloom.tables.definition.values import Unfit, check, kind_of

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ENUM_VALUE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
_RESERVED_PREFIXES = ("payloom_", "sqlite_", "pg_", "dbos")
_MONEY = re.compile(r"(^|_)(amount|price|total|fee)$")
_TABLE_KEYS = ("columns", "unique", "indexes", "seed", "was")
_GENERATED = {"now()": ("now", "datetime"), "today()": ("today", "date"), "uuid()": ("uuid", "uuid")}
_FLAGS = ("primary", "unique", "was")


def read_tables(path: Path) -> dict[str, TableSpec]:
    """Read tables.yaml; a project without the file has no tables. Raises `BadTablesFile`, `NotUtf8`."""
    if not path.exists():
        return {}
    return load_tables(read_text(path, path.name), path.name)


def load_tables(text: str, file: str = "tables.yaml") -> dict[str, TableSpec]:
    """Return the tables declared in `text`, referenced ones before those that refer to them. Raises `BadTablesFile`."""
    reader = Reader(text, file)
    root = reader.data
    if root is None:
        return {}
    if not is_dict(root) or not isinstance(root.get("tables"), dict | None):
        reader.report(Place(), "expected `tables:` with a map of tables under it")
        reader.finish()
    _known_keys(reader, root, (), ("tables",), "the file")
    tables: dict[str, Any] = root.get("tables") or {}
    specs: dict[str, TableSpec] = {}
    for name, node in tables.items():
        place = reader.key_place(("tables", name))
        _check_name(reader, place, name, "table")
        if not is_dict(node) or not is_dict(node.get("columns")):
            reader.report(place, f"table {name} needs `columns:` with at least one column")
            continue
        specs[name] = _read_table(reader, name, node)
    check_former_names(reader, specs, "table")
    _check_references(reader, specs)
    # Seeds are checked against sound columns only; otherwise one misspelt type would be reported once per row.
    if not reader.diagnostics:
        specs = {name: _with_seed(reader, spec, tables[name]) for name, spec in specs.items()}
    reader.finish()
    return _ordered(reader, specs)


def _known_keys(reader: Reader, node: Mapping[str, Any], path: NodePath, known: tuple[str, ...], kind: str) -> None:
    for key in node:
        if key not in known:
            hint = did_you_mean(key, known) or f"known are {', '.join(known)}"
            reader.report(reader.key_place((*path, key)), f"{kind} has no key {key!r}", hint)


def _check_name(reader: Reader, place: Place, name: str, kind: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > MAX_NAME:
        reader.report(place, f"{name!r} cannot name a {kind}", "use a-z, 0-9 and _, beginning with a letter")
    elif kind == "table" and name.startswith(_RESERVED_PREFIXES):
        reader.report(place, f"names beginning with {', '.join(_RESERVED_PREFIXES)} are taken")
    elif kind == "column" and name == "any":
        reader.report(place, "a column cannot be called any: `where` uses the word")


def _read_table(reader: Reader, name: str, node: Mapping[str, Any]) -> TableSpec:
    top = ("tables", name)
    place = reader.key_place(top)
    _known_keys(reader, node, top, _TABLE_KEYS, f"table {name}")
    declared: dict[str, Any] = node["columns"]
    columns: dict[str, ColumnSpec] = {}
    for key, text in declared.items():
        column_name = key.removesuffix("?")
        at = reader.key_place((*top, "columns", key))
        _check_name(reader, at, column_name, "column")
        if column_name in columns:
            reader.report(at, f"column {column_name} stands twice")
        if not isinstance(text, str):
            reader.report(at, f"column {column_name} needs a type", f"one of {', '.join(TYPES)}")
            continue
        column = _Column(reader, reader.value_place((*top, "columns", key)), column_name, text).read()
        if column:
            optional = key.endswith("?")
            columns[column_name] = dataclasses.replace(column, nullable=optional, line=at.line, column=at.column)
    primaries = [column for column in columns.values() if column.primary]
    for extra in primaries[1:]:
        reader.report(
            Place(extra.line, extra.column), f"table {name} has two primary columns", "use `unique:` for the other"
        )
    if primaries and primaries[0].nullable:
        reader.report(
            Place(primaries[0].line, primaries[0].column), "the primary column may not be empty", "leave out the `?`"
        )
    if not primaries:
        columns = _with_id(reader, name, columns, place)
    check_former_names(reader, columns, "column")
    spec = TableSpec(name=name, columns=columns, was=read_former_names(reader, node, top), line=place.line)
    return dataclasses.replace(
        spec, unique=_groups(reader, spec, node, "unique"), indexes=_groups(reader, spec, node, "indexes")
    )


def _with_id(reader: Reader, name: str, columns: dict[str, ColumnSpec], place: Place) -> dict[str, ColumnSpec]:
    if column := columns.get("id"):
        reader.report(
            Place(column.line, column.column), f"table {name} has no primary column", "write `primary` after id's type"
        )
    added = ColumnSpec("id", "uuid", primary=True, default=Default("uuid"), line=place.line, column=place.column)
    return {"id": added, **columns}


def _groups(reader: Reader, spec: TableSpec, node: Mapping[str, Any], key: str) -> tuple[tuple[str, ...], ...]:
    listed = node.get(key)
    if listed is None:
        return ()
    path = ("tables", spec.name, key)
    if not is_list(listed):
        reader.report(reader.value_place(path), f"{key}: expected a list of lists of columns, such as [[user_id, sku]]")
        return ()
    groups: list[tuple[str, ...]] = []
    for index, group in enumerate(listed):
        at = reader.value_place((*path, index))
        names = [str(name) for name in ([group] if isinstance(group, str) else group if is_list(group) else [])]
        for name in names:
            if name not in spec.columns:
                reader.report(at, f"{key}: table {spec.name} has no column {name!r}", did_you_mean(name, spec.columns))
            elif spec.columns[name].type == "json":
                reader.report(at, f"{key}: {name} is json and cannot be indexed")
        if not names or len(set(names)) != len(names):
            reader.report(at, f"{key}: expected a list of different columns, such as [user_id, sku]")
        groups.append(tuple(names))
    return tuple(groups)


class _Column:
    """Reads one column's declaration."""

    def __init__(self, reader: Reader, place: Place, name: str, text: str) -> None:
        self.reader = reader
        self.place = place
        self.name = name
        self.text = text

    def report(self, part: str, message: str, hint: str = "") -> None:
        offset = max(self.text.find(part), 0) if part else 0
        self.reader.report(shifted(self.place, offset), f"{self.name}: {message}", hint)

    def read(self) -> ColumnSpec | None:
        body, equals, default = (piece.strip() for piece in self.text.partition(" = "))
        words = re.sub(r"->|\|", lambda match: f" {match[0]} ", body).split()
        kinds = [words.pop(0)] if words else [""]
        while len(words) > 1 and words[0] == "|":
            words.pop(0)
            kinds.append(words.pop(0))
        column = self._typed(kinds)
        if column is None:
            return None
        column = self._flags(column, words)
        if column and (equals or column.primary):
            column = self._with_default(column, default if equals else None)
        return column

    def _typed(self, kinds: list[str]) -> ColumnSpec | None:
        if len(kinds) == 1:
            if kinds[0] not in TYPES:
                hint = did_you_mean(kinds[0], TYPES) or f"types are {', '.join(TYPES)}, or a | b for one of"
                self.report(kinds[0], f"{kinds[0]!r} is not a type", hint)
                return None
            if kinds[0] == "number" and _MONEY.search(self.name):
                self.report("number", "money is counted in whole minor units", "use int")
                return None
            return ColumnSpec(self.name, kinds[0])
        for value in kinds:
            if not _ENUM_VALUE.fullmatch(value):
                self.report(value, f"{value!r} cannot be one of the values")
                return None
        if len(set(kinds)) != len(kinds):
            self.report("", "a value stands twice")
            return None
        return ColumnSpec(self.name, "string", enum=tuple(kinds))

    def _flags(self, column: ColumnSpec, words: list[str]) -> ColumnSpec | None:
        while words:
            word = words.pop(0)
            if word == "->":
                target, _, field = (words.pop(0) if words else "").partition(".")
                if not target or not field:
                    self.report("->", "a reference names a table and a column", "write `-> users.id`")
                    return None
                column = dataclasses.replace(column, references=(target, field))
            elif word == "was":
                before = words.pop(0) if words else ""
                if not _NAME.fullmatch(before) or before == self.name:
                    self.report("was", "`was` names what the column was called before", "write `was old_name`")
                    return None
                column = dataclasses.replace(column, was=(*column.was, before))
            elif word == "primary":
                column = dataclasses.replace(column, primary=True)
            elif word == "unique":
                column = dataclasses.replace(column, unique=True)
            else:
                hint = (
                    did_you_mean(word, _FLAGS)
                    or "after the type: primary, unique, was old_name, -> table.column, = default"
                )
                self.report(word, f"{word!r} is not understood here", hint)
                return None
        if column.type == "json" and (column.unique or column.primary or column.references):
            self.report("", "a json column cannot be primary, unique or a reference")
            return None
        return column

    def _with_default(self, column: ColumnSpec, text: str | None) -> ColumnSpec | None:
        if text is None:
            generated = {"uuid": Default("uuid"), "int": Default("counter")}.get(column.type)
            return column if column.references else dataclasses.replace(column, default=generated)
        if text in _GENERATED:
            kind, column_type = _GENERATED[text]
            if column.type != column_type:
                self.report(text, f"{text} makes a {column_type}, the column is {column.type}")
                return None
            return dataclasses.replace(column, default=Default(kind))  # type: ignore[arg-type] - from the table above
        try:
            value = check(column, _literal(column, text))
        except (Unfit, ValueError) as error:
            self.report(text, f"the default does not fit: {error}", getattr(error, "hint", ""))
            return None
        if column.type in ("datetime", "date"):
            self.report(text, f"a {column.type} default is now() or today()")
            return None
        return dataclasses.replace(column, default=Default("value", value))


def _literal(column: ColumnSpec, text: str) -> Any:
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    if column.type in ("string", "text", "uuid", "date", "datetime"):
        return text[1:-1] if quoted else text
    try:
        return json.loads(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a {column.type}") from None


def _check_references(reader: Reader, specs: Mapping[str, TableSpec]) -> None:
    for spec in specs.values():
        for column in spec.columns.values():
            if not column.references:
                continue
            table, field = column.references
            place = Place(column.line, column.column)
            target = specs[table].columns.get(field) if table in specs else None
            if table not in specs:
                reader.report(
                    place, f"{column.name} refers to table {table!r}, which is not there", did_you_mean(table, specs)
                )
            elif target is None:
                hint = did_you_mean(field, specs[table].columns)
                reader.report(place, f"{column.name} refers to {table}.{field}, which is not there", hint)
            elif not (target.primary or target.unique):
                reader.report(
                    place, f"{column.name} refers to {table}.{field}, which is not unique", f"declare {field} unique"
                )
            elif target.type != column.type:
                reader.report(place, f"{column.name} is {column.type}, but {table}.{field} is {target.type}")


def _with_seed(reader: Reader, spec: TableSpec, node: Mapping[str, Any]) -> TableSpec:
    listed = node.get("seed")
    if listed is None:
        return spec
    path = ("tables", spec.name, "seed")
    if not is_list(listed):
        reader.report(reader.value_place(path), f"seed: expected a list of rows, got {kind_of(listed)}")
        return spec
    rows: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    for index, row in enumerate(listed):
        if not is_dict(row):
            reader.report(reader.value_place((*path, index)), "a seed row is a map of columns to values")
            continue
        seed = read_seed(reader, spec, row, (*path, index))
        if seed is None:
            continue
        values, key = seed
        if key in seen:
            reader.report(reader.value_place((*path, index)), "another seed row has the same key")
        seen.add(key)
        rows.append(values)
    return dataclasses.replace(spec, seed=tuple(rows))


def _ordered(reader: Reader, specs: dict[str, TableSpec]) -> dict[str, TableSpec]:
    """Return the tables with referenced ones first; a circle of references is reported."""
    done: dict[str, TableSpec] = {}
    waiting = dict(specs)
    while waiting:
        ready = [
            name
            for name, spec in waiting.items()
            if all(
                not column.references or column.references[0] in done or column.references[0] == name
                for column in spec.columns.values()
            )
        ]
        if not ready:
            first = next(iter(waiting.values()))
            names = ", ".join(waiting)
            reader.report(Place(first.line, 1), f"the tables {names} refer to each other in a circle")
            reader.finish()
        for name in ready:
            done[name] = waiting.pop(name)
    return done
