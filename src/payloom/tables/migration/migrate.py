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
from payloom.tables import models
from payloom.tables.definition.schema import build
from payloom.tables.definition.spec import TableSpec
from payloom.tables.errors import MigrationRefused
from payloom.tables.migration.changes import Change, compare
from payloom.tables.migration.destructive_changes import DestructiveChangeCheck
from payloom.tables.migration.last_applied import read_last_applied, remember
from payloom.tables.migration.seeding import seed_declared
from payloom.tables.migration.undeclared import target_tables
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
    dry_run: bool = False,
) -> list[Change]:
    """Apply what changed in the declaration, insert new seed rows, and return the changes.

    allow_drop: `orders.coupon` or `coupons`: columns and tables whose values may be lost.
    keep_newer: leave a table as it is if a newer declaration than this one was applied to it and it can be used so.
    dry_run: change nothing, return what would be done.
    Needs Payloom's own tables. Raises `MigrationRefused` naming everything that would be lost or broken; nothing is
    changed then.
    """
    task = _Migration(tables, clock, frozenset(allow_drop), keep_newer=keep_newer, dry_run=dry_run)
    return await asyncio.to_thread(_migrate, database.engine, task)


async def pending_losses(database: Database, tables: Tables) -> dict[str, str]:
    """Return what `allow_drop` would lose: by the name to allow (`orders.coupon` or `coupons`), one sentence each."""

    def work(tx: sa.Connection) -> dict[str, str]:
        if not sa.inspect(tx).has_table(models.applied.name):
            return {}
        before = read_last_applied(tx).specs
        check = DestructiveChangeCheck(tx, before, tables.specs, ())
        refusals = check.refusals(compare(before, tables.specs))
        return {refusal.change.target: refusal.reason for refusal in refusals if refusal.can_be_allowed}

    return await database.read(work)


@dataclasses.dataclass(frozen=True, slots=True)
class _Migration:
    """What is to be done; see `migrate`."""

    tables: Tables
    clock: Clock
    allow_drop: frozenset[str]
    keep_newer: bool
    dry_run: bool


def _migrate(engine: sa.Engine, task: _Migration) -> list[Change]:
    with engine.connect().execution_options(payloom_begin="BEGIN IMMEDIATE") as conn:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            # Only outside a transaction; a table cannot be swapped for its copy while others' references are watched.
            _pragma(conn, "foreign_keys=OFF")
        try:
            with conn.begin():
                if not sqlite:
                    conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.literal(_LOCK, sa.BigInteger))))
                changes = _apply(conn, task)
                if sqlite and conn.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise MigrationRefused("A reference would be left without its row.")
        finally:
            if sqlite:
                _pragma(conn, "foreign_keys=ON")
    return changes


def _pragma(conn: sa.Connection, pragma: str) -> None:
    dbapi = conn.connection.dbapi_connection
    assert dbapi is not None
    cursor = dbapi.cursor()
    cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _apply(tx: sa.Connection, task: _Migration) -> list[Change]:
    last_applied = read_last_applied(tx)
    before = last_applied.specs
    after = target_tables(last_applied, task.tables.specs, task.allow_drop, keep_newer=task.keep_newer)
    changes = compare(before, after)
    _refuse_foreign_tables(tx, changes)
    refusals = DestructiveChangeCheck(tx, before, after, task.allow_drop).refusals(changes)
    if refusals:
        lines = "\n".join(f"  - {refusal}" for refusal in refusals)
        raise MigrationRefused(
            f"tables.yaml changed in ways that would lose or break stored data; nothing was changed.\n{lines}",
            refused=[str(refusal) for refusal in refusals],
        )
    if task.dry_run:
        return changes
    try:
        _make(tx, before, after, changes, task.clock)
    except IntegrityError as error:
        raise MigrationRefused(f"The stored rows do not fit tables.yaml: {error.orig}") from error
    remember(tx, last_applied, after, task.tables.specs, task.clock)
    seed_declared(tx, task.tables, task.clock)
    return changes


def _refuse_foreign_tables(tx: sa.Connection, changes: list[Change]) -> None:
    existing = set(sa.inspect(tx).get_table_names())
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
    metadata = build(after)
    for change in changes:
        if change.kind == "create_table":
            metadata.tables[change.table].create(tx)
    for name in after:
        own = [change for change in changes if change.table == name]
        if name in before and own:
            # Alembic takes a while to import, which a start that has nothing to alter need not pay.
            from payloom.tables.migration.alter import Alteration  # noqa: PLC0415 - loads on use

            Alteration(tx, before[name], after[name], metadata=metadata, changes=own, now=clock.now()).run()
    for change in changes:
        if change.kind == "drop_table":
            sa.Table(change.table, sa.MetaData()).drop(tx)
