"""Brings the user's tables to what tables.yaml says, in one transaction: additions at once, losses only when allowed.

A column or table that is no longer declared stays until somebody allows it to go, see `undeclared.py`. What was last
applied is remembered in `payloom_tables`; only a declaration that changed costs anything. SQLite cannot alter most of a
table: there it is copied into a new one by the steps SQLite's manual gives.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.tables.definition.schema import build_all
from payloom.tables.definition.spec import TableSpec
from payloom.tables.errors import MigrationRefused
from payloom.tables.migration.changes import Change, compare
from payloom.tables.migration.destructive_changes import DestructiveChangeCheck
from payloom.tables.migration.last_applied import read_last_applied, remember
from payloom.tables.migration.plan import MigrationPlan, statements_of
from payloom.tables.migration.renames import aligned, finish, finished, renames, resolve, taken_names
from payloom.tables.migration.seeding import seed_declared
from payloom.tables.migration.undeclared import left_alone, target_tables
from payloom.tables.query.sql import Tables

_LOCK = 7_229_046_171_283_310_002
"""Key of the advisory lock that makes several starting processes migrate one after another."""


async def migrate(
    database: Database,
    tables: Tables,
    clock: Clock,
    *,
    allow_drop: Collection[str] = (),
    keep_newer: bool = False,
    remake_empty: bool = False,
    finish_renames: bool = False,
    dry_run: bool = False,
    also: Tables | None = None,
) -> list[Change]:
    """Apply what changed in the declaration, insert new seed rows, and return the changes.

    allow_drop: `orders.coupon` or `coupons`: columns and tables whose values may be lost.
    keep_newer: leave a table as it is if a newer declaration than this one was applied to it and it can be used so.
    remake_empty: make a changed table that has no rows anew, whatever changed.
    finish_renames: give renamed tables and columns their names in the database, too; no other version may run then.
    dry_run: change nothing, return what would be done.
    also: other tables, in use until now, that are these afterwards: no write of this process comes between.
    Without `dry_run`, `tables` know afterwards what they are called in the database.
    Needs Payloom's own tables. Raises `MigrationRefused` naming everything that would be lost or broken; nothing is
    changed then.
    """
    task = _Migration(
        tables,
        clock,
        frozenset(allow_drop),
        keep_newer=keep_newer,
        remake_empty=remake_empty,
        finish_renames=finish_renames,
        dry_run=dry_run,
        also=also,
    )
    return await asyncio.to_thread(_migrate, database, task)


async def plan(
    database: Database,
    tables: Tables,
    clock: Clock,
    *,
    allow_drop: Collection[str] = (),
    remake_empty: bool = False,
    finish_renames: bool = False,
) -> MigrationPlan:
    """Return what `migrate` would do; change nothing. Raises `MigrationRefused` as `migrate` does."""
    task = _Migration(
        tables,
        clock,
        frozenset(allow_drop),
        keep_newer=False,
        remake_empty=remake_empty,
        finish_renames=finish_renames,
        dry_run=True,
    )

    def work(tx: sa.Connection) -> MigrationPlan:
        statements: list[str] = []
        changes = _apply(tx, task, statements)
        return MigrationPlan([str(change) for change in changes], statements, _losses(tx, tables))

    return await database.read(work)


async def pending_losses(database: Database, tables: Tables) -> dict[str, str]:
    """Return what `allow_drop` would lose: by the name to allow (`orders.coupon` or `coupons`), one sentence each."""
    return await database.read(lambda tx: _losses(tx, tables))


def _losses(tx: sa.Connection, tables: Tables) -> dict[str, str]:
    stored = read_last_applied(tx).specs
    before, after = aligned(stored, tables.specs), resolve(tables.specs, stored)
    refusals = DestructiveChangeCheck(tx, before, after, ()).refusals(compare(before, after))
    return {refusal.change.target: refusal.reason for refusal in refusals if refusal.can_be_allowed}


@dataclasses.dataclass(frozen=True, slots=True)
class _Migration:
    """What is to be done; see `migrate`."""

    tables: Tables
    clock: Clock
    allow_drop: frozenset[str]
    keep_newer: bool
    remake_empty: bool
    finish_renames: bool
    dry_run: bool
    also: Tables | None = None


def _migrate(database: Database, task: _Migration) -> list[Change]:
    engine = database.engine
    with database.alone(), engine.connect().execution_options(payloom_begin="BEGIN IMMEDIATE") as conn:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            # Only outside a transaction; a table cannot be swapped for its copy while others' references are watched.
            _pragma(conn, "foreign_keys=OFF")
        try:
            with conn.begin():
                if not sqlite:
                    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(_LOCK, sa.BigInteger))))
                changes = _apply(conn, task)
                located = resolve(task.tables.specs, read_last_applied(conn).specs)
                if sqlite and conn.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise MigrationRefused("A reference would be left without its row.")
        finally:
            if sqlite:
                _pragma(conn, "foreign_keys=ON")
        for tables in (task.tables, task.also):
            if tables is not None and not task.dry_run:
                tables.use(located)
    return changes


def _pragma(conn: sa.Connection, pragma: str) -> None:
    dbapi = conn.connection.dbapi_connection
    assert dbapi is not None
    cursor = dbapi.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _apply(tx: sa.Connection, task: _Migration, statements: list[str] | None = None) -> list[Change]:
    """Make the changes. With `dry_run` make none, and add to `statements` what would be executed."""
    stored = read_last_applied(tx)
    alone = left_alone(stored, task.tables.specs) if task.keep_newer else {}
    declared = {name: spec for name, spec in task.tables.specs.items() if name not in alone}
    known = aligned(stored.specs, declared)
    remade = _changed_and_empty(tx, known, resolve(declared, stored.specs)) if task.remake_empty else []
    before = {name: spec for name, spec in known.items() if name not in remade}
    after = target_tables(before, declared, task.allow_drop)
    changes = [*_not_of(renames(stored.specs, known), remade), *compare(before, after)]
    _refuse_taken_names(tx, after, [change for change in changes if change.table not in remade], task)
    refusals = DestructiveChangeCheck(tx, before, after, task.allow_drop).refusals(changes)
    if refusals:
        lines = "\n".join(f"  - {refusal}" for refusal in refusals)
        raise MigrationRefused(
            f"tables.yaml changed in ways that would lose or break stored data; nothing was changed.\n{lines}",
            refused=[str(refusal) for refusal in refusals],
        )
    end = {name: finished(spec) for name, spec in after.items()} if task.finish_renames else after

    def make() -> None:
        for name in remade:
            sa.Table(known[name].stored, sa.MetaData()).drop(tx)
        start = before
        if task.finish_renames:
            finish(tx, before)
            start = {name: finished(spec) for name, spec in before.items()}
        _make(tx, start, end, changes, task.clock)

    if task.dry_run:
        if statements is not None:
            statements += statements_of(tx, make)
        return changes
    try:
        make()
    except IntegrityError as error:
        raise MigrationRefused(f"The stored rows do not fit tables.yaml: {error.orig}") from error
    remember(tx, stored, known, end, declared=declared, clock=task.clock)
    seed_declared(tx, Tables(resolve(task.tables.specs, end), task.clock), task.clock)
    return changes


def _not_of(changes: list[Change], tables: Collection[str]) -> list[Change]:
    return [change for change in changes if change.table not in tables]


def _changed_and_empty(
    tx: sa.Connection, before: Mapping[str, TableSpec], declared: Mapping[str, TableSpec]
) -> list[str]:
    """Return the tables that can be dropped and made anew, those that refer to others first."""
    empty_tables: list[str] = []
    for name in reversed(list(before)):
        if name not in declared or not compare({name: before[name]}, {name: declared[name]}):
            continue
        referring = {
            other
            for other, spec in before.items()
            for column in spec.columns.values()
            if column.references and column.references[0] == name
        } - {name, *empty_tables}
        if referring and tx.dialect.name != "sqlite":
            continue  # Postgres drops no table that others refer to; it is altered, as one with rows is.
        if not tx.execute(sa.select(sa.literal(1)).select_from(sa.table(before[name].stored)).limit(1)).first():
            empty_tables.append(name)
    return empty_tables


def _refuse_taken_names(
    tx: sa.Connection, after: Mapping[str, TableSpec], changes: list[Change], task: _Migration
) -> None:
    clashes = taken_names(after)
    if clashes and not task.finish_renames:
        raise MigrationRefused(
            f"A renamed table or column still has its old name in the database. {clashes[0]}.",
            hint="Choose another name, or stop all servers and run `payloom migrate --finish-renames`.",
            taken=clashes,
        )
    existing = set(sa.inspect(tx).get_table_names()) - {spec.stored for spec in after.values() if spec.was}
    existing_tables = [change.table for change in changes if change.kind == "create_table" and change.table in existing]
    if existing_tables:
        raise MigrationRefused(
            f"The database already has a table {existing_tables[0]} that Payloom did not make.",
            hint="Give the table in tables.yaml another name, or use a database (or schema) of its own.",
            tables=existing_tables,
        )


def _make(
    tx: sa.Connection,
    before: Mapping[str, TableSpec],
    after: Mapping[str, TableSpec],
    changes: list[Change],
    clock: Clock,
) -> None:
    built = build_all(after, sa.MetaData())
    for change in changes:
        if change.kind == "create_table":
            built[change.table].create(tx)
    for name in after:
        own = [change for change in changes if change.table == name and not change.kind.startswith("rename")]
        if name in before and own:
            # Alembic takes a while to import, which a start that has nothing to alter need not pay.
            from payloom.tables.migration.alter import Alteration  # noqa: PLC0415 - loads on use

            Alteration(tx, before[name], after[name], tables=built, changes=own, now=clock.now()).run()
    for change in changes:
        if change.kind == "drop_table":
            sa.Table(before[change.table].stored, sa.MetaData()).drop(tx)
