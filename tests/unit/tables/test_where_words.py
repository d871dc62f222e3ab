"""What is wrong with a `where` is said with the nearest name, and a `where` is shown without what it hides."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

import pytest

from payloom.kit.clock import ManualClock
from payloom.tables.definition.loader import read_tables
from payloom.tables.errors import VerbFailed
from payloom.tables.query.sql import Tables
from payloom.tables.query.where import describe_where, read_where

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

    from payloom.tables.definition.spec import TableSpec

TABLES = """
tables:
  orders: {columns: {id: uuid primary, status: paid | open, amount: int, note?: string, gift?: bool, data?: json}}
"""


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> TableSpec:
    file: Path = tmp_path_factory.mktemp("tables") / "tables.yaml"
    file.write_text(TABLES)
    return read_tables(file)["orders"]


def failed(spec: TableSpec, where: Any) -> VerbFailed:
    with pytest.raises(VerbFailed) as caught:
        read_where(spec, where, required=True)
    return caught.value


HINTS = [
    ({"amuont": 1}, "table orders has no column 'amuont'", "did you mean 'amount'?"),
    ({"zzz": 1}, "table orders has no column 'zzz'", None),
    ({"amount": 1.5}, "where orders.amount: a float is not an int", "amounts are whole minor units"),
    ({"gift": "yes"}, "where orders.gift: ", None),
    ({"amount": {"gtt": 1}}, "where orders.amount: 'gtt' is not an operator", "did you mean 'gt'?"),
    ({"amount": {"zzz": 1}}, "where orders.amount: 'zzz' is not an operator", "the operators are gt, gte, lt, lte, ne, contains, starts_with, is_null"),
    ({"status": "pai"}, "where orders.status: ", None),
    ({"any": {"amount": 1}}, "where orders: any takes a list of maps", None),
    ({"any": "amount"}, "where orders: any takes a list of maps", None),
    ({"any": [{"amount": 1}, {}]}, "where orders: any takes a list of maps", None),
    ({"any": [{"amount": 1}, 7]}, "where orders: any takes a list of maps", None),
    ({"any": [{"amount": 1}, {"any": [{"amount": 2}]}]}, "where orders: any can't be inside any", None),
]  # fmt: skip


@pytest.mark.parametrize(("where", "message", "hint"), HINTS)
def test_a_mistake_in_where_is_said_with_what_to_do(
    orders: TableSpec, where: Any, message: str, hint: str | None
) -> None:
    error = failed(orders, where)
    assert error.message.startswith(message)
    assert error.hint == hint


def test_a_long_name_is_cut_in_the_answer(orders: TableSpec) -> None:
    assert failed(orders, {"x" * 64: 1}).data["column"] == "x" * 63
    assert failed(orders, {"x" * 63: 1}).data["column"] == "x" * 63


def test_a_part_of_a_text_need_not_be_one_of_the_choices(orders: TableSpec) -> None:
    for operator in ("contains", "starts_with"):
        assert read_where(orders, {"status": {operator: "pai"}}, required=True).values == ("pai",)
    assert failed(orders, {"status": {"ne": "pai"}}).code == "type_mismatch"


SHOWN = [
    (None, "every row"),
    ([1], "every row"),
    ({"id": 7}, "id: 7"),
    ({"email": "ada@shop.test"}, "email: 'a…@shop.test'"),
    ({"amount": {"gt": 5}}, "amount: {gt: 5}"),
    ({"email": ["ada@shop.test", "b", "c"]}, "email: ['a…@shop.test', 'b', 'c']"),
    ({"email": ["a", "b", "c", "d"]}, "email: ['a', 'b', 'c', …]"),
]


@pytest.mark.parametrize(("where", "text"), SHOWN)
def test_a_where_is_shown_short_and_without_addresses(where: Any, text: str) -> None:
    assert describe_where(where) == text


def test_a_long_where_is_cut() -> None:
    assert len(describe_where({f"c{number}": number for number in range(100)})) == 200


VERBS = [
    ("selct", {}, "'selct' is not a table verb", "did you mean 'select'?"),
    ("zzz", {}, "'zzz' is not a table verb", None),
    ("select", {"wheer": {}}, "select takes no 'wheer'", "did you mean 'where'?"),
    ("select", {"zzz": {}}, "select takes no 'zzz'", None),
    ("select", {"require": "some"}, "require is ", None),
    ("select", {"one": "some"}, "one is ", None),
    ("select", {"one": "required", "limit": 0}, "one can't be combined with", None),
    ("select", {"one": "required", "require": "all"}, "one can't be combined with", None),
    ("select", {"one": "required", "key_by": "id"}, "one can't be combined with", None),
    ("select", {"limit": -1}, "limit is a whole number", None),
    ("update", {"where": {"amount": 1}, "set": {}}, "orders: `set` is a map of at least one column", None),
    ("update", {"where": {"amount": 1}, "set": [1]}, "orders: `set` is a map of at least one column", None),
    ("update", {"where": {"amount": 1}}, "update orders needs `set`", None),
]  # fmt: skip


@pytest.mark.parametrize(("verb", "args", "message", "hint"), VERBS)
def test_a_mistake_in_a_verb_is_said_before_the_database_is_asked(
    orders: TableSpec, verb: str, args: Any, message: str, hint: str | None
) -> None:
    tables = Tables({"orders": orders}, ManualClock(dt.datetime(2026, 1, 31, tzinfo=dt.UTC)))
    with pytest.raises(VerbFailed) as caught:
        tables.perform(cast("sa.Connection", None), verb, "orders", args)
    assert caught.value.message.startswith(message), caught.value.message
    assert caught.value.hint == hint
