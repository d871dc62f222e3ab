"""Runs the statements of the hot path on the driver itself: SQLAlchemy compiles each once, and is not asked again.

Same statements, same transaction, same types and errors; a third of the processor time. For statements that are kept
and used again: what is compiled is kept as long as the statement is. Whatever does not fit goes SQLAlchemy's way.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import operator
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors

from payloom.db.sealing.sealer import sealer_of

Row = tuple[Any, ...]
_Process = Callable[[Any], Any] | None
_Bind = tuple[Any, Any, _Process]
"""The key of a value, what it is if nobody gives one, and what makes it the driver's. Key of an item: list, place."""
_REQUIRED = object()
_CURSORS = "payloom_cursors"
"""Key in `Connection.info`, which is as old as the driver's connection."""
_MOST_CURSORS = 100
_MOST_ROWS = 200
_MOST_LENGTHS = 50


@dataclasses.dataclass(slots=True)
class _Plan:
    """A compiled statement.

    names: of the parameters, where the driver wants a map; else they stand in its order. tables: see `tables_of`.
    lists: the parameters that are lists, whose items are parameters of their own.
    """

    text: str
    binds: Sequence[_Bind]
    names: Sequence[str] | None
    columns: Sequence[Any]
    tables: frozenset[str] | None
    lists: Sequence[str] = ()
    results: Sequence[tuple[int, Callable[[Any], Any]]] | None = None
    get: Callable[[Mapping[Any, Any]], tuple[Any, ...]] | None = None
    """Returns the values of all binds, where none has a default and there is more than one."""
    processed: Sequence[tuple[int, Callable[[Any], Any]]] = ()

    def __post_init__(self) -> None:
        if len(self.binds) > 1 and all(default is _REQUIRED for _, default, _ in self.binds):
            self.get = operator.itemgetter(*[key for key, _, _ in self.binds])
        self.processed = [(place, process) for place, (_, _, process) in enumerate(self.binds) if process is not None]

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """Return what the driver is given."""
        if self.lists:
            items = {(name, place): item for name in self.lists for place, item in enumerate(parameters[name])}
            parameters = cast("Mapping[str, Any]", {**parameters, **items})
        try:
            values = list(self.get(parameters)) if self.get is not None else self._looked_up(parameters)
        except KeyError as error:
            raise exc.InvalidRequestError(f"a value is required for {error}") from None
        for place, process in self.processed:
            value = values[place]
            if value is not None:
                values[place] = process(value)
        return values if self.names is None else dict(zip(self.names, values, strict=True))

    def _looked_up(self, parameters: Mapping[str, Any]) -> list[Any]:
        return [
            parameters[key] if default is _REQUIRED else parameters.get(key, default) for key, default, _ in self.binds
        ]


PENDING = "payloom_pending_rows"
"""Key in `Connection.info`: rows that are written before a statement that names their table; see `PendingRows`."""
TABLES = "payloom_tables"
"""Execution option of a textual statement: the names of the tables it reads or writes."""


class PendingRows(Protocol):
    """Rows that wait to be written; see `deferred_writes.DeferredWrites`."""

    def flush_before(self, tx: sa.Connection, tables: frozenset[str] | None) -> None:
        """Write the rows of these tables, before a statement that names them. None: of all tables."""
        ...


def tables_of(statement: Any) -> frozenset[str] | None:
    """Return the names of a statement's tables; None if it is a text that does not name them by TABLES."""
    named = statement.get_execution_options().get(TABLES)
    if named is not None:
        return frozenset(named)
    elements = list(visitors.iterate(statement))
    if any(isinstance(element, sa.TextClause) for element in elements):
        return None
    return frozenset(element.name for element in elements if isinstance(element, sa.Table))


LOCKING = "payloom_locking_reads"
"""Key in `Connection.info`: reads lock the rows they find (Postgres)."""
_Kind = tuple[str, int, bool]
"""A dialect's name, which sealer its values pass, whether reads lock: what a compiled statement depends on."""
_inserts: dict[tuple[sa.Table, _Kind, tuple[str, ...]], _Plan | None] = {}
_plans: weakref.WeakKeyDictionary[Any, dict[_Kind, _Plan | _Lists | None]] = weakref.WeakKeyDictionary()


def _kind(dialect: Dialect, *, locking: bool = False) -> _Kind:
    sealer = sealer_of(dialect)
    return dialect.name, 0 if sealer is None else sealer.number, locking


def rows(tx: sa.Connection, statement: Any, parameters: Mapping[str, Any]) -> Sequence[Row]:
    """Execute a statement and return its rows (none for one that returns none)."""
    plan = _plan(tx.dialect, statement, parameters, locking=tx.info.get(LOCKING, False))
    if plan is None:
        result = tx.execute(statement, parameters)
        return result.all() if result.returns_rows else []
    values = plan.values(parameters)
    cursor = _execute(tx, plan, values)
    try:
        if not plan.columns:
            return []
        fetched = cursor.fetchall()
        if plan.results is None:
            plan.results = _results(tx.dialect, plan.columns, cursor.description)
        return [_read(row, plan.results) for row in fetched] if plan.results else fetched
    finally:
        _release_cursor(tx, cursor)


def insert(tx: sa.Connection, table: sa.Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same keys, names of columns. What is null in all of them is left out."""
    empty = _may_be_left_out(table)
    names = tuple([name for name in values[0] if name not in empty or any(row[name] is not None for row in values)])
    key = (table, _kind(tx.dialect), names)
    plan = _inserts.get(key)
    if plan is None:
        compiled = _compiled(tx.dialect, sa.insert(table), list(names))
        plan = _inserts[key] = compiled if isinstance(compiled, _Plan) else None
    if plan is None:
        tx.execute(sa.insert(table), values)
    elif len(values) == 1:
        _release_cursor(tx, _execute(tx, plan, plan.values(values[0])))
    else:
        _release_cursor(tx, _execute(tx, plan, [plan.values(row) for row in values], many=True))


@functools.cache
def _may_be_left_out(table: sa.Table) -> frozenset[str]:
    """Return the columns that are null when nothing is said of them: most of a run's, most of the time."""
    return frozenset(
        column.name
        for column in table.columns
        if column.nullable and column.default is None and column.server_default is None
    )


def execute_many(tx: sa.Connection, statement: Any, values: Sequence[Mapping[str, Any]]) -> None:
    """Execute a kept statement that returns nothing, once for each of `values`."""
    plan = _plan(tx.dialect, statement)
    if plan is None:
        tx.execute(statement, list(values))
    else:
        _release_cursor(tx, _execute(tx, plan, [plan.values(value) for value in values], many=True))


def count(tx: sa.Connection, statement: Any, parameters: Mapping[str, Any]) -> int:
    """Execute a statement that changes rows and return how many it has changed."""
    plan = _plan(tx.dialect, statement, parameters)
    if plan is None:
        return tx.execute(statement, parameters).rowcount
    cursor = _execute(tx, plan, plan.values(parameters))
    try:
        return cursor.rowcount
    finally:
        _release_cursor(tx, cursor)


def any_of(column: sa.ColumnElement[Any], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """Return whether a text column is one of a list given as the one parameter `name`: see `array_param`.

    `IN` would be another statement for each length of the list.
    """
    if dialect == "sqlite":
        return column.in_(sa.select(sa.func.json_each(sa.bindparam(name)).table_valued("value").c.value))
    return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(sa.Text)))


def rows_by_key(tx: sa.Connection, columns: tuple[sa.Column[Any], ...], keys: Sequence[str]) -> Sequence[Row]:
    """Return these columns of the rows whose first column, a text, is one of `keys`; in no order."""
    dialect = tx.dialect.name
    return rows(tx, _select_by_key(columns, dialect), {"keys": array_param(keys, dialect)})


@functools.cache
def _select_by_key(columns: tuple[sa.Column[Any], ...], dialect: str) -> sa.Select[Any]:
    return sa.select(*columns).where(any_of(columns[0], "keys", dialect))


def array_param(values: Sequence[str], dialect: str) -> Any:
    """Return a list as the parameter of `any_of`."""
    return json.dumps(list(values)) if dialect == "sqlite" else list(values)


def _cursor(tx: sa.Connection, driver: Any, text: str) -> Any:
    """Return a cursor. On Postgres each statement keeps its own, which remembers how its parameters are written."""
    if tx.dialect.name != "postgresql":
        return driver.cursor()
    cursors = tx.info.setdefault(_CURSORS, {})
    cursor = cursors.get(text)
    if cursor is None or cursor.closed or cursor.connection is not driver:
        if len(cursors) >= _MOST_CURSORS:
            cursors.clear()
        cursor = cursors[text] = driver.cursor()
    return cursor


def _release_cursor(tx: sa.Connection, cursor: Any) -> None:
    # A cursor keeps its last result: a large one is not held until the next.
    if tx.dialect.name != "postgresql" or cursor.rowcount > _MOST_ROWS:
        cursor.close()


def _execute(tx: sa.Connection, plan: _Plan, values: Any, *, many: bool = False) -> Any:
    text = plan.text
    pending: PendingRows | None = tx.info.get(PENDING)
    if pending is not None:
        pending.flush_before(tx, plan.tables)
    driver: Any = tx.connection.dbapi_connection
    cursor = _cursor(tx, driver, text)
    try:
        tx.dispatch.before_cursor_execute(tx, cursor, text, values, None, many)
        (cursor.executemany if many else cursor.execute)(text, values)
        tx.dispatch.after_cursor_execute(tx, cursor, text, values, None, many)
    except tx.dialect.loaded_dbapi.Error as error:
        lost = tx.dialect.is_disconnect(error, driver, cursor)
        cursor.close()
        if lost:
            tx.invalidate(error)
        raise exc.DBAPIError.instance(
            text,
            values,
            error,
            tx.dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=tx.dialect,
            ismulti=many,
        ) from error
    except BaseException:
        cursor.close()
        raise
    return cursor


def _plan(
    dialect: Dialect, statement: Any, parameters: Mapping[str, Any] | None = None, *, locking: bool = False
) -> _Plan | None:
    """Return the compiled statement. parameters: the lengths of its lists are part of its text."""
    plans = _plans.get(statement)
    if plans is None:
        plans = _plans[statement] = {}
    kind = _kind(dialect, locking=locking)
    if kind not in plans:
        plans[kind] = _compiled(dialect, statement, locking=locking)
    plan = plans[kind]
    if isinstance(plan, _Lists):
        return None if parameters is None else plan.plan(parameters)
    return plan


@dataclasses.dataclass(slots=True)
class _Lists:
    """A compiled statement with lists in it (`IN`): each combination of their lengths is a plan of its own.

    names: of the lists.
    """

    dialect: Dialect
    compiled: Any
    names: Sequence[str]
    columns: Sequence[Any]
    tables: frozenset[str] | None
    plans: dict[tuple[int, ...], _Plan | None] = dataclasses.field(default_factory=dict[tuple[int, ...], _Plan | None])

    def plan(self, parameters: Mapping[str, Any]) -> _Plan | None:
        """Return the plan for lists as long as these; None for an empty one."""
        lengths = tuple([len(parameters[name]) for name in self.names])
        if lengths not in self.plans:
            if len(self.plans) >= _MOST_LENGTHS:
                self.plans.clear()
            self.plans[lengths] = self._expanded(parameters) if all(lengths) else None
        return self.plans[lengths]

    def _expanded(self, parameters: Mapping[str, Any]) -> _Plan:
        state = self.compiled.construct_expanded_state(parameters)
        binds: dict[str, _Bind] = {}
        for bind, name in self.compiled.bind_names.items():
            process = bind.type.dialect_impl(self.dialect).bind_processor(self.dialect)
            if bind.key in self.names:
                items = state.parameter_expansion[name]
                binds |= {item: ((bind.key, place), _REQUIRED, process) for place, item in enumerate(items)}
            else:
                binds[name] = (bind.key, _REQUIRED if bind.required else bind.effective_value, process)
        order: list[str] = state.positiontup if self.compiled.positional else list(binds)
        names = None if self.compiled.positional else order
        return _Plan(state.statement, [binds[name] for name in order], names, self.columns, self.tables, self.names)


def _compiled(
    dialect: Dialect, statement: Any, keys: list[str] | None = None, *, locking: bool = False
) -> _Plan | _Lists | None:
    if not isinstance(statement, sa.Select | sa.Insert | sa.Update | sa.Delete | sa.TextClause | sa.TextualSelect):
        return None
    columns = [] if isinstance(statement, sa.TextClause) else list(statement.exported_columns)
    if locking and isinstance(statement, sa.Select):
        statement = locked(cast("sa.Select[Any]", statement))
    compiled: Any = statement.compile(dialect=dialect, column_keys=keys)
    if compiled.post_compile_params and not compiled.literal_execute_params:
        names = [bind.key for bind in compiled.post_compile_params]
        return _Lists(dialect, compiled, names, columns, tables_of(statement))
    if compiled.literal_execute_params:
        return None
    binds: dict[str, _Bind] = {}
    for bind, name in compiled.bind_names.items():
        process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        binds[name] = (bind.key, _REQUIRED if bind.required else bind.effective_value, process)
    order: list[str] = compiled.positiontup if compiled.positional else list(binds)
    names = None if compiled.positional else order
    return _Plan(str(compiled), [binds[name] for name in order], names, columns, tables_of(statement))


def locked(select: sa.Select[Any]) -> sa.Select[Any]:
    """Return a select that locks the rows it finds. Rows that only refer to these may still be inserted by others."""
    return select.with_for_update(key_share=True)


def _results(
    dialect: Dialect, columns: Sequence[Any], described: Sequence[Any]
) -> list[tuple[int, Callable[[Any], Any]]]:
    """Return what reads the values of the columns that need it."""
    processed: list[tuple[int, Callable[[Any], Any]]] = []
    for place, (column, kind) in enumerate(zip(columns, described, strict=True)):
        process = column.type.dialect_impl(dialect).result_processor(dialect, kind[1])
        if process is not None:
            processed.append((place, process))
    return processed


def _read(row: Row, processed: Sequence[tuple[int, Callable[[Any], Any]]]) -> Row:
    values = list(row)
    for place, process in processed:
        values[place] = process(values[place])
    return tuple(values)
