"""`where` means the same as a few lines of plain Python, for any rows and any conditions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payloom.kit.clock import ManualClock
from payloom.tables.definition.loader import load_tables
from payloom.tables.errors import NoFilter, VerbFailed
from payloom.tables.query.sql import Tables

TABLES = Tables(load_tables("tables: {t: {columns: {id: int primary, a?: int, s?: string, b?: bool}}}"), ManualClock())
INTS = st.integers(-2, 3)
TEXTS = st.text("aA%_'\\ü", max_size=3)
ROWS = st.lists(
    st.fixed_dictionaries({"a": st.none() | INTS, "s": st.none() | TEXTS, "b": st.none() | st.booleans()}),
    max_size=8,
)


def condition(values: st.SearchStrategy[Any], *operators: str) -> st.SearchStrategy[Any]:
    named = [st.fixed_dictionaries({name: st.none() | values}) for name in operators]
    return st.one_of(st.none(), values, st.lists(st.none() | values, max_size=3), *named)


COLUMNS = {
    "a": condition(INTS, "gt", "gte", "lt", "lte", "ne") | st.fixed_dictionaries({"gte": INTS, "lt": INTS}),
    "s": condition(TEXTS, "ne", "contains", "starts_with"),
    "b": condition(st.booleans(), "ne") | st.fixed_dictionaries({"is_null": st.booleans()}),
}
GROUP = st.fixed_dictionaries({}, optional=COLUMNS)
WHERE = st.fixed_dictionaries({}, optional={**COLUMNS, "any": st.lists(GROUP.filter(bool), min_size=1, max_size=3)})


@pytest.fixture(scope="module")
def tx() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as conn:
        TABLES.metadata.create_all(conn)
        yield conn
    engine.dispose()


def holds(value: Any, condition: Any) -> bool:
    """What one column's condition means."""
    if isinstance(condition, Mapping):
        return all(compare(value, name, operand) for name, operand in condition.items())
    if isinstance(condition, list):
        return value is not None and any(item is not None and item == value for item in condition)
    return value is not None and condition is not None and value == condition


def compare(value: Any, name: str, operand: Any) -> bool:
    if name == "is_null":
        return (value is None) is operand
    if value is None or operand is None:
        return False
    return {
        "gt": lambda: value > operand,
        "gte": lambda: value >= operand,
        "lt": lambda: value < operand,
        "lte": lambda: value <= operand,
        "ne": lambda: value != operand,
        "contains": lambda: operand in value,
        "starts_with": lambda: value.startswith(operand),
    }[name]()


def is_null(condition: Any) -> bool:
    """Whether a condition says nothing because it holds nulls only."""
    if isinstance(condition, Mapping):
        return None in condition.values()
    return condition is None or (
        isinstance(condition, list) and bool(condition) and all(item is None for item in condition)
    )


def expected(rows: list[dict[str, Any]], where: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows that match, or None when the step must fail with `no_filter`."""
    main = {name: condition for name, condition in where.items() if name != "any"}
    groups = [group for group in where.get("any", []) if not any(map(is_null, group.values()))]
    if "any" in where and not groups:
        return None
    if main and all(map(is_null, main.values())) and not groups:
        return None
    return [
        row
        for row in rows
        if all(holds(row[name], condition) for name, condition in main.items())
        and (
            not groups or any(all(holds(row[name], condition) for name, condition in group.items()) for group in groups)
        )
    ]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, where=WHERE)
def test_where_selects_what_plain_python_would(
    tx: sa.Connection, rows: list[dict[str, Any]], where: dict[str, Any]
) -> None:
    with tx.begin_nested():
        tx.execute(sa.delete(TABLES.metadata.tables["t"]))
        stored = TABLES.insert(tx, "t", values=rows)
        matching = expected(stored, where)
        if matching is None:
            with pytest.raises(NoFilter):
                TABLES.select(tx, "t", where=where)
            return
        assert TABLES.select(tx, "t", where=where) == matching
        if where:
            deleted = TABLES.delete(tx, "t", where=where, rows=(0, None))
            assert sorted(row["id"] for row in deleted) == [row["id"] for row in matching]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    verb=st.sampled_from(["select", "insert", "update", "upsert", "delete", "merge"]),
    args=st.dictionaries(
        st.sampled_from(
            ["where", "set", "values", "key", "rows", "one", "key_by", "require", "order_by", "limit", "x"]
        ),
        JSON | st.fixed_dictionaries({}, optional={"id": JSON, "a": JSON, "s": JSON, "b": JSON, "any": JSON}),
        max_size=4,
    ),
)
def test_no_arguments_whatever_end_in_anything_but_an_answer_or_words(
    tx: sa.Connection, verb: str, args: dict[str, Any]
) -> None:
    outer = tx.begin_nested()
    try:
        TABLES.perform(tx, verb, "t", args)
    except VerbFailed as failed:
        assert failed.message  # noqa: PT017 - either outcome is fine
    finally:
        outer.rollback()
