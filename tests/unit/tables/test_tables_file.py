"""tables.yaml: what it means, and what is said about mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payloom.tables.definition.loader import load_tables, read_tables
from payloom.tables.definition.spec import Default, describe, restore
from payloom.tables.errors import BadTablesFile

SHOP = Path(__file__).parents[3] / "templates" / "shop" / "tables.yaml"


def mistakes(text: str) -> list[str]:
    with pytest.raises(BadTablesFile) as caught:
        load_tables(text)
    return [diagnostic.format() for diagnostic in caught.value.diagnostics]


def columns(text: str) -> str:
    return "tables:\n  orders:\n    columns:\n      id: uuid primary\n" + "".join(
        f"      {line}\n" for line in text.splitlines()
    )


def test_the_shop_s_tables_are_read_with_types_defaults_references_and_seeds() -> None:
    shop = read_tables(SHOP)
    orders = shop["orders"].columns
    assert orders["user_id"].references == ("users", "id")
    assert orders["user_id"].nullable
    assert orders["status"].enum == ("pending", "processing", "paid", "failed", "partially_refunded", "refunded")
    assert orders["status"].default == Default("value", "pending")
    assert orders["created_at"].default == Default("now")
    assert orders["amount"].type == "int"
    assert not orders["amount"].has_default
    assert shop["products"].primary == "sku"
    assert [row["sku"] for row in shop["products"].seed] == ["guide", "icons", "mug", "premium"]


def test_a_project_without_the_file_has_no_tables(tmp_path: Path) -> None:
    assert read_tables(tmp_path / "tables.yaml") == {}


def test_a_table_without_a_primary_column_gets_an_id() -> None:
    spec = load_tables("tables: {notes: {columns: {text: string}}}")["notes"]
    assert list(spec.columns) == ["id", "text"]
    assert spec.columns["id"].type == "uuid"
    assert spec.primary == "id"
    assert spec.columns["id"].default == Default("uuid")


def test_referenced_tables_come_first_whatever_their_order_in_the_file() -> None:
    text = "tables:\n  a: {columns: {b_id: uuid -> b.id}}\n  b: {columns: {id: uuid primary}}\n"
    assert list(load_tables(text)) == ["b", "a"]


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ("string = hello world", "hello world"),
        ("string = 'a = b'", "a = b"),
        ("int = -3", -3),
        ("bool = true", True),
        ("number = 1.5", 1.5),
        ("json = []", []),
        ("text = ", ""),
    ],
)
def test_defaults_have_the_column_s_type(declaration: str, value: bool | float | list[Any] | str) -> None:
    text = columns(f'x: "{declaration}"')
    assert load_tables(text)["orders"].columns["x"].default == Default("value", value)


def test_a_spec_survives_being_stored() -> None:
    for spec in read_tables(SHOP).values():
        again = restore(describe(spec))
        assert again.columns == spec.columns
        assert again.unique == spec.unique


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x: intt", "tables.yaml:5:10: x: 'intt' is not a type (did you mean 'int'?)"),
        ("x: string uniqe", "tables.yaml:5:17: x: 'uniqe' is not understood here (did you mean 'unique'?)"),
        ("amount: number", "tables.yaml:5:15: amount: money is counted in whole minor units (use int)"),
        ("x: int = 1.5", "tables.yaml:5:16: x: the default does not fit: a float is not an int"),
        ("x: a | b = c", "the default does not fit: 'c' is not one of a, b"),
        ("x: uuid = now()", "x: now() makes a datetime, the column is uuid"),
        ("user_id: uuid -> user.id", "user_id refers to table 'user', which is not there"),
        ("order_id: int -> orders.id", "order_id is int, but orders.id is uuid"),
        ("order_id: string -> orders.x", "order_id refers to orders.x, which is not there"),
        ("x:", "column x needs a type"),
        ("X: int", "'X' cannot name a column"),
        ("any: int", "a column cannot be called any"),
        ("x: json unique", "a json column cannot be primary, unique or a reference"),
        ("id: int", "`id` stands twice"),
        ("id2: int primary", "table orders has two primary columns"),
        ("x: a | a", "a value stands twice"),
        ("x: {type: int}", "column x needs a type"),
    ],
)
def test_a_mistake_in_a_column_is_reported_where_it_stands(line: str, message: str) -> None:
    messages = mistakes(columns(line))
    assert len(messages) == 1
    assert message in messages[0]
    assert messages[0].startswith("tables.yaml:5:")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tabels: {}", "tables.yaml:1:1: the file has no key 'tabels' (did you mean 'tables'?)"),
        ("tables: []", "expected `tables:` with a map"),
        ("tables: {payloom_x: {columns: {a: int}}}", "names beginning with payloom_"),
        ("tables: {x: {columns: {a: int}, sed: []}}", "table x has no key 'sed' (did you mean 'seed'?)"),
        ("tables: {x: {}}", "table x needs `columns:`"),
        ("tables: {x: {columns: {a: int}, unique: [[a, b]]}}", "unique: table x has no column 'b'"),
        ("a: &x 1\nb: *x", "tables.yaml:1:4: anchors (&x) are not allowed"),
        ("tables: {x: {columns: {a: !!str int}}}", "tags"),
        ("tables: {x: {columns: {a: json = {}: 1}}}", "tables.yaml:1:"),
        ("tables:\n\tx: 1", "tables.yaml:2:1: not valid YAML: found character '\\t' that cannot start any token"),
        ("tables: " + "[" * 40 + "]" * 40, "nested deeper than 32 levels"),
        ("# " + "x" * 300_000, "larger than 256 KB"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(text: str, message: str) -> None:
    assert message in mistakes(text)[0]


def test_tables_that_refer_to_each_other_in_a_circle_are_refused() -> None:
    text = "tables:\n  a: {columns: {id: uuid primary, b?: uuid -> b.id}}\n"
    text += "  b: {columns: {id: uuid primary, a?: uuid -> a.id}}\n"
    assert "circle" in mistakes(text)[0]


def test_all_mistakes_are_reported_at_once() -> None:
    assert len(mistakes(columns("x: intt\ny: boool\nz: string prim"))) == 3


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{name: Mug}", "the row has no value for sku"),
        ("{sku: mug, nam: Mug}", "table products has no column 'nam' (did you mean 'name'?)"),
        ("{sku: mug, name: 5}", "name: an int is not a string"),
        ("{sku: mug, name: null}", "name may not be empty"),
        ("mug", "a seed row is a map"),
        ("{sku: tea, name: Tea}", "another seed row has the same key"),
    ],
)
def test_a_seed_row_that_does_not_fit_is_reported_where_it_stands(row: str, message: str) -> None:
    text = f"""tables:
  products:
    columns:
      sku: string primary
      name: string
    seed:
      - {{sku: tea, name: Tea}}
      - {row}
"""
    messages = mistakes(text)
    assert any(message in line and line.startswith("tables.yaml:8:") for line in messages), messages
