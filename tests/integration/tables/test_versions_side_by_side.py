"""An older version of a project beside a newer one: it inserts what it knows, starts again, and undoes nothing."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from payloom.kit.clock import SystemClock
from payloom.tables import models
from payloom.tables.definition.loader import load_tables
from payloom.tables.errors import MigrationRefused, UniqueViolation
from payloom.tables.migration.migrate import migrate, pending_losses, plan
from payloom.tables.query.sql import Tables

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

ADA = "0b8e4f1e-0000-4000-8000-000000000001"
OLD = """
tables:
  orders:
    columns:
      id: uuid primary
      mail: string
      note?: string
"""
# name: type, default, what an insert that does not know the column stores (None: another one each time)
DEFAULTS: dict[str, tuple[str, str, Any]] = {
    "text_plain": ("string", "eur", "eur"),
    "text_odd": ("text", "it's 5% \\ :now -- {x}", "it's 5% \\ :now -- {x}"),
    "text_empty": ("string", "''", ""),
    "choice": ("eur | usd", "usd", "usd"),
    "whole": ("int", "-3", -3),
    "big": ("int", "-9223372036854775808", -(2**63)),
    "number": ("number", "0.25", 0.25),
    "yes": ("bool", "true", True),
    "no": ("bool", "false", False),
    "map": ("json", '{"a": [1, "b%"], "c": "d\'s"}', {"a": [1, "b%"], "c": "d's"}),
    "listed": ("json", "[]", []),
    "moment": ("datetime", "now()", None),
    "day": ("date", "today()", None),
    "token": ("uuid unique", "uuid()", None),
}


def columns(*, default: bool = True, empty: bool = False) -> str:
    """Return the declarations of one column for each kind of default."""
    lines = [
        f"      {name}{'?' if empty else ''}: {json.dumps(kind + (f' = {text}' if default else ''))}\n"
        for name, (kind, text, _) in DEFAULTS.items()
    ]
    return "".join(lines)


BEFORE = {
    "a new table": "",
    "an added column": OLD,
    "an added column that may be empty": OLD,
    "a changed default": OLD + columns(default=False),
    "a table of a Payloom that kept defaults to itself": OLD + columns(),
}


async def apply(database: Database, text: str, **options: Any) -> tuple[Tables, list[str]]:
    clock = SystemClock()
    tables = Tables(load_tables(text), clock)
    return tables, [str(change) for change in await migrate(database, tables, clock, **options)]


async def insert(database: Database, tables: Tables, table: str = "orders", **values: Any) -> dict[str, Any]:
    return await database.write(lambda tx: tables.insert(tx, table, values=values))


async def stored(database: Database, tables: Tables) -> list[dict[str, Any]]:
    return await database.read(lambda tx: tables.select(tx, "orders", order_by="mail"))


async def forget_defaults(database: Database) -> None:
    """Leave the table as a version of Payloom made it that kept defaults to itself."""
    bare = Tables(load_tables(OLD + columns(default=False)), SystemClock()).metadata
    bare.tables["orders"].c.id.server_default = None

    def work(tx: sa.Connection) -> None:
        bare.drop_all(tx)
        bare.create_all(tx)
        spec = tx.execute(sa.select(models.applied.c.spec)).scalar_one()
        for entry in spec["columns"]:
            entry.get("default", {}).pop("in_database", None)
        del spec["declarations"]
        tx.execute(sa.update(models.applied).values(spec=spec))

    await database.write(work)


@pytest.mark.parametrize("way", BEFORE)
async def test_every_kind_of_default_is_in_the_database_too(database: Database, way: str) -> None:
    if BEFORE[way]:
        await apply(database, BEFORE[way])
    if "kept defaults to itself" in way:
        await forget_defaults(database)
    new = OLD + columns(empty="may be empty" in way)
    tables, changes = await apply(database, new)
    assert changes
    assert (await apply(database, new))[1] == []
    await database.write(lambda tx: tx.exec_driver_sql(f"INSERT INTO orders (id, mail) VALUES ('{ADA}', 'a')"))
    older = Tables(load_tables(OLD), SystemClock())
    await insert(database, older, mail="b")
    await insert(database, tables, mail="c")
    rows = await stored(database, tables)
    for name, (_, _, value) in DEFAULTS.items():
        got = [row[name] for row in rows]
        assert got == [value] * 3 or value is None, name
        assert len({type(each) for each in got}) == 1, name
    assert len({row["token"] for row in rows}) == 3
    uuid4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(uuid4, row["token"]) for row in rows)
    assert abs((rows[2]["moment"] - rows[0]["moment"]).total_seconds()) < 60
    assert {abs((dt.date.fromisoformat(row["day"]) - rows[0]["moment"].date()).days) for row in rows} <= {0, 1}


async def test_a_default_taken_away_or_fixed_is_so_in_the_database(database: Database) -> None:
    text = OLD + "      currency?: string = eur\n"
    await apply(database, text)
    tables, _ = await apply(database, text.replace("eur", "usd"))
    older = Tables(load_tables(OLD), SystemClock())
    await insert(database, older, mail="a")
    await apply(database, text.replace(" = eur", ""))
    await insert(database, older, mail="b")
    assert [row["currency"] for row in await stored(database, tables)] == ["usd", None]


NEW = OLD + "      currency: string = eur\n    indexes: [[currency, mail]]\n  audit:\n    columns: {text: string}\n"


@pytest.mark.parametrize("keep_newer", [True, False])
async def test_an_older_version_starts_again_after_the_migration_and_loses_nothing(
    database: Database, keep_newer: bool
) -> None:
    await apply(database, OLD)
    newer, _ = await apply(database, NEW)
    await insert(database, newer, mail="a", currency="usd")
    await insert(database, newer, "audit", text="kept")
    older, changes = await apply(database, OLD, keep_newer=keep_newer)
    assert changes == []
    row = await insert(database, older, mail="b")
    assert set(row) == {"id", "mail", "note"}
    assert [row["currency"] for row in await stored(database, newer)] == ["usd", "eur"]
    assert (await apply(database, NEW, keep_newer=keep_newer))[1] == []
    assert len(await database.read(lambda tx: newer.select(tx, "audit"))) == 1


async def test_an_older_version_that_starts_undoes_no_rule_of_the_newer_one(database: Database) -> None:
    old = OLD + "      state: open | done = open\n"
    new = OLD.replace("mail: string", "mail: string unique") + "      state: open | done | late = done\n"
    await apply(database, old)
    newer, _ = await apply(database, new)
    await insert(database, newer, mail="a", state="late")
    assert (await apply(database, old, keep_newer=True))[1] == []
    with pytest.raises(UniqueViolation):
        await insert(database, newer, mail="a")
    assert (await apply(database, new, keep_newer=True))[1] == []


async def test_going_back_on_purpose_is_a_migration_like_any_other(database: Database) -> None:
    changed = OLD.replace("mail: string", "mail: string unique")
    for text, change in [(OLD, "create table"), (changed, "add unique"), (OLD, "drop unique"), (changed, "add unique")]:
        assert [line.startswith(change) for line in (await apply(database, text))[1]] == [True]


UNUSABLE = {
    "that must have a value and has no default": "      extra: int\n",
    "that is unique and has one default for all": "      extra: int unique = 3\n",
    "that is unique, may be empty and has one default for all": "      extra?: int unique = 3\n",
}
USABLE = {
    "that may be empty": "      extra?: int\n",
    "that may be empty and is unique": "      extra?: int unique\n",
    "with a default": "      extra: int = 3\n",
    "with a default, unique together with another": "      extra: int = 3\n    unique: [[mail, extra]]\n",
    "with a uuid of its own": "      extra: uuid unique = uuid()\n",
    "that refers": "      extra?: uuid -> orders.id\n",
}


@pytest.mark.parametrize("column", UNUSABLE)
async def test_an_undeclared_column_stops_the_start_when_nothing_can_be_inserted_without_it(
    database: Database, column: str
) -> None:
    await apply(database, OLD + UNUSABLE[column])
    for keep_newer in (True, False):
        with pytest.raises(MigrationRefused, match=r"orders\.extra: no longer declared; no row can be inserted"):
            await apply(database, OLD, keep_newer=keep_newer)
    assert (await apply(database, OLD, allow_drop=["orders.extra"]))[1][-1] == "drop column orders.extra"


@pytest.mark.parametrize("column", USABLE)
async def test_any_other_undeclared_column_stays_until_its_drop_is_allowed(database: Database, column: str) -> None:
    await apply(database, OLD + USABLE[column])
    older, changes = await apply(database, OLD.replace("note?: string", "note?: string\n      more?: int"))
    assert changes == ["add column orders.more: int"]
    for mail in ("a", "b"):
        await insert(database, older, mail=mail)
    assert set(await pending_losses(database, older)) == {"orders.extra"}
    assert "drop column orders.extra" in (await apply(database, OLD, allow_drop=["orders.extra"]))[1]
    await insert(database, older, mail="c")


async def test_the_statements_of_a_plan_make_what_the_migration_makes(database: Database) -> None:
    await apply(database, OLD)
    newer = Tables(load_tables(OLD.replace("note?: string", "note?: string unique") + columns()), SystemClock())
    await plan(database, newer, SystemClock())
    planned = await plan(database, newer, SystemClock())
    executed: list[str] = []

    def listen(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        executed.append(" ".join(statement.replace("%%", "%").split()))

    event.listen(database.engine, "before_cursor_execute", listen)
    changes = await migrate(database, newer, SystemClock())
    event.remove(database.engine, "before_cursor_execute", listen)
    assert [str(change) for change in changes] == planned.changes
    statements = [line.split(";  -- ")[0].removesuffix(";").replace("%%", "%") for line in planned.statements]
    assert [line for line in executed if line in statements] == statements


CHANGED = {
    "another primary column": "      number: int primary\n      mail: string\n",
    "a column gone that had to have a value": "      id: uuid primary\n      note?: string\n",
    "another type": "      id: uuid primary\n      mail: int\n      note?: json\n",
}


@pytest.mark.parametrize("change", CHANGED)
async def test_an_empty_table_is_made_anew_where_that_is_asked_for(database: Database, change: str) -> None:
    seed = "    seed:\n      - {id: 1, text: first}\n"
    referring = "  notes:\n    columns: {id: int primary, text: string, order_id?: uuid -> orders.id}\n"
    await apply(database, OLD + "  log:\n    columns: {id: int primary, text: string}\n" + seed)
    new = "\ntables:\n  orders:\n    columns:\n" + CHANGED[change]
    _, changes = await apply(database, new, remake_empty=True)
    assert changes == ["create table orders"]
    await apply(database, OLD + referring, remake_empty=True)
    older, _ = await apply(database, OLD + referring.replace("text: string", "text: int"), remake_empty=True)
    row = await insert(database, older, mail="a")
    await insert(database, older, "notes", text=1, order_id=row["id"])
    with pytest.raises(MigrationRefused):
        await apply(
            database, new.replace("mail: string", "mail: bool").replace("note?: string", "note: int"), remake_empty=True
        )
    assert await stored(database, older) == [row]
