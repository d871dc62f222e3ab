"""The one way to the database keeps its word on SQLite and on Postgres."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import decimal
import sqlite3
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import exc as sa_exc

from payloom.db.database import Database, metadata, open_database
from payloom.db.errors import DatabaseNewer, DatabaseUnavailable, DatabaseUrlNotUnderstood
from payloom.db.migrate import VERSION_TABLE, migrate
from payloom.db.migrations.__main__ import load_models
from payloom.db.transactions import after_commit, savepoint
from payloom.db.types import Json, UtcDateTime

pytestmark = pytest.mark.anyio

notes = sa.Table(
    "notes",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("body", Json),
    sa.Column("at", UtcDateTime),
)


@pytest.fixture
async def notebook(database: Database) -> Database:
    """A database with a table to write into."""
    await database.write(notes.metadata.create_all)
    return database


def add(number: int) -> Any:
    """Work that inserts one row."""
    return lambda tx: tx.execute(sa.insert(notes).values(id=number))


async def ids(database: Database) -> list[int]:
    """What is stored."""
    return await database.read(lambda tx: list(tx.execute(sa.select(notes.c.id).order_by(notes.c.id)).scalars()))


async def test_a_failure_undoes_its_own_work_and_nobody_elses(notebook: Database) -> None:
    """Callers that share a commit do not share a fate."""

    def fail(tx: sa.Connection) -> None:
        tx.execute(sa.insert(notes).values(id=100))
        raise LookupError("no")

    work = [notebook.write(fail if number % 3 == 0 else add(number)) for number in range(30)]
    results = await asyncio.gather(*work, return_exceptions=True)
    assert [isinstance(result, LookupError) for result in results] == [number % 3 == 0 for number in range(30)]
    assert await ids(notebook) == [number for number in range(30) if number % 3]


async def test_a_database_error_reaches_its_caller_alone(notebook: Database) -> None:
    """A broken rule is an error of the one who broke it."""
    await notebook.write(add(1))
    results = await asyncio.gather(notebook.write(add(1)), notebook.write(add(2)), return_exceptions=True)
    assert isinstance(results[0], sa_exc.IntegrityError)
    assert await ids(notebook) == [1, 2]


async def test_counting_together_loses_no_count(notebook: Database) -> None:
    """Read-then-write by many callers is safe where a lock is taken."""
    await notebook.write(lambda tx: tx.execute(sa.insert(notes).values(id=1, body=0)))

    def increase(tx: sa.Connection) -> None:
        notebook.write_lock(tx, "counter")
        count = tx.execute(sa.select(notes.c.body)).scalar_one()
        tx.execute(sa.update(notes).values(body=count + 1))

    await asyncio.gather(*[notebook.write(increase) for _ in range(40)])
    assert await notebook.read(lambda tx: tx.execute(sa.select(notes.c.body)).scalar_one()) == 40


async def test_hooks_run_after_a_commit_and_never_after_a_rollback(notebook: Database) -> None:
    """A write that was acknowledged is in the database."""
    calls: list[str] = []

    def good(tx: sa.Connection) -> None:
        add(1)(tx)
        after_commit(tx, lambda: calls.append("good"))
        with contextlib.suppress(LookupError), savepoint(tx):
            add(2)(tx)
            after_commit(tx, lambda: calls.append("undone"))
            raise LookupError

    def bad(tx: sa.Connection) -> None:
        after_commit(tx, lambda: calls.append("bad"))
        raise LookupError

    await asyncio.gather(notebook.write(good), notebook.write(bad), return_exceptions=True)
    assert calls == ["good"]
    assert await ids(notebook) == [1]


async def test_values_come_back_as_they_were(notebook: Database) -> None:
    """JSON keeps moments, decimals and keys that look like tags; datetimes keep their microseconds."""
    moment = dt.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=dt.UTC)
    body = {
        "at": moment,
        "price": decimal.Decimal("1.10"),
        "wait": dt.timedelta(days=14, microseconds=7),
        "day": moment.date(),
        "raw": b"\x00\xff",
        "text": 'zero \u0000 and \ud800 and {"$timestamp": "no"}',
        "odd": {"$timestamp": 5},
        "tagged": {"$map": {"$date": "x"}},
        "list": [1, [None, True, {"$x": 1}]],
    }
    await notebook.write(lambda tx: tx.execute(sa.insert(notes).values(id=1, body=body, at=moment)))
    row = await notebook.read(lambda tx: tx.execute(sa.select(notes)).one())
    assert row.body == body
    assert row.at == moment
    assert row.at.tzinfo is dt.UTC


async def test_a_naive_datetime_is_refused(notebook: Database) -> None:
    """Nobody knows which moment it means."""
    naive = dt.datetime(2026, 1, 1)  # noqa: DTZ001 - the point
    with pytest.raises(sa_exc.StatementError, match="naive"):
        await notebook.write(lambda tx: tx.execute(sa.insert(notes).values(id=1, at=naive)))


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # payloom_mails_to: SQLite cannot show it
async def test_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    """Nobody forgot to write a migration."""
    load_models()

    def differences(tx: sa.Connection) -> list[Any]:
        known = {table.name for table in metadata.sorted_tables}
        context = MigrationContext.configure(
            tx,
            opts={
                "version_table": VERSION_TABLE,
                "compare_type": False,
                "include_object": lambda _object, name, kind, *_: kind != "table" or name in known,
            },
        )
        return compare_metadata(context, metadata)

    assert await database.read(differences) == []


async def test_migrating_again_does_nothing(database: Database) -> None:
    """It runs at every start."""
    assert await migrate(database) is False


async def test_a_newer_database_is_not_touched(database: Database) -> None:
    """An old process must not guess what newer tables mean."""
    await database.write(lambda tx: tx.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")))
    with pytest.raises(DatabaseNewer):
        await migrate(database)


async def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    """A rolling deploy starts them together."""
    opened = [open_database(empty_database_url) for _ in range(3)]
    results = await asyncio.gather(*[migrate(database) for database in opened])
    assert any(results)
    for database in opened:
        assert await migrate(database) is False
        await database.close()


async def test_a_closed_database_says_so(database_url: str) -> None:
    """Instead of hanging."""
    database = open_database(database_url)
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await database.write(lambda tx: tx.execute(sa.text("SELECT 1")))


@pytest.mark.parametrize("url", ["", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "shop.db"])
async def test_addresses_that_are_not_understood_are_refused_with_a_hint(url: str) -> None:
    """Not with a driver's traceback."""
    with pytest.raises(DatabaseUrlNotUnderstood) as caught:
        open_database(url)
    assert "sqlite:///" in str(caught.value)


async def test_a_connection_that_a_thread_returns_after_the_close_is_closed(database: Database) -> None:
    late = database.engine.raw_connection()
    driver: Any = late.dbapi_connection
    await database.close()
    late.close()
    with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError)):
        driver.execute("SELECT 1")


async def test_a_transaction_that_nobody_goes_on_with_ends_by_itself(database: Database) -> None:
    """Its machine may be cut off from the database in the middle of it; its locks must not stay for hours."""
    if database.dialect == "sqlite":
        pytest.skip("its process is on this machine: it holds no lock after its end")
    query = "SELECT current_setting('idle_in_transaction_session_timeout'), current_setting('TimeZone')"
    assert await database.read(lambda tx: tuple(tx.exec_driver_sql(query).one())) == ("1min", "UTC")
    options = {"keepalives_idle": "15", "tcp_user_timeout": "30000"}
    with contextlib.closing(database.engine.raw_connection()) as connection:
        driver: Any = connection.driver_connection
        assert options.items() <= driver.info.get_parameters().items()
