"""The one place that builds SQL for the user's tables.

Names come from the specs only, values are always bound and checked against their column. Statements are built once per
shape (which columns, which operators) and kept, because table steps are the fast lane. Every verb takes the caller's
transaction; none commits. A verb that fails may have written before: the caller rolls back to where it stood.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from payloom.db import compiled_statements
from payloom.kit.clock import Clock
from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.suggest import did_you_mean
from payloom.tables.definition import schema
from payloom.tables.definition.spec import TableSpec
from payloom.tables.definition.values import Unfit, check, kind_of, show
from payloom.tables.errors import (
    BadArguments,
    MissingValue,
    TooManyRows,
    TypeMismatch,
    UnknownTable,
)
from payloom.tables.query.integrity import violation
from payloom.tables.query.results import MAX_ROWS, Row, counted, keyed, require_all, single
from payloom.tables.query.where import Where, condition, find_column, read_where

_CACHED_STATEMENTS = 2000
_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "select": frozenset({"where", "one", "key_by", "require", "order_by", "limit"}),
    "insert": frozenset({"values"}),
    "update": frozenset({"where", "set", "rows"}),
    "upsert": frozenset({"key", "values"}),
    "delete": frozenset({"where", "rows"}),
}
_NEEDED: Mapping[str, tuple[str, ...]] = {"insert": ("values",), "update": ("set",), "upsert": ("key", "values")}


class Tables:
    """The user's tables: their specs and the verbs on them. Threads may share one: it keeps nothing but statements."""

    def __init__(self, specs: Mapping[str, TableSpec], clock: Clock) -> None:
        """Build the tables of `specs`. `clock` gives the time for `now()` and `today()` defaults."""
        self._clock = clock
        self.use(specs)

    def use(self, specs: Mapping[str, TableSpec]) -> None:
        """From now on work with these tables: they were declared anew, or stand in the database under other names."""
        self.specs = dict(specs)
        self.metadata = sa.MetaData()
        self._tables = schema.build_all(self.specs, self.metadata)
        self._statements: dict[Any, Any] = {}

    def declared_as(self, specs: Mapping[str, TableSpec]) -> Tables:
        """Return the same tables as another version of the project declares them."""
        return Tables(specs, self._clock)

    def spec(self, name: str) -> TableSpec:
        """Return the table's spec; raises `UnknownTable`."""
        spec = self.specs.get(name)
        if spec is None:
            raise UnknownTable(f"there is no table {show(name)}", hint=did_you_mean(str(name), self.specs) or None)
        return spec

    def perform(self, tx: sa.Connection, verb: str, table: str, args: Mapping[str, Any]) -> Any:
        """Do the verb with the arguments as the workflow file names them; nulls count as left out, but for values."""
        known = _ARGUMENTS.get(verb)
        if known is None:
            raise BadArguments(f"{show(verb)} is not a table verb", hint=did_you_mean(verb, _ARGUMENTS) or None)
        for name in args:
            if name not in known:
                raise BadArguments(f"{verb} takes no {show(name)}", hint=did_you_mean(str(name), known) or None)
        arguments = {name: value for name, value in args.items() if value is not None}
        if missing := [name for name in _NEEDED.get(verb, ()) if name not in arguments]:
            raise BadArguments(f"{verb} {table} needs `{missing[0]}`", table=table)
        return getattr(self, verb)(tx, table, **arguments)

    def select(
        self,
        tx: sa.Connection,
        table: str,
        *,
        where: Mapping[str, Any] | None = None,
        one: str | None = None,
        key_by: str | None = None,
        require: str | None = None,
        order_by: str | Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Any:
        """Return the rows that match, as a list.

        one: `required` gives the row or fails (`row_not_found`); `optional` gives the row or None.
        key_by: gives a map from that column's value to the row instead.
        require: `all` fails (`rows_missing`) unless every value of the list in `where` has a row.
        order_by: `created_at desc`, or a list of such.
        """
        spec = self.spec(table)
        _one_of("one", one, "required", "optional")
        _one_of("require", require, "all")
        if one and (key_by or require or limit is not None):
            raise BadArguments("one can't be combined with key_by, require or limit", table=table)
        if limit is not None and (type(limit) is not int or not 0 <= limit <= MAX_ROWS):
            raise BadArguments(f"limit is a whole number from 0 to {MAX_ROWS:,}", table=table)
        where_tree = read_where(spec, where, required=False)
        most = 2 if one else limit if limit is not None else MAX_ROWS + 1
        rows = self._read(tx, spec, where_tree, _order(spec, order_by), limit=most)
        if one:
            return single(spec, rows, where, required=one == "required")
        if len(rows) > MAX_ROWS:
            raise TooManyRows(f"more than {MAX_ROWS:,} rows of {table} match", hint="narrow `where` or set `limit`")
        if require:
            require_all(spec, where_tree, where or {}, key_by, rows)
        return keyed(spec, key_by, rows) if key_by else rows

    def insert(self, tx: sa.Connection, table: str, *, values: Any) -> Any:
        """Insert one row (a map) or several (a list of maps) and return what was stored, defaults filled in."""
        spec = self.spec(table)
        if is_sequence(values):
            if len(values) > MAX_ROWS:
                raise BadArguments(
                    f"insert {table}: {len(values):,} rows at once, {MAX_ROWS:,} are allowed", table=table
                )
            return [self._insert(tx, spec, row) for row in values]
        return self._insert(tx, spec, values)

    def update(
        self,
        tx: sa.Connection,
        table: str,
        *,
        where: Mapping[str, Any] | None = None,
        set: Mapping[str, Any],  # noqa: A002 - the verb's own word
        rows: Sequence[int | None] = (1, 1),
    ) -> Any:
        """Change the rows that match and return them: one row (or None) when `rows` allows at most one, else a list.

        rows: `[least, most]`, most None for no bound. Any other count fails: `row_not_found` for none,
            `rows_mismatch` otherwise.
        """
        spec = self.spec(table)
        changed = self._changes(spec, set)
        where_tree = read_where(spec, where, required=True)

        def build(dialect: str) -> sa.Update:
            target = self._tables[table]
            binds = {name: sa.bindparam(f"S_{name}", type_=target.c[name].type) for name in changed}
            return (
                sa.update(target).where(condition(target, where_tree.shape, dialect)).values(binds).returning(*target.c)
            )

        parameters = {f"S_{name}": value for name, value in changed.items()}
        touched = self._write(tx, spec, ("update", tuple(changed)), where_tree, build=build, parameters=parameters)
        return counted(spec, "update", touched, rows, where)

    def delete(
        self,
        tx: sa.Connection,
        table: str,
        *,
        where: Mapping[str, Any] | None = None,
        rows: Sequence[int | None] = (1, 1),
    ) -> Any:
        """Delete the rows that match and return them as they were; `rows` as in `update`."""
        spec = self.spec(table)
        where_tree = read_where(spec, where, required=True)

        def build(dialect: str) -> sa.Delete:
            target = self._tables[table]
            return sa.delete(target).where(condition(target, where_tree.shape, dialect)).returning(*target.c)

        deleted = self._write(tx, spec, ("delete",), where_tree, build=build, parameters={})
        return counted(spec, "delete", deleted, rows, where)

    def upsert(self, tx: sa.Connection, table: str, *, key: str | Sequence[str], values: Any) -> Any:
        """Insert the row, or change the one with the same `key` to the values given; return what is stored then.

        key: a unique or primary column, or the columns of a unique group. Columns not given keep their value in an
        existing row and get their default in a new one. `values` may be a list of rows.
        """
        spec = self.spec(table)
        group = _names("key", key)
        for name in group:
            find_column(spec, name)
        if {*group} not in ({*unique} for unique in spec.unique_groups()):
            hint = f"declare `unique: [[{', '.join(group)}]]` in tables.yaml" if len(group) > 1 else "declare it unique"
            raise BadArguments(f"upsert {table}: {', '.join(group)} is not unique", hint=hint, table=table)
        if is_sequence(values):
            return [self._upsert(tx, spec, group, row) for row in values]
        return self._upsert(tx, spec, group, values)

    def page(
        self,
        tx: sa.Connection,
        table: str,
        *,
        where: Mapping[str, Any] | None = None,
        order_by: str | Sequence[str] | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> tuple[list[Row], int]:
        """Return one page of the rows that match and how many match in all; for pages and the studio."""
        spec = self.spec(table)
        where_tree = read_where(spec, where, required=False)
        if where_tree.impossible:
            return [], 0
        rows = self._read(tx, spec, where_tree, _order(spec, order_by), limit=limit, offset=offset)
        target = self._tables[table]
        count = self._statement(
            ("count", table, tx.dialect.name, where_tree.shape),
            lambda: (
                sa.select(sa.func.count())
                .select_from(target)
                .where(condition(target, where_tree.shape, tx.dialect.name))
            ),
        )
        return rows, tx.execute(count, where_tree.parameters).scalar_one()

    def _statement(self, key: Any, build: Callable[[], Any]) -> Any:
        statements = self._statements  # another map as soon as other tables are used
        statement = statements.get(key)
        if statement is None:
            if len(statements) >= _CACHED_STATEMENTS:
                statements.clear()
            statement = statements[key] = build()
        return statement

    def _read(
        self,
        tx: sa.Connection,
        spec: TableSpec,
        where_tree: Where,
        order: tuple[tuple[str, bool], ...],
        *,
        limit: int,
        offset: int = 0,
    ) -> list[Row]:
        if where_tree.impossible:
            return []

        def build() -> sa.Select[Any]:
            target = self._tables[spec.name]
            columns = [target.c[name].desc() if down else target.c[name].asc() for name, down in order]
            matches = condition(target, where_tree.shape, tx.dialect.name)
            limits = sa.bindparam("LIMIT_", type_=sa.Integer), sa.bindparam("OFFSET_", type_=sa.Integer)
            return sa.select(target).where(matches).order_by(*columns).limit(limits[0]).offset(limits[1])

        statement = self._statement(("select", spec.name, tx.dialect.name, where_tree.shape, order), build)
        names = tuple(spec.columns)
        rows = compiled_statements.rows(tx, statement, {**where_tree.parameters, "LIMIT_": limit, "OFFSET_": offset})
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _write(
        self,
        tx: sa.Connection,
        spec: TableSpec,
        shape: tuple[Any, ...],
        where_tree: Where,
        *,
        build: Callable[[str], Any],
        parameters: Mapping[str, Any],
    ) -> list[Row]:
        """Run a statement that returns the rows it touched. `shape` begins with the verb."""
        if where_tree.impossible:
            return []
        dialect = tx.dialect.name
        statement = self._statement((*shape, spec.name, dialect, where_tree.shape), functools.partial(build, dialect))
        names = tuple(spec.columns)
        try:
            rows = compiled_statements.rows(tx, statement, {**where_tree.parameters, **parameters})
        except IntegrityError as error:
            raise violation(self.specs, spec, error, shape[0]) from error
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _insert(self, tx: sa.Connection, spec: TableSpec, values: Any) -> Row:
        row = self._complete(spec, values)

        def build(_dialect: str) -> sa.Insert:
            target = self._tables[spec.name]
            binds = {name: sa.bindparam(f"S_{name}", type_=target.c[name].type) for name in row}
            return sa.insert(target).values(binds).returning(*target.c)

        parameters = {f"S_{name}": value for name, value in row.items()}
        return self._write(tx, spec, ("insert", tuple(row)), Where(), build=build, parameters=parameters)[0]

    def _upsert(self, tx: sa.Connection, spec: TableSpec, group: tuple[str, ...], values: Any) -> Row:
        row = self._complete(spec, values)
        updated = tuple(name for name in values if name not in group) or group[:1]
        if missing := [name for name in group if row.get(name) is None]:
            raise MissingValue(f"upsert {spec.name}: the key {missing[0]} is null", table=spec.name, column=missing[0])

        def build(dialect: str) -> Any:
            target = self._tables[spec.name]
            binds = {name: sa.bindparam(f"S_{name}", type_=target.c[name].type) for name in row}
            insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(target).values(binds)
            changed = {name: insert.excluded[name] for name in updated}
            return insert.on_conflict_do_update(
                index_elements=[target.c[name] for name in group], set_=changed
            ).returning(*target.c)

        parameters = {f"S_{name}": value for name, value in row.items()}
        shape = ("upsert", group, updated, tuple(row))
        return self._write(tx, spec, shape, Where(), build=build, parameters=parameters)[0]

    def _complete(self, spec: TableSpec, values: Any) -> Row:
        """Return a whole row: values checked, defaults filled in.

        A null takes the default where the column may not be empty.
        """
        if not is_map(values):
            raise BadArguments(f"{spec.name}: `values` is a map, not {kind_of(values)}", table=spec.name)
        for name in values:
            find_column(spec, name)
        row: Row = {}
        for name, column in spec.columns.items():
            value = values.get(name)
            if value is None and column.default and not (name in values and column.nullable):
                if column.default.kind == "counter":
                    continue
                value = column.default.make(self._clock.now())
            if value is None and not column.nullable:
                raise MissingValue(
                    f"insert {spec.name}: {name} has no value",
                    hint=f"give one, or write `{name}?` in tables.yaml if it may be empty",
                    table=spec.name,
                    column=name,
                )
            row[name] = value if value is None else _fit(spec, name, value, "insert")
        return row

    def _changes(self, spec: TableSpec, changes: Any) -> Row:
        if not is_map(changes) or not changes:
            raise BadArguments(f"{spec.name}: `set` is a map of at least one column", table=spec.name)
        row: Row = {}
        for name, value in changes.items():
            column = find_column(spec, name)
            if value is None and not column.nullable:
                hint = f"write `{name}?` in tables.yaml if it may be empty"
                raise MissingValue(
                    f"update {spec.name}: {name} may not be null", hint=hint, table=spec.name, column=name
                )
            row[name] = value if value is None else _fit(spec, name, value, "update")
        return row


def _fit(spec: TableSpec, name: str, value: Any, verb: str) -> Any:
    try:
        return check(spec.columns[name], value)
    except Unfit as unfit:
        message = f"{verb} {spec.name}.{name}: {unfit.reason}"
        raise TypeMismatch(message, hint=unfit.hint or None, table=spec.name, column=name) from None


def _one_of(name: str, value: Any, *allowed: str) -> None:
    if value is not None and value not in allowed:
        raise BadArguments(f"{name} is {' or '.join(allowed)}, not {show(value)}")


def _names(argument: str, value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        return (value,)
    if not is_sequence(value):
        raise BadArguments(f"{argument} is a column or a list of columns, not {kind_of(value)}")
    return tuple(value)


def _order(spec: TableSpec, order_by: Any) -> tuple[tuple[str, bool], ...]:
    """Return `(column, descending)` pairs, with the primary column last so that the order is always the same."""
    entries = _names("order_by", order_by or ())
    order: dict[str, bool] = {}
    for entry in entries:
        words = str(entry).split()
        if not words or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
            raise BadArguments(f"order_by {show(entry)}: write a column, with asc or desc after it", table=spec.name)
        column = find_column(spec, words[0])
        if column.type == "json":
            raise BadArguments(f"order_by {show(entry)}: a json column has no order", table=spec.name)
        order[column.name] = words[-1].lower() == "desc"
    order.setdefault(spec.primary, False)
    return tuple(order.items())
