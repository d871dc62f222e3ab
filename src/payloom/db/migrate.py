"""Brings Payloom's own tables to the newest shape.

Runs at every start; it is quick when there is nothing to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc, schema

from payloom.db.database import Database, metadata
from payloom.db.errors import DatabaseNewer, MayNotMigrate

VERSION_TABLE = "payloom_alembic_version"
FOLDER = Path(__file__).parent / "migrations"
_INSUFFICIENT_PRIVILEGE = "42501"
_UNDEFINED_COLUMN = "42703"
_LOCK = 7_229_046_171_283_310_001
"""Key of the advisory lock that makes several starting processes migrate one after another."""


@contextlib.contextmanager
def explain_missing_rights() -> Generator[None]:
    """Raise `MayNotMigrate` if Postgres refuses a statement of the block for lack of rights."""
    try:
        yield
    except exc.ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != _INSUFFICIENT_PRIVILEGE:
            raise
        raise MayNotMigrate(
            f"The tables are not up to date, and this database role may not change them: {str(error.orig).splitlines()[0]}.",
            hint="Run `payloom migrate` with the address of the role that owns the tables.",
        ) from error


def head() -> str:
    """Return the newest revision: files are named `0001_what_it_does.py`, and the number is the revision."""
    return max(path.name.split("_")[0] for path in (FOLDER / "versions").glob("[0-9]*.py"))


async def migrate(database: Database) -> bool:
    """Bring the tables up to date; returns whether anything had to be done.

    Raises `DatabaseNewer` when a newer Payloom has been here.
    """
    newest = head()
    revision = await database.read(_current)
    if revision == newest:
        return False
    if revision is not None and revision > newest:
        raise DatabaseNewer(
            f"The database is at migration {revision}, this Payloom knows {newest}.",
            hint="Start the newer version again, or restore a backup from before it.",
        )
    loop = asyncio.get_running_loop()
    if revision is not None and database.dialect == "postgresql":
        await loop.run_in_executor(None, _build_indexes, database.engine)
    await loop.run_in_executor(None, _upgrade, database.engine)
    return True


def _current(tx: sa.Connection) -> str | None:
    if not sa.inspect(tx).has_table(VERSION_TABLE):
        return None
    return tx.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _build_indexes(engine: sa.Engine) -> None:
    """Build the indexes that the tables are to have and that need no new column, while other servers write to them.

    The migration that brings them finds them built. Within its transaction they would keep every writer waiting.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        # Not waited for in a statement: what builds an index waits for all statements that are under way.
        while not conn.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK + 1}).scalar():
            time.sleep(0.2)
        try:
            for index in _missing_indexes(conn):
                conn.execute(sa.text(f'DROP INDEX CONCURRENTLY IF EXISTS "{index.name}"'))  # left half built
                _create_concurrently(conn, index)
        finally:
            conn.execute(sa.text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK + 1})


def _missing_indexes(conn: sa.Connection) -> Iterator[sa.Index]:
    valid = sa.text("SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid")
    built = {name.strip('"').rpartition(".")[2] for name in conn.execute(valid).scalars()}
    inspector = sa.inspect(conn)
    for table in metadata.sorted_tables:
        if table.name.startswith("payloom_") and inspector.has_table(table.name):
            columns = {column["name"] for column in inspector.get_columns(table.name)}
            for index in table.indexes:
                if index.name not in built and {column.name for column in index.columns} <= columns:
                    yield index


def _create_concurrently(conn: sa.Connection, index: sa.Index) -> None:
    options = index.dialect_options["postgresql"]
    options["concurrently"] = True
    try:
        conn.execute(schema.CreateIndex(index))
    except exc.ProgrammingError as error:
        # Its condition names a column that a migration is yet to bring: that migration brings the index, too.
        if getattr(error.orig, "sqlstate", None) != _UNDEFINED_COLUMN:
            raise
    finally:
        options["concurrently"] = False


def _upgrade(engine: sa.Engine) -> None:
    # Alembic takes 60 ms and 9 MB to import, which a start that has nothing to migrate need not pay.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.connect().execution_options(payloom_begin="BEGIN IMMEDIATE") as conn, conn.begin():
        if engine.dialect.name == "postgresql":
            conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = conn
        command.upgrade(config, "head")
