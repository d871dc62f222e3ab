"""The table verbs, on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from payloom.db.transactions import savepoint
from payloom.kit.clock import ManualClock
from payloom.tables.definition.loader import load_tables
from payloom.tables.errors import VerbFailed
from payloom.tables.migration.migrate import migrate
from payloom.tables.query.sql import Tables

if TYPE_CHECKING:
    import sqlalchemy as sa

    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

FILE = """
tables:
  users:
    columns:
      id: uuid primary
      email: string unique
      stripe_customer_id?: string unique
      plan: free | premium = free
      score: number = 0
      seen_at?: datetime
      born?: date
  products:
    columns:
      sku: string primary
      amount: int
      active: bool = true
      tags: json = []
  orders:
    columns:
      id: uuid primary
      user_id?: uuid -> users.id
      status: pending | paid | refunded = pending
      amount: int
      items?: json
      number?: int
      created_at: datetime = now()
    unique: [[user_id, number]]
  counters:
    columns:
      id: int primary
      label?: text
      order: string = x
"""
CLOCK = ManualClock()
ADA, BOB = "0b8e4f1e-0000-4000-8000-000000000001", "0b8e4f1e-0000-4000-8000-000000000002"


class Shop:
    """The tables with a database under them; `do` runs one verb in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tables = Tables(load_tables(FILE), CLOCK)

    async def do(self, verb: str, table: str, **args: Any) -> Any:
        return await self.database.write(lambda tx: self.tables.perform(tx, verb, table, args))

    async def fails(self, verb: str, table: str, **args: Any) -> VerbFailed:
        with pytest.raises(VerbFailed) as caught:
            await self.do(verb, table, **args)
        return caught.value


@pytest.fixture
async def shop(database: Database) -> Shop:
    shop = Shop(database)
    await migrate(database, shop.tables, CLOCK)
    for identifier, email in ((ADA, "ada@example.test"), (BOB, "bob@example.test")):
        await shop.do("insert", "users", values={"id": identifier, "email": email})
    for sku, amount in (("mug", 1400), ("tee", 2500), ("pen", 300)):
        await shop.do("insert", "products", values={"sku": sku, "amount": amount})
    return shop


async def test_insert_returns_the_row_with_its_defaults(shop: Shop) -> None:
    row = await shop.do("insert", "orders", values={"user_id": ADA.upper(), "amount": 1400, "items": [{"sku": "mug"}]})
    assert row["status"] == "pending"
    assert row["user_id"] == ADA
    assert row["items"] == [{"sku": "mug"}]
    assert row["created_at"] == CLOCK.now()
    assert row["created_at"].tzinfo is dt.UTC
    assert await shop.do("select", "orders", where={"id": row["id"]}, one="required") == row


async def test_every_type_comes_back_as_it_went_in(shop: Shop) -> None:
    moment = dt.datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=dt.UTC)
    values = {"email": "x@example.test", "score": 1.25, "seen_at": moment, "born": "1990-02-28", "plan": "premium"}
    row = await shop.do("insert", "users", values=values)
    assert {name: row[name] for name in values} == values
    big = await shop.do("insert", "products", values={"sku": "b", "amount": 2**63 - 1, "tags": {"a": [1, 2.5, None]}})
    assert big["amount"] == 2**63 - 1
    assert big["tags"] == {"a": [1, 2.5, None]}
    assert big["active"] is True


async def test_several_rows_are_inserted_in_order(shop: Shop) -> None:
    rows = await shop.do("insert", "counters", values=[{"label": "a"}, {"label": "b"}, {}])
    assert [row["label"] for row in rows] == ["a", "b", None]
    assert rows[0]["id"] < rows[1]["id"] < rows[2]["id"]


async def test_a_number_once_given_out_is_not_given_out_again(shop: Shop) -> None:
    row = await shop.do("insert", "counters", values={})
    await shop.do("delete", "counters", where={"id": row["id"]})
    assert (await shop.do("insert", "counters", values={}))["id"] > row["id"]


async def test_a_list_in_where_means_one_of_and_key_by_gives_a_map(shop: Shop) -> None:
    products = await shop.do("select", "products", where={"sku": ["mug", "tee", "mug"]}, key_by="sku", require="all")
    assert products["mug"]["amount"] == 1400
    assert set(products) == {"mug", "tee"}


async def test_require_all_names_what_is_missing(shop: Shop) -> None:
    error = await shop.fails("select", "products", where={"sku": ["mug", "nope"], "active": True}, require="all")
    assert (error.code, error.status) == ("rows_missing", 422)
    assert error.data["missing"] == ["nope"]


async def test_an_empty_list_matches_nothing(shop: Shop) -> None:
    assert await shop.do("select", "products", where={"sku": []}) == []
    assert await shop.do("select", "products", where={"sku": []}, key_by="sku", require="all") == {}
    assert (await shop.fails("delete", "products", where={"sku": []})).code == "row_not_found"


MATCHES = [
    ({"amount": {"gt": 1400}}, ["tee"]),
    ({"amount": {"gte": 1400}}, ["mug", "tee"]),
    ({"amount": {"gte": 300, "lt": 1400}}, ["pen"]),
    ({"amount": {"lte": 300}}, ["pen"]),
    ({"sku": {"ne": "mug"}}, ["pen", "tee"]),
    ({"sku": {"contains": "u"}}, ["mug"]),
    ({"sku": {"contains": "U"}}, []),
    ({"sku": {"contains": "%"}}, []),
    ({"sku": {"starts_with": "p"}}, ["pen"]),
    ({"sku": {"starts_with": "_"}}, []),
    ({"sku": {"is_null": False}, "amount": 300}, ["pen"]),
    ({"sku": {"is_null": True}}, []),
    ({"any": [{"sku": "mug"}, {"amount": 300}]}, ["mug", "pen"]),
    ({"any": [{"sku": "mug", "amount": 1}, {"amount": 300}]}, ["pen"]),
    ({"any": [{"sku": "mug"}, {"amount": None}]}, ["mug"]),
    ({"active": True, "any": [{"sku": "mug"}, {"sku": ["tee", "x"]}]}, ["mug", "tee"]),
    ({"any": [{"sku": "mug"}, {"sku": []}]}, ["mug"]),
    ({"any": [{"sku": []}]}, []),
    ({"any": [{"sku": []}, {"amount": []}]}, []),
    ({"active": True, "any": [{"sku": []}]}, []),
    ({"sku": "mug", "any": [{"sku": []}, {"amount": [300]}]}, []),
    ({"sku": [], "any": [{"amount": 300}]}, []),
    ({"sku": ["mug", None]}, ["mug"]),
    ({"sku": "mug", "amount": None}, []),
    ({"amount": {"gt": None}, "sku": "mug"}, []),
    ({}, ["mug", "pen", "tee"]),
    (None, ["mug", "pen", "tee"]),
]


async def test_where_matches(shop: Shop, subtests: pytest.Subtests) -> None:
    for where, skus in MATCHES:
        with subtests.test(where=where):
            assert [row["sku"] for row in await shop.do("select", "products", where=where)] == skus


NULLS = [
    {"stripe_customer_id": None},
    {"stripe_customer_id": None, "email": None},
    {"stripe_customer_id": [None]},
    {"score": {"gt": None}},
    {"any": [{"stripe_customer_id": None}, {"id": None}]},
    {"plan": "free", "any": [{"stripe_customer_id": None}]},
    {"plan": "free", "any": []},
    {"plan": "free", "any": None},
]


async def test_a_where_of_nulls_is_an_error_and_touches_nothing(shop: Shop, subtests: pytest.Subtests) -> None:
    for verb in ("select", "update", "delete"):
        args = {"set": {"plan": "premium"}} if verb == "update" else {}
        for where in NULLS:
            with subtests.test(verb=verb, where=where):
                assert (await shop.fails(verb, "users", where=where, **args)).code == "no_filter"
    assert [row["plan"] for row in await shop.do("select", "users")] == ["free", "free"]


@pytest.mark.parametrize("text", ["1234", "", "1 or 1=1", "00000000-0000-4000-8000-00000000000g"])
async def test_a_text_that_is_no_uuid_matches_no_row_and_touches_none(shop: Shop, text: str) -> None:
    before = await shop.do("select", "users")
    assert await shop.do("select", "users", where={"id": text}) == []
    assert await shop.do("select", "users", where={"any": [{"id": text}, {"id": before[0]["id"]}]}) == [before[0]]
    assert await shop.do("update", "users", where={"id": text}, set={"plan": "premium"}, rows=[0, 1]) is None
    assert (await shop.fails("update", "users", where={"id": text}, set={"plan": "premium"})).code == "row_not_found"
    assert (await shop.fails("delete", "users", where={"id": {"ne": text}})).code == "type_mismatch"
    assert await shop.do("select", "users") == before


async def test_update_and_delete_without_where_are_errors(shop: Shop) -> None:
    assert (await shop.fails("update", "users", set={"plan": "premium"})).code == "no_filter"
    assert (await shop.fails("delete", "users", where={})).code == "no_filter"


async def test_update_changes_exactly_one_row_and_returns_it(shop: Shop) -> None:
    row = await shop.do("update", "users", where={"id": ADA}, set={"plan": "premium", "stripe_customer_id": "cus_1"})
    assert row["plan"] == "premium"
    assert row["email"] == "ada@example.test"
    assert (await shop.do("select", "users", where={"id": BOB}, one="required"))["plan"] == "free"


async def test_an_update_that_finds_no_row_says_so_without_the_address(shop: Shop) -> None:
    error = await shop.fails("update", "users", where={"email": "nobody@example.test"}, set={"plan": "premium"})
    assert (error.code, error.status) == ("row_not_found", 404)
    assert "nobody@" not in str(error)
    assert error.data["matched"] == 0
    assert error.data["expected"] == [1, 1]


NOBODY = [{"sku": []}, {"any": [{"sku": []}]}, {"any": [{"sku": []}, {"amount": []}]}, {"active": True, "any": [{"sku": []}]}, {"sku": ["gone"]}]  # fmt: skip


@pytest.mark.parametrize("where", NOBODY)
async def test_a_condition_that_no_row_meets_touches_no_row(shop: Shop, where: dict[str, Any]) -> None:
    """Lists without a value are no condition that is missing: they name nobody."""
    before = await shop.do("select", "products", where={"amount": {"gt": 0}})
    await shop.do("update", "products", where=where, set={"amount": 1}, rows=[0, None])
    await shop.do("delete", "products", where=where, rows=[0, None])
    assert await shop.do("select", "products", where={"amount": {"gt": 0}}) == before
    assert len(before) == 3


async def test_a_change_touches_its_own_row_alone(shop: Shop) -> None:
    before = {row["sku"]: row for row in await shop.do("select", "products", where={"amount": {"gt": 0}})}
    await shop.do("update", "products", where={"sku": "mug"}, set={"amount": 1500})
    await shop.do("delete", "products", where={"sku": "pen"})
    after = {row["sku"]: row for row in await shop.do("select", "products", where={"amount": {"gt": 0}})}
    assert after == {"mug": {**before["mug"], "amount": 1500}, "tee": before["tee"]}


async def test_an_update_of_too_many_rows_is_undone(shop: Shop) -> None:
    error = await shop.fails("update", "users", where={"plan": "free"}, set={"plan": "premium"})
    assert (error.code, error.status, error.data["matched"]) == ("rows_mismatch", 409, 2)
    assert {row["plan"] for row in await shop.do("select", "users")} == {"free"}


async def test_rows_says_how_many_may_be_touched(shop: Shop) -> None:
    nobody = "0b8e4f1e-0000-4000-8000-00000000ffff"
    assert await shop.do("update", "users", where={"id": nobody}, set={"plan": "free"}, rows=[0, 1]) is None
    both = await shop.do("update", "users", where={"plan": "free"}, set={"plan": "premium"}, rows=[0, None])
    assert len(both) == 2
    assert (
        await shop.fails("update", "users", where={"plan": "premium"}, set={"plan": "free"}, rows=[3, None])
    ).code == ("rows_mismatch")
    for rows in ([1], [2, 1], [-1, 1], "1..", [0, 0]):
        assert (await shop.fails("update", "users", where={"id": ADA}, set={"plan": "free"}, rows=rows)).code == (
            "bad_arguments"
        )


async def test_a_failed_verb_leaves_the_transaction_usable_after_its_savepoint(shop: Shop) -> None:
    def work(tx: sa.Connection) -> Any:
        with pytest.raises(VerbFailed) as caught, savepoint(tx):
            shop.tables.insert(tx, "users", values={"email": "ada@example.test"})
        assert caught.value.code == "unique_violation"
        return shop.tables.insert(tx, "users", values={"email": "new@example.test"})

    await shop.database.write(work)
    assert len(await shop.do("select", "users")) == 3


async def test_delete_returns_the_row_as_it_was(shop: Shop) -> None:
    deleted = await shop.do("delete", "products", where={"sku": "pen"})
    assert deleted["amount"] == 300
    assert [row["sku"] for row in await shop.do("select", "products")] == ["mug", "tee"]


async def test_upsert_inserts_then_changes_only_what_it_was_given(shop: Shop) -> None:
    inserted = await shop.do("upsert", "products", key="sku", values={"sku": "cap", "amount": 900})
    assert inserted["active"] is True
    await shop.do("update", "products", where={"sku": "cap"}, set={"active": False, "tags": ["x"]})
    changed = await shop.do("upsert", "products", key="sku", values={"sku": "cap", "amount": 950})
    assert (changed["amount"], changed["active"], changed["tags"]) == (950, False, ["x"])


async def test_upsert_by_a_group_of_columns_keeps_the_id(shop: Shop) -> None:
    values = {"user_id": ADA, "number": 1, "amount": 5}
    first = await shop.do("upsert", "orders", key=["user_id", "number"], values=values)
    second = await shop.do("upsert", "orders", key=["number", "user_id"], values=values | {"amount": 6})
    assert second["id"] == first["id"]
    assert second["amount"] == 6
    third = await shop.do("upsert", "orders", key=["number", "user_id"], values=[values | {"amount": 7}])
    assert third[0]["amount"] == 7
    assert (await shop.fails("upsert", "orders", key="status", values=values)).code == "bad_arguments"
    assert (
        await shop.fails("upsert", "orders", key=["user_id", "number"], values={"amount": 1})
    ).code == "missing_value"


async def test_an_upsert_of_the_key_alone_gives_the_row(shop: Shop) -> None:
    await shop.do("upsert", "users", key="email", values={"email": "k@example.test"})
    row = await shop.do("upsert", "users", key="email", values={"email": "k@example.test"})
    assert row["email"] == "k@example.test"


async def test_one_optional_and_required(shop: Shop) -> None:
    assert await shop.do("select", "users", where={"email": "nobody"}, one="optional") is None
    error = await shop.fails("select", "users", where={"email": "nobody"}, one="required")
    assert (error.code, error.status) == ("row_not_found", 404)
    assert (await shop.fails("select", "users", where={"plan": "free"}, one="required")).code == "rows_mismatch"


async def test_rows_come_in_the_order_asked_for_and_up_to_the_limit(shop: Shop) -> None:
    rows = await shop.do("select", "products", order_by="amount desc", limit=2)
    assert [row["sku"] for row in rows] == ["tee", "mug"]
    rows = await shop.do("select", "products", order_by=["active", "sku desc"])
    assert [row["sku"] for row in rows] == ["tee", "pen", "mug"]


async def test_moments_are_compared_as_moments(shop: Shop) -> None:
    for hour in (1, 2, 3):
        await shop.do("insert", "orders", values={"amount": hour, "created_at": f"2026-01-01T0{hour}:00:00+01:00"})
    rows = await shop.do("select", "orders", where={"created_at": {"gte": "2026-01-01T01:00:00Z"}})
    assert sorted(row["amount"] for row in rows) == [2, 3]


MISFITS = [
    ("select", "userz", {}, "unknown_table"),
    ("select", "users", {"where": {"emial": "x"}}, "unknown_column"),
    ("select", "users", {"where": {"email; drop table users": "x"}}, "unknown_column"),
    ("select", "users", {"where": {1: "x"}}, "unknown_column"),
    ("select", "users", {"order_by": "email; drop"}, "bad_arguments"),
    ("select", "users", {"order_by": "emial"}, "unknown_column"),
    ("select", "users", {"order_by": "email sideways"}, "bad_arguments"),
    ("select", "orders", {"order_by": "items"}, "bad_arguments"),
    ("select", "users", {"key_by": "plan"}, "key_not_unique"),
    ("select", "orders", {"key_by": "amount"}, "bad_arguments"),
    ("select", "users", {"one": "maybe"}, "bad_arguments"),
    ("select", "users", {"limit": -1}, "bad_arguments"),
    ("select", "users", {"wher": {}}, "bad_arguments"),
    ("select", "users", {"require": "all"}, "bad_arguments"),
    ("select", "users", {"where": "id = 1"}, "bad_arguments"),
    ("select", "users", {"where": {"any": {"id": ADA}}}, "bad_arguments"),
    ("select", "users", {"where": {"any": [{"any": []}]}}, "bad_arguments"),
    ("select", "users", {"where": {"email": {"like": "x"}}}, "bad_arguments"),
    ("select", "users", {"where": {"email": {}}}, "bad_arguments"),
    ("select", "users", {"where": {"id": {"gt": ADA}}}, "type_mismatch"),
    ("select", "users", {"where": {"score": {"contains": "1"}}}, "type_mismatch"),
    ("select", "users", {"where": {"plan": "gold"}}, "type_mismatch"),
    ("select", "users", {"where": {"email": ["x"] * 1001}}, "bad_arguments"),
    ("select", "orders", {"where": {"items": []}}, "type_mismatch"),
    ("select", "orders", {"where": {"items": 1}}, "type_mismatch"),
    ("insert", "orders", {"values": {"amount": 1.0}}, "type_mismatch"),
    ("insert", "orders", {"values": {"amount": True}}, "type_mismatch"),
    ("insert", "orders", {"values": {"amount": "1"}}, "type_mismatch"),
    ("insert", "orders", {"values": {}}, "missing_value"),
    ("insert", "orders", {"values": {"amount": None}}, "missing_value"),
    (
        "insert",
        "orders",
        {"values": {"amount": 1, "user_id": "0b8e4f1e-0000-4000-8000-00000000ffff"}},
        "reference_violation",
    ),
    ("insert", "orders", {"values": "amount"}, "bad_arguments"),
    ("insert", "users", {"values": {"email": "ada@example.test"}}, "unique_violation"),
    ("insert", "users", {"values": {"email": "z", "id": ADA}}, "unique_violation"),
    ("update", "users", {"where": {"id": ADA}, "set": {"email": "bob@example.test"}}, "unique_violation"),
    ("update", "users", {"where": {"id": ADA}, "set": {"email": None}}, "missing_value"),
    ("update", "users", {"where": {"id": ADA}, "set": {}}, "bad_arguments"),
    ("update", "users", {"where": {"id": ADA}, "set": {"nope": 1}}, "unknown_column"),
    ("merge", "users", {}, "bad_arguments"),
]


async def test_what_does_not_fit_is_refused_in_words(shop: Shop, subtests: pytest.Subtests) -> None:
    for verb, table, args, code in MISFITS:
        with subtests.test(verb=verb, table=table, args=args):
            error = await shop.fails(verb, table, **args)
            assert error.code == code
            assert error.message
    assert len(await shop.do("select", "users")) == 2


async def test_a_row_still_referred_to_is_not_deleted(shop: Shop) -> None:
    await shop.do("insert", "orders", values={"user_id": ADA, "amount": 1})
    error = await shop.fails("delete", "users", where={"id": ADA})
    assert (error.code, error.status) == ("reference_violation", 409)
    assert "orders.user_id" in error.message


async def test_a_unique_violation_names_the_columns(shop: Shop) -> None:
    await shop.do("insert", "orders", values={"user_id": ADA, "number": 1, "amount": 1})
    error = await shop.fails("insert", "orders", values={"user_id": ADA, "number": 1, "amount": 2})
    assert error.data["columns"] == ["user_id", "number"]


async def test_a_null_in_a_nullable_column_stays_null(shop: Shop) -> None:
    row = await shop.do("insert", "orders", values={"amount": 1, "items": None, "status": None})
    assert row["items"] is None
    assert row["status"] == "pending"
    changed = await shop.do("update", "users", where={"id": ADA}, set={"seen_at": None})
    assert changed["seen_at"] is None


async def test_a_page_of_rows_comes_with_the_count_of_all(shop: Shop) -> None:
    rows, total = await shop.database.read(
        lambda tx: shop.tables.page(tx, "products", order_by="amount", limit=1, offset=1)
    )
    assert [row["sku"] for row in rows] == ["mug"]
    assert total == 3
    page = await shop.database.read(lambda tx: shop.tables.page(tx, "products", where={"amount": {"lt": 1000}}))
    assert page[1] == 1
    assert await shop.database.read(lambda tx: shop.tables.page(tx, "products", where={"sku": []})) == ([], 0)


async def test_too_many_rows_are_refused_rather_than_cut_off(shop: Shop) -> None:
    def many(tx: sa.Connection) -> None:
        rows = [{"label": str(number)} for number in range(5_001)]
        shop.tables.insert(tx, "counters", values=rows)
        shop.tables.insert(tx, "counters", values=rows)

    await shop.database.write(many)
    assert (await shop.fails("select", "counters")).code == "too_many_rows"
    assert len(await shop.do("select", "counters", limit=10)) == 10


async def test_statements_are_built_once_per_shape(shop: Shop) -> None:
    for sku in ("mug", "tee", "pen"):
        await shop.do("select", "products", where={"sku": sku})
    before = len(shop.tables._statements)
    await shop.do("select", "products", where={"sku": "other"}, limit=5)
    assert len(shop.tables._statements) == before


async def test_of_many_at_once_one_pays_the_order(shop: Shop) -> None:
    order = await shop.do("insert", "orders", values={"amount": 5})
    pay = {"where": {"id": order["id"], "status": "pending"}, "set": {"status": "paid"}, "rows": [0, 1]}
    paid = await asyncio.gather(*(shop.do("update", "orders", **pay) for _ in range(12)))
    assert [row["status"] for row in paid if row] == ["paid"]


async def test_of_many_at_once_one_row_is_made(shop: Shop) -> None:
    values = {"email": "same@example.test"}
    outcomes = await asyncio.gather(
        *(shop.do("insert", "users", values=values) for _ in range(12)), return_exceptions=True
    )
    assert sorted(getattr(outcome, "code", "made") for outcome in outcomes) == ["made"] + ["unique_violation"] * 11
    upserted = await asyncio.gather(*(shop.do("upsert", "users", key="email", values=values) for _ in range(12)))
    assert len({row["id"] for row in upserted}) == 1
