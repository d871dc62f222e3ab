"""Copies a database while it is in use, and makes a database of a copy."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Generator, Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.db.errors import BackupToolFailed, BadBackup, DatabaseUnavailable
from payloom.db.identity import Identity, read_identity
from payloom.db.migrate import VERSION_TABLE
from payloom.settings.private_files import private_file

_DATABASE_TOOLS = "Install the Postgres client of the server's version, or use the backups of your provider."


@dataclasses.dataclass(frozen=True, slots=True)
class Content:
    """What a database holds. revision: of Payloom's tables; None: it has none. rows: how many each table has."""

    revision: str | None
    identity: Identity | None
    rows: Mapping[str, int]

    @property
    def in_use(self) -> bool:
        """Whether anything is in it."""
        return bool(self.rows)


def read_content(tx: sa.Connection) -> Content:
    """Return what the database of a connection holds."""
    inspector = sa.inspect(tx)
    schemas = [None] if tx.dialect.name == "sqlite" else ["public", "dbos"]
    tables = [
        (schema, name)
        for schema in schemas
        for name in sorted(inspector.get_table_names(schema=schema))
        if schema != "dbos" or inspector.has_schema("dbos")
    ]
    quote = tx.dialect.identifier_preparer.quote_identifier
    rows: dict[str, int] = {}
    for schema, name in tables:
        address = quote(name) if schema is None else f"{quote(schema)}.{quote(name)}"
        count = tx.exec_driver_sql(f"SELECT count(*) FROM {address}").scalar_one()  # noqa: S608 - names of tables that are there, quoted
        rows[name if schema != "dbos" else f"dbos.{name}"] = count
    revision = identity = None
    if VERSION_TABLE in rows:
        revision = tx.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant
    if "payloom_identity" in rows:
        identity = read_identity(tx)
    return Content(revision, identity, rows)


def copy_sqlite(source: Path, target: Path) -> Content:
    """Copy a SQLite database that may be in use to one file: the state of one moment, while writers go on."""
    private_file(target)
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=60)) as original,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)  # all pages in one go: a read transaction that keeps no writer waiting
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()  # no file beside it
    except sqlite3.Error as error:
        raise DatabaseUnavailable(
            f"The database can't be copied: {error}", where=str(source), hint="Check the path and the disk's space."
        ) from error
    return check_sqlite(target)


def check_sqlite(path: Path) -> Content:
    """Check each page of a SQLite file that nobody uses, and return what it holds. Raises `BadBackup`."""
    engine = sa.create_engine(f"sqlite:///{path}")
    try:
        with engine.connect() as tx:
            problems = tx.exec_driver_sql("PRAGMA integrity_check(3)").scalars().all()
            if problems != ["ok"]:
                raise BadBackup(
                    f"the copy of the database is damaged: {problems[0]}", where=str(path), hint="Use another backup."
                )
            return read_content(tx)
    except exc.DatabaseError as error:
        raise BadBackup(
            f"the copy of the database is damaged: {error.orig}", where=str(path), hint="Use another backup."
        ) from error
    finally:
        engine.dispose()


def dump_postgres(engine: sa.Engine, target: Path) -> Content:
    """Write what a Postgres database holds at one moment to a file, by `pg_dump`, and return it."""
    private_file(target)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as tx:
        # It stays open, and idle, for as long as pg_dump takes.
        tx.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        snapshot = tx.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        content = read_content(tx)
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={target}"]
        _run_tool("pg_dump", engine.url, options)
    return content


def restore_postgres(url: sa.URL, dump: Path) -> None:
    """Make the tables and rows of a dump in an empty Postgres database, all or none, by `pg_restore`."""
    options = ["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]
    # A new database has the schema `public`, and the dump makes it again.
    with _without_public(url, dump) as contents:
        _run_tool("pg_restore", url, [*options, f"--use-list={contents}", str(dump)])


@contextlib.contextmanager
def _without_public(url: sa.URL, dump: Path) -> Generator[Path]:
    listed = _run_tool("pg_restore", url, ["--list", str(dump)], connect=False)
    contents = dump.with_suffix(".list")
    private_file(contents)
    contents.write_text(
        "".join(f"{line}\n" for line in listed.splitlines() if " SCHEMA - public " not in line), "utf-8"
    )
    try:
        yield contents
    finally:
        contents.unlink()


def check_dump(dump: Path) -> None:
    """Read the table of contents of a dump. Raises `BackupToolFailed`."""
    _run_tool("pg_restore", sa.make_url("postgresql://"), ["--list", str(dump)], connect=False)


def _run_tool(name: str, url: sa.URL, options: list[str], *, connect: bool = True) -> str:
    """Run a tool of Postgres and return what it printed; the password goes by the environment, which no other sees."""
    program = shutil.which(name)
    if program is None:
        raise BackupToolFailed(f"{name} is not on the PATH", hint=_DATABASE_TOOLS)
    environment = dict(os.environ)
    if connect:
        address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
        options = [f"--dbname={address}", *options]
        if url.password:
            environment["PGPASSWORD"] = str(url.password)
    done = subprocess.run([program, *options], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - a tool of Postgres
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        reason = lines[-1].removeprefix(f"{name}: ").removeprefix("detail: ") if lines else done.returncode
        raise BackupToolFailed(f"{name} failed: {reason}", hint=_DATABASE_TOOLS)
    return done.stdout
