"""`where`: from the values a workflow gives to a condition that can be cached by its shape.

    {status: paid}                       equal
    {sku: [mug, icons]}                  one of
    {amount: {gte: 100, lt: 500}}        operators, all of them
    {any: [{a: 1}, {b: 2}]}              one of the maps

A null never matches. If no value is left that could match, the step fails (`no_filter`) rather than meaning every row.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.kit.json_types import is_map, is_sequence
from payloom.kit.suggest import did_you_mean
from payloom.tables.definition.spec import ColumnSpec, TableSpec
from payloom.tables.definition.values import CHECKS, Unfit, check, kind_of, show
from payloom.tables.errors import BadArguments, NoFilter, TooManyValues, TypeMismatch, UnknownColumn

MAX_LIST = 1000
"""The longest list a `where` may hold; SQLite and Postgres bound the number of parameters."""
OPERATORS = ("gt", "gte", "lt", "lte", "ne", "contains", "starts_with", "is_null")
_ORDERED = frozenset({"int", "number", "datetime", "date", "string", "text"})
_TEXTUAL = frozenset({"string", "text"})

Condition = tuple[str, str]
"""Column and operator (`eq`, `in`, `null`, `not_null` or one of OPERATORS)."""
Shape = tuple[tuple[Condition, ...], tuple[tuple[Condition, ...], ...]]
"""The conditions that must all hold, and the groups of which one must hold (empty: no `any`)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Where:
    """A condition: its shape, and the values in the order of the shape's conditions.

    impossible: it can match no row, so the database need not be asked.
    """

    shape: Shape = ((), ())
    values: tuple[Any, ...] = ()
    impossible: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """The values under their parameters' names; upper case, so that no column is called the same."""
        return {f"W{position}": value for position, value in enumerate(self.values) if value is not None}

    def listed(self, column: str) -> Sequence[Any]:
        """Return the list that `column` was compared with, or nothing."""
        for position, branch in enumerate(self.shape[0]):
            if branch == (column, "in"):
                return self.values[position]
        return ()


def find_column(spec: TableSpec, name: Any) -> ColumnSpec:
    """Return the column, or raise `UnknownColumn`: names never reach SQL in another way."""
    column = spec.columns.get(name) if isinstance(name, str) else None
    if column is None:
        raise UnknownColumn(
            f"table {spec.name} has no column {show(name)}",
            hint=did_you_mean(str(name), spec.columns) or None,
            table=spec.name,
            column=str(name)[:63],
        )
    return column


def _fit(spec: TableSpec, column: ColumnSpec, value: Any, *, enum: bool = True) -> Any:
    try:
        return check(column, value) if enum else CHECKS[column.type](value)
    except Unfit as unfit:
        raise TypeMismatch(
            f"where {spec.name}.{column.name}: {unfit.reason}",
            hint=unfit.hint or None,
            table=spec.name,
            column=column.name,
        ) from None


def _no_uuid(column: ColumnSpec, value: Any) -> bool:
    """Whether a text is no UUID, as another system's id in a payment's metadata: then no row has it."""
    if column.type != "uuid" or not isinstance(value, str):
        return False
    try:
        CHECKS["uuid"](value)
    except Unfit:
        return True
    return False


def _operator(spec: TableSpec, column: ColumnSpec, name: Any, operand: Any) -> tuple[Condition, Any] | None:
    place = f"where {spec.name}.{column.name}"
    if name not in OPERATORS:
        hint = did_you_mean(str(name), OPERATORS) or f"the operators are {', '.join(OPERATORS)}"
        raise BadArguments(f"{place}: {show(name)} is not an operator", hint=hint, table=spec.name)
    if operand is None:
        return None
    if name == "is_null":
        if not isinstance(operand, bool):
            raise TypeMismatch(f"{place}: is_null takes true or false", table=spec.name, column=column.name)
        return (column.name, "null" if operand else "not_null"), None
    allowed = _TEXTUAL if name in ("contains", "starts_with") else _ORDERED
    if name != "ne" and column.type not in allowed:
        raise TypeMismatch(f"{place}: {name} does not work on a {column.type}", table=spec.name, column=column.name)
    if column.type == "json":
        raise TypeMismatch(f"{place}: a json column cannot be compared", table=spec.name, column=column.name)
    value = _fit(spec, column, operand, enum=name not in ("contains", "starts_with"))
    return (column.name, name), value


class _Group:
    """The conditions of one map: what was found, and whether a null or an empty list makes it match nothing."""

    def __init__(self) -> None:
        self.conditions: list[Condition] = []
        self.values: list[Any] = []
        self.nulls = 0
        self.impossible = False

    def add(self, condition: Condition, value: Any) -> None:
        self.conditions.append(condition)
        self.values.append(value)

    def read(self, spec: TableSpec, entries: Mapping[Any, Any]) -> None:
        for name, value in entries.items():
            if name == "any":
                continue
            column = find_column(spec, name)
            if value is None:
                self.nulls += 1
            elif is_map(value):
                self._operators(spec, column, value)
            elif is_sequence(value):
                self._list(spec, column, value)
            elif column.type == "json":
                raise TypeMismatch(f"where {spec.name}.{name}: a json column cannot be compared", table=spec.name)
            elif _no_uuid(column, value):
                self.impossible = True
            else:
                self.add((column.name, "eq"), _fit(spec, column, value))

    def _operators(self, spec: TableSpec, column: ColumnSpec, operators: Mapping[Any, Any]) -> None:
        if not operators:
            raise BadArguments(f"where {spec.name}.{column.name}: the condition is empty", table=spec.name)
        for name, operand in operators.items():
            term = _operator(spec, column, name, operand)
            if term is None:
                self.nulls += 1
            else:
                self.add(*term)

    def _list(self, spec: TableSpec, column: ColumnSpec, items: Sequence[Any]) -> None:
        if column.type == "json":
            raise TypeMismatch(f"where {spec.name}.{column.name}: a json column cannot be compared", table=spec.name)
        if len(items) > MAX_LIST:
            message = f"where {spec.name}.{column.name}: the list holds {len(items):,} values, {MAX_LIST:,} are allowed"
            raise TooManyValues(message, table=spec.name)
        values = list(dict.fromkeys(_fit(spec, column, item) for item in items if item is not None))
        if items and not values:
            self.nulls += 1
        elif not values:
            self.impossible = True
        else:
            self.add((column.name, "in"), values)


def _no_filter(spec: TableSpec, reason: str) -> NoFilter:
    hint = "check the values the step compares with; nothing was read or changed"
    return NoFilter(
        f"{reason}, so the step would not know which rows of {spec.name} it means", hint=hint, table=spec.name
    )


def _alternatives(spec: TableSpec, entries: Any) -> list[_Group]:
    if not is_sequence(entries) or not all(is_map(entry) and entry for entry in entries):
        raise BadArguments(f"where {spec.name}: any takes a list of maps, not {kind_of(entries)}", table=spec.name)
    groups: list[_Group] = []
    for entry in entries:
        if "any" in entry:
            raise BadArguments(f"where {spec.name}: any can't be inside any", table=spec.name)
        group = _Group()
        group.read(spec, entry)
        if not group.nulls:
            groups.append(group)
    if not groups:
        raise _no_filter(spec, "every entry of `any` holds a null")
    return groups


def read_where(spec: TableSpec, where: Any, *, required: bool) -> Where:
    """Return the condition for `where`.

    required: whether leaving it out is an error (update, delete) or means every row (select).
    Raises `NoFilter`, `UnknownColumn`, `TypeMismatch`, `BadArguments`.
    """
    if where is not None and not is_map(where):
        raise BadArguments(f"where {spec.name}: expected a map, got {kind_of(where)}", table=spec.name)
    if not where:
        if required:
            raise _no_filter(spec, "there is no `where`")
        return Where()
    main = _Group()
    main.read(spec, where)
    alternatives = _alternatives(spec, where["any"]) if where.get("any") is not None else []
    if main.nulls and not main.conditions and not main.impossible and not alternatives:
        raise _no_filter(spec, "every value in `where` is null")
    if "any" in where and not alternatives:
        raise _no_filter(spec, "`any` is null")
    possible = [group for group in alternatives if not group.impossible]
    if main.nulls or main.impossible or (alternatives and not possible):
        return Where(impossible=True)
    return Where(
        shape=(tuple(main.conditions), tuple(tuple(group.conditions) for group in possible)),
        values=(*main.values, *(value for group in possible for value in group.values)),
    )


def _compare(column: sa.Column[Any], operator: str, name: str, dialect: str) -> sa.ColumnElement[bool]:
    if operator == "null":
        return column.is_(None)
    if operator == "not_null":
        return column.is_not(None)
    if operator == "in":
        return column.in_(sa.bindparam(name, type_=column.type, expanding=True))
    bound = sa.bindparam(name, type_=column.type)
    # LIKE ignores case on SQLite only; these two see it on both.
    if operator == "contains":
        find = sa.func.strpos if dialect == "postgresql" else sa.func.instr
        return find(column, bound) > 0
    if operator == "starts_with":
        return sa.func.substr(column, 1, sa.func.length(bound)) == bound
    signs = {"eq": column == bound, "ne": column != bound, "gt": column > bound, "gte": column >= bound}
    signs |= {"lt": column < bound, "lte": column <= bound}
    return signs[operator]


def condition(table: sa.Table, shape: Shape, dialect: str) -> sa.ColumnElement[bool]:
    """Return the SQL condition of a shape; its parameters are named `W0`, `W1`, … in the order of the values."""
    position = 0
    groups: list[sa.ColumnElement[bool]] = []
    for conditions in (shape[0], *shape[1]):
        parts: list[sa.ColumnElement[bool]] = []
        for column, operator in conditions:
            parts.append(_compare(table.c[column], operator, f"W{position}", dialect))
            position += 1
        groups.append(sa.and_(sa.true(), *parts))
    return sa.and_(groups[0], sa.or_(*groups[1:])) if shape[1] else groups[0]


def describe_where(where: Any) -> str:
    """Return `where` for people: short, secrets and addresses masked."""
    if not is_map(where):
        return "every row"
    return ", ".join(f"{name}: {_masked(value)}" for name, value in where.items())[:200]


def _masked(value: Any) -> str:
    if isinstance(value, str) and "@" in value:
        local, _, domain = value.partition("@")
        return show(f"{local[:1]}…@{domain}")
    if is_map(value):
        return f"{{{describe_where(value)}}}"
    if is_sequence(value):
        values = ", ".join(_masked(item) for item in value[:3])
        return f"[{values}{', …' if len(value) > 3 else ''}]"
    return show(value)
