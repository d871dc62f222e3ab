"""tables.yaml changes, the stored rows stay: on SQLite and on Postgres."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from payloom.kit.clock import ManualClock
from payloom.tables.definition.loader import load_tables, read_tables
from payloom.tables.errors import MigrationRefused, UniqueViolation, VerbFailed
from payloom.tables.migration.migrate import migrate
from payloom.tables.migration.seeding import fill, seed
from payloom.tables.query.sql import Tables

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

CLOCK = ManualClock()
SHOP = Path(__file__).parents[3] / "templates" / "shop" / "tables.yaml"
BASE = """
tables:
  users:
    columns:
      id: uuid primary
      email: string unique
  orders:
    columns:
      number: int primary
      user_id?: uuid
      status: pending | paid = pending
      note?: string
      code?: uuid
      amount: int
"""
ADA = "0b8e4f1e-0000-4000-8000-000000000001"
NOBODY = "0b8e4f1e-0000-4000-8000-00000000ffff"


async def apply(database: Database, text: str, **options: Any) -> tuple[Tables, list[str]]:
    tables = Tables(load_tables(text), CLOCK)
    return tables, [str(change) for change in await migrate(database, tables, CLOCK, **options)]


async def refused(database: Database, text: str, **options: Any) -> str:
    before = await shape(database)
    with pytest.raises(MigrationRefused) as caught:
        await apply(database, text, **options)
    assert await shape(database) == before
    return str(caught.value)


async def shape(database: Database) -> dict[str, Any]:
    """Everything the database knows about the user's tables."""

    def look(tx: sa.Connection) -> dict[str, Any]:
        inspector = sa.inspect(tx)
        schema: dict[str, Any] = {}
        for name in inspector.get_table_names():
            if name.startswith(("payloom_", "dbos")):
                continue
            schema[name] = {
                "columns": sorted(
                    (column["name"], str(column["type"]), column["nullable"], str(column["default"]).split("::")[0])
                    for column in inspector.get_columns(name)
                ),
                "primary": inspector.get_pk_constraint(name)["constrained_columns"],
                "indexes": sorted(
                    (index["name"], tuple(index["column_names"]), bool(index["unique"]))
                    for index in inspector.get_indexes(name)
                ),
                "references": sorted(
                    (tuple(key["constrained_columns"]), key["referred_table"])
                    for key in inspector.get_foreign_keys(name)
                ),
            }
        return schema

    return await database.read(look)


async def rows(database: Database, tables: Tables, table: str) -> list[dict[str, Any]]:
    return await database.read(lambda tx: tables.select(tx, table))


async def fill_in(database: Database, tables: Tables) -> None:
    def work(tx: sa.Connection) -> None:
        tables.insert(tx, "users", values={"id": ADA, "email": "ada@example.test"})
        tables.insert(
            tx, "orders", values={"user_id": ADA, "amount": 5, "note": "first", "code": ADA, "status": "paid"}
        )
        tables.insert(tx, "orders", values={"amount": 7})

    await database.write(work)


async def test_a_first_start_makes_the_shop_and_a_second_changes_nothing(database: Database) -> None:
    shop = Tables(read_tables(SHOP), CLOCK)
    changes = await migrate(database, shop, CLOCK)
    assert [str(change) for change in changes] == [f"create table {name}" for name in shop.specs]
    assert [row["sku"] for row in await rows(database, shop, "products")] == ["guide", "icons", "mug", "premium"]
    before = await shape(database)
    assert await migrate(database, shop, CLOCK) == []
    assert await shape(database) == before
    assert before["orders"]["references"] == [(("user_id",), "users")]


CHANGES = {
    "a column that may be empty": ("note?: string", "note?: string\n      extra?: json"),
    "a column with a default": ("amount: int", "amount: int\n      paid_at: datetime = now()\n      rank: int = 3"),
    "a column with its own uuid per row": ("amount: int", "amount: int\n      token: uuid unique = uuid()"),
    "a unique column": ("note?: string", "note?: string unique"),
    "a reference": ("user_id?: uuid", "user_id?: uuid -> users.id"),
    "a new column that refers": ("amount: int", "amount: int\n      buyer?: uuid -> users.id"),
    "a wider list of values": ("pending | paid", "pending | paid | refunded"),
    "a list of values given up": ("status: pending | paid = pending", "status: string = pending"),
    "a column that may be empty from now on": ("amount: int", "amount?: int"),
    "an index": ("amount: int", "amount: int\n    indexes: [[amount, status]]"),
    "a unique group": ("amount: int", "amount: int\n    unique: [[user_id, amount]]"),
    "a wider type": ("code?: uuid", "code?: text"),
    "another default": ("= pending", "= paid"),
    "another table": ("  orders:", "  notes:\n    columns: {text: string}\n  orders:"),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_an_addition_keeps_every_row_and_ends_like_a_fresh_database(
    database: Database, change: Any, tmp_path: Path
) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    stored = await rows(database, tables, "orders")
    new = BASE.replace(*CHANGES[change])
    assert new != BASE
    after, changes = await apply(database, new)
    assert changes
    rows_after = await rows(database, after, "orders")
    assert [{name: row[name] for name in stored[0]} for row in rows_after] == stored
    migrated = await shape(database)
    assert (await apply(database, new))[1] == []

    def start_over(tx: sa.Connection) -> None:
        after.metadata.drop_all(tx)
        tx.execute(sa.text("DELETE FROM payloom_tables"))

    await database.write(start_over)
    await apply(database, new)
    assert await shape(database) == migrated


async def test_new_columns_are_filled_with_their_defaults(database: Database) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    CLOCK.advance(dt.timedelta(days=1))
    text = BASE.replace(
        "amount: int", "amount: int\n      at: datetime = now()\n      token: uuid = uuid()\n      on: bool = true"
    )
    after, _ = await apply(database, text)
    filled = await rows(database, after, "orders")
    assert {row["at"] for row in filled} == {CLOCK.now()}
    assert len({row["token"] for row in filled}) == 2
    assert all(row["on"] is True for row in filled)


async def test_counted_keys_go_on_counting_after_a_change(database: Database) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    await database.write(lambda tx: tables.delete(tx, "orders", where={"number": 2}))
    after, _ = await apply(database, BASE.replace("amount: int", "amount?: int"))
    row = await database.write(lambda tx: after.insert(tx, "orders", values={}))
    assert row["number"] == 3


async def test_rules_added_later_hold(database: Database) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    text = BASE.replace("user_id?: uuid", "user_id?: uuid -> users.id").replace("note?: string", "note?: string unique")
    after, _ = await apply(database, text)
    with pytest.raises(VerbFailed, match="does not exist"):
        await database.write(lambda tx: after.insert(tx, "orders", values={"amount": 1, "user_id": NOBODY}))
    with pytest.raises(UniqueViolation):
        await database.write(lambda tx: after.insert(tx, "orders", values={"amount": 1, "note": "first"}))
    with pytest.raises(VerbFailed, match=r"orders\.user_id still refers"):
        await database.write(lambda tx: after.delete(tx, "users", where={"id": ADA}))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "      amount: int\n",
            "",
            "no longer declared; no row can be inserted without it, and dropping the column would lose the values of 2 rows",
        ),
        ("amount: int", "total: int = 0", "--allow-drop orders.amount"),
        ("note?: string", "note?: int", "orders.note: string cannot become int without losing the values of 1 row"),
        ("note?: string", "note: string", "orders.note: may no longer be empty, but is in 1 row"),
        (
            "amount: int",
            "amount: int\n      due: int",
            "orders.due: the new column would be empty in 2 rows (give it a default",
        ),
        (
            "pending | paid = pending",
            "pending | done = pending",
            "orders.status: 1 row with a value that is no longer allowed",
        ),
        ("number: int primary", "number: uuid primary", "orders.number: the primary column cannot change"),
        ("amount: int", "amount: int\n      tag: string unique = x", "tag would get the same default in every row"),
        ("user_id?: uuid", "user_id?: uuid unique", ""),
    ],
)
async def test_a_change_that_would_lose_or_break_rows_is_refused_and_says_what_would_be_lost(
    database: Database, old: str, new: str, message: str
) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    text = BASE.replace(old, new)
    assert text != BASE
    if message:
        assert message in await refused(database, text)
        assert len(await rows(database, tables, "orders")) == 2
    else:
        await apply(database, text)


async def test_duplicates_orphans_and_dropped_tables_are_counted(database: Database) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    await database.write(
        lambda tx: tables.insert(
            tx, "orders", values=[{"amount": 7, "user_id": NOBODY}, {"amount": 7, "user_id": NOBODY}]
        )
    )
    assert "values of user_id that several rows have: 1" in await refused(
        database, BASE.replace("user_id?: uuid", "user_id?: uuid unique")
    )
    assert "2 rows with a reference to a row of users that does not exist" in await refused(
        database, BASE.replace("user_id?: uuid", "user_id?: uuid -> users.id")
    )
    text = BASE[: BASE.index("  orders:")]
    assert (await apply(database, text))[1] == []
    before = set(await shape(database))
    assert "orders" in before
    _, changes = await apply(database, text, allow_drop=["orders"])
    assert changes == ["drop table orders"]
    assert before - set(await shape(database)) == {"orders"}


async def test_what_is_allowed_to_go_goes_and_the_rest_stays(database: Database) -> None:
    tables, _ = await apply(database, BASE)
    await fill_in(database, tables)
    text = BASE.replace("      code?: uuid\n", "").replace("note?: string", "note?: int")
    await refused(database, text, allow_drop=["orders.code"])
    after, _ = await apply(database, text, allow_drop=["orders.code", "orders.note"])
    remaining = await rows(database, after, "orders")
    assert [(row["amount"], row["note"]) for row in remaining] == [(5, None), (7, None)]
    assert "code" not in remaining[0]
    await database.write(lambda tx: after.update(tx, "orders", where={"number": 1}, set={"note": 3}))


async def test_a_dry_run_changes_nothing(database: Database) -> None:
    await apply(database, BASE)
    before = await shape(database)
    _, changes = await apply(database, BASE.replace("note?: string", "note?: string\n      x?: int"), dry_run=True)
    assert changes == ["add column orders.x: int"]
    assert await shape(database) == before


async def test_a_table_that_somebody_else_made_is_not_touched(database: Database) -> None:
    await database.write(lambda tx: tx.execute(sa.text("CREATE TABLE users (id INTEGER)")))
    assert "already has a table users that Payloom did not make" in await refused(database, BASE)


async def test_seeds_are_inserted_once_and_neither_written_over_nor_brought_back(database: Database) -> None:
    text = """
tables:
  products:
    columns: {sku: string primary, name: string, price_id?: string}
    seed:
      - {sku: mug, name: Mug}
      - {sku: pen, name: Pen}
"""
    tables, _ = await apply(database, text)
    await database.write(lambda tx: tables.update(tx, "products", where={"sku": "mug"}, set={"name": "My mug"}))
    await database.write(lambda tx: tables.delete(tx, "products", where={"sku": "pen"}))
    more = text + "      - {sku: tee, name: Tee}\n"
    after, _ = await apply(database, more.replace("name: Mug}", "name: Other mug}"))
    assert [(row["sku"], row["name"]) for row in await rows(database, after, "products")] == [
        ("mug", "My mug"),
        ("tee", "Tee"),
    ]


async def test_the_app_can_seed_and_fill_what_is_still_empty(database: Database) -> None:
    tables, _ = await apply(
        database, "tables:\n  products:\n    columns: {sku: string primary, name: string, price_id?: string}\n"
    )
    seed_rows = [{"sku": "mug", "name": "Mug"}, {"sku": "pen", "name": "Pen", "price_id": "price_own"}]
    assert await database.write(lambda tx: seed(tx, tables, "products", seed_rows, CLOCK)) == 2
    assert await database.write(lambda tx: seed(tx, tables, "products", seed_rows, CLOCK)) == 0
    prices = [{"sku": name, "price_id": f"price_{name}"} for name in ("mug", "pen", "gone")]
    assert await database.write(lambda tx: fill(tx, tables, "products", prices)) == 1
    assert [row["price_id"] for row in await rows(database, tables, "products")] == ["price_mug", "price_own"]
    with pytest.raises(VerbFailed, match="needs sku"):
        await database.write(lambda tx: seed(tx, tables, "products", [{"name": "x"}], CLOCK))
