"""`was`: a renamed table or column. Old and new versions use it side by side, and it gets its new name at the end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from payloom.kit.clock import SystemClock
from payloom.tables.definition.loader import load_tables
from payloom.tables.errors import BadTablesFile, MigrationRefused, ReferenceViolation, UniqueViolation
from payloom.tables.migration.migrate import migrate, plan
from payloom.tables.query.sql import Tables

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

OLD = """
tables:
  buyers:
    columns: {mail: string primary, city?: string}
    seed:
      - {mail: ada}
  orders:
    columns:
      id: int primary
      mail: string -> buyers.mail
      code: string unique
      total: int = 3
    indexes: [[total, code]]
"""
# What the new version declares: one rename of each kind, and all at once
NEW: dict[str, str] = {
    "a column": OLD.replace("total: int", "amount: int was total").replace("[[total", "[[amount"),
    "a unique column": OLD.replace("code: string unique", "ref: string unique was code").replace(
        "total, code", "total, ref"
    ),
    "a column that refers": OLD.replace("      mail: string", "      buyer: string was mail"),
    "a primary column that is referred to": OLD.replace("{mail: string primary", "{key: string primary was mail")
    .replace("buyers.mail", "buyers.key")
    .replace("{mail: ada}", "{key: ada}"),
    "a table": OLD.replace("  orders:\n", "  purchases:\n    was: orders\n"),
    "a table that is referred to": OLD.replace("  buyers:\n", "  people:\n    was: buyers\n").replace(
        "-> buyers", "-> people"
    ),
}
NEW["all at once"] = """
tables:
  people:
    was: buyers
    columns: {key: string primary was mail, town?: string was city}
    seed:
      - {key: ada}
  purchases:
    was: [orders]
    columns:
      number: int primary was id
      buyer: string was mail -> people.key
      ref: string unique was code
      amount: int was total = 3
      note?: string
    indexes: [[amount, ref]]
"""


class Project:
    """One version of a project: its tables, called as the old version calls them."""

    def __init__(self, database: Database, text: str) -> None:
        self.database = database
        self.tables = Tables(load_tables(text), SystemClock())
        specs = self.tables.specs
        self.orders = specs.get("orders") or specs["purchases"]
        self.buyers = specs.get("buyers") or specs["people"]
        names = [*self.orders.columns]
        self.columns = dict(zip(["id", "mail", "code", "total"], names, strict=False))

    async def migrate(self, **options: Any) -> list[str]:
        return [str(change) for change in await migrate(self.database, self.tables, SystemClock(), **options)]

    async def order(self, code: str, mail: str = "ada") -> dict[str, Any]:
        values = {self.columns["mail"]: mail, self.columns["code"]: code}
        row = await self.database.write(lambda tx: self.tables.insert(tx, self.orders.name, values=values))
        return {old: row[new] for old, new in self.columns.items()}

    async def change(self, code: str, total: int) -> None:
        key, amount = self.columns["code"], self.columns["total"]
        await self.database.write(
            lambda tx: self.tables.update(tx, self.orders.name, where={key: code}, set={amount: total})
        )
        values = {key: code, self.columns["mail"]: "ada"}
        await self.database.write(lambda tx: self.tables.upsert(tx, self.orders.name, key=key, values=values))

    async def codes(self) -> list[tuple[str, int]]:
        key, amount = self.columns["code"], self.columns["total"]
        rows = await self.database.read(lambda tx: self.tables.select(tx, self.orders.name, order_by=key))
        return [(row[key], row[amount]) for row in rows]

    async def stored(self) -> dict[str, set[str]]:
        def look(tx: sa.Connection) -> dict[str, set[str]]:
            inspector = sa.inspect(tx)
            names = {"buyers", "orders", "people", "purchases"} & {*inspector.get_table_names()}
            return {name: {column["name"] for column in inspector.get_columns(name)} for name in names}

        return await self.database.read(look)


async def works(project: Project, *codes: str) -> None:
    """The version inserts, changes, reads, and words what the database refuses."""
    for code in codes:
        await project.order(code)
        await project.change(code, 7)
    with pytest.raises(UniqueViolation, match=f"same {project.columns['code']} exists"):
        await project.order(codes[0])
    with pytest.raises(ReferenceViolation, match=rf"{project.orders.name}\.{project.columns['mail']} refers"):
        await project.order("x", mail="nobody")


@pytest.mark.parametrize("kind", NEW)
async def test_both_versions_work_side_by_side_after_the_new_one_has_migrated(database: Database, kind: str) -> None:
    old, new = Project(database, OLD), Project(database, NEW[kind])
    await old.migrate()
    before = await old.stored()
    await works(old, "a")
    changes = await new.migrate()
    assert changes
    assert all(change.startswith(("rename ", "add column purchases.note")) for change in changes), changes
    await works(old, "b")
    await works(new, "c")
    again = Project(database, OLD)
    assert await again.migrate(keep_newer=True) == []
    await works(again, "d")
    assert await Project(database, NEW[kind]).migrate(keep_newer=True) == []
    await works(new, "e")
    for project in (old, new, again):
        assert await project.codes() == [(code, 7) for code in "abcde"]
    after = await new.stored()
    assert {name: names - {"note"} for name, names in after.items()} == before


@pytest.mark.parametrize("kind", NEW)
async def test_at_the_end_the_new_names_are_in_the_database_too(database: Database, kind: str) -> None:
    old, new = Project(database, OLD), Project(database, NEW[kind])
    await old.migrate()
    await works(old, "a")
    await new.migrate()
    planned = await plan(database, Project(database, NEW[kind]).tables, SystemClock(), finish_renames=True)
    assert any("RENAME" in statement for statement in planned.statements)
    await new.migrate(finish_renames=True)
    declared = {name: {*spec.columns} for name, spec in new.tables.specs.items()}
    assert await new.stored() == declared
    await works(new, "b")
    # Nothing is left to do, and what is named after the columns can be changed under its new name.
    plain = re.sub(r" was \w+|\n    was: .*", "", NEW[kind])
    assert await Project(database, plain).migrate() == []
    changed = re.sub(r"    indexes: .*| -> \w+\.\w+", "", plain)
    kinds = [{change.split()[0] for change in await Project(database, text).migrate()} for text in (changed, plain)]
    assert kinds == [{"drop"}, {"add"}]
    assert len(await database.read(lambda tx: new.tables.select(tx, new.buyers.name))) == 1
    back = Project(database, OLD)
    await back.migrate()
    await works(back, "c")
    assert [code for code, _ in await back.codes()] == ["a", "b", "c"]


async def test_an_old_name_is_free_again_once_no_column_is_stored_under_it(database: Database) -> None:
    await Project(database, OLD).migrate()
    reused = OLD.replace("total: int", "amount: int was total").replace("[[total", "[[amount") + ""
    await Project(database, reused).migrate()
    text = reused.replace("was total", "").replace("      code: string", "      total?: int\n      code: string")
    with pytest.raises(
        MigrationRefused, match=r"orders\.total: in the database the name is still that of orders\.amount"
    ) as refused:
        await Project(database, text).migrate()
    assert "--finish-renames" in str(refused.value.hint)
    assert await Project(database, text).migrate(finish_renames=True) == ["add column orders.total: int"]


async def test_in_development_a_rename_is_one_of_the_database_at_once(database: Database) -> None:
    old, new = Project(database, OLD), Project(database, NEW["all at once"])
    await old.migrate(remake_empty=True)
    await works(old, "a")
    await new.migrate(remake_empty=True, finish_renames=True)
    assert set(await new.stored()) == {"people", "purchases"}
    assert await new.codes() == [("a", 7)]


MISTAKES = {
    OLD.replace("total: int", "amount: int was code"): "amount was code, which is declared, too",
    OLD.replace("total: int", "amount: int was total").replace("id: int primary", "id: int primary was total"): (
        "cannot both have been total"
    ),
    OLD.replace("total: int", "total: int was total"): "`was` names what the column was called before",
    OLD.replace("total: int", "total: int was"): "`was` names what the column was called before",
    OLD.replace("  orders:\n", "  orders:\n    was: buyers\n"): "orders was buyers, which is declared, too",
    OLD.replace("  orders:\n", "  orders:\n    was: {a: b}\n"): "was: expected what the table was called before",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_rename_that_cannot_be_is_reported_where_it_stands(text: str) -> None:
    with pytest.raises(BadTablesFile) as bad:
        load_tables(text)
    assert any(MISTAKES[text] in diagnostic.message and diagnostic.line > 1 for diagnostic in bad.value.diagnostics)
