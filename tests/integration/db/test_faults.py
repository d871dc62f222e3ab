"""Races, lost connections and full disks: what was promised is kept, what cannot be done is said (A5, A8, A10)."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from sqlalchemy import exc
from tests.support.present import present

from payloom.db import compiled_statements
from payloom.db.database import Database, open_database
from payloom.db.errors import DatabaseUnavailable
from payloom.db.transactions import locking_reads, savepoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def postgres(database: Database) -> Database:
    """A Postgres."""
    if database.dialect != "postgresql":
        pytest.skip("SQLite has no server to lose")
    return database


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
async def test_a_lost_race_is_run_again(postgres: Database, state: str) -> None:
    """The caller does not notice."""
    tries = 0

    def work(tx: sa.Connection) -> int:
        nonlocal tries
        tries += 1
        if tries < 3:
            tx.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END $$")
        return tries

    assert await postgres.write(work) == 3


async def test_a_connection_lost_before_the_commit_is_made_anew(postgres: Database) -> None:
    """And the work is done once."""
    await postgres.write(lambda tx: tx.execute(sa.text("CREATE TABLE t (id int)")))
    tries = 0

    def work(tx: sa.Connection) -> None:
        nonlocal tries
        tries += 1
        tx.execute(sa.text("INSERT INTO t VALUES (1)"))
        if tries == 1:
            tx.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await postgres.write(work)
    assert tries == 2
    assert await postgres.read(lambda tx: tx.execute(sa.text("SELECT count(*) FROM t")).scalar()) == 1


@contextlib.contextmanager
def _going_on(tx: sa.Connection) -> Iterator[None]:
    """Go on although the statement inside fails."""
    with contextlib.suppress(exc.DBAPIError, exc.PendingRollbackError):
        yield
    tx.info.get("anything")


AROUND: dict[str, Sequence[Callable[[sa.Connection], contextlib.AbstractContextManager[object]]]] = {
    "nothing": (),
    "locking reads": (locking_reads,),
    "a savepoint": (savepoint,),
    "locking reads in a savepoint": (savepoint, locking_reads),
    "a savepoint within locking reads": (locking_reads, savepoint),
    "somebody who goes on": (_going_on,),
    "somebody who goes on within locking reads": (locking_reads, _going_on),
}


@pytest.mark.parametrize("compiled", [False, True], ids=["by SQLAlchemy", "kept compiled"])
@pytest.mark.parametrize("around", AROUND)
async def test_a_connection_lost_within_anything_is_made_anew(postgres: Database, around: str, compiled: bool) -> None:
    """What is closed on the way out must not hide what happened: the run would be taken for a failed one."""
    await postgres.write(lambda tx: tx.execute(sa.text("CREATE TABLE t (id int)")))
    kill = sa.select(sa.func.pg_terminate_backend(sa.func.pg_backend_pid()))
    tries = 0

    def work(tx: sa.Connection) -> None:
        nonlocal tries
        tries += 1
        with contextlib.ExitStack() as stack:
            for block in AROUND[around]:
                stack.enter_context(block(tx))
            tx.execute(sa.text("INSERT INTO t VALUES (1)"))
            if tries == 1:
                compiled_statements.rows(tx, kill, {}) if compiled else tx.execute(kill)

    await postgres.write(work)
    assert tries == 2
    assert await postgres.read(lambda tx: tx.execute(sa.text("SELECT count(*) FROM t")).scalar()) == 1


async def test_two_that_wait_for_each_other_both_finish(postgres: Database) -> None:
    """The one the server chooses is run again."""
    await postgres.write(lambda tx: tx.execute(sa.text("CREATE TABLE t (id int, n int)")))
    await postgres.write(lambda tx: tx.execute(sa.text("INSERT INTO t VALUES (1, 0), (2, 0)")))

    def work(first: int, second: int, tx: sa.Connection) -> None:
        for row in (first, second):
            tx.execute(sa.text("UPDATE t SET n = n + 1 WHERE id = :row"), {"row": row})
            tx.execute(sa.text("SELECT pg_sleep(0.2)"))

    await asyncio.gather(
        postgres.write(lambda tx: work(1, 2, tx)),
        postgres.write(lambda tx: work(2, 1, tx)),
    )
    assert await postgres.read(lambda tx: tx.execute(sa.text("SELECT sum(n) FROM t")).scalar()) == 4


async def test_a_server_that_is_not_there_is_named_as_such(tmp_path: Path) -> None:
    """With what to look at."""
    database = open_database(f"postgresql://nobody@/nothing?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable, match="Postgres"):
        await database.read(lambda tx: tx.execute(sa.text("SELECT 1")))
    await database.close()


async def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """Everybody whose work was not stored hears of it; nothing stored is lost; no restart is needed."""
    database = open_database(f"sqlite:///{tmp_path}/small.db")
    await database.write(lambda tx: tx.execute(sa.text("CREATE TABLE t (v TEXT)")))
    await database.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 12"))

    def insert(tx: sa.Connection) -> None:
        tx.execute(sa.text("INSERT INTO t VALUES (:v)"), {"v": "x" * 1000})

    results = await asyncio.gather(*[database.write(insert) for _ in range(60)], return_exceptions=True)
    stored = await database.read(lambda tx: tx.execute(sa.text("SELECT count(*) FROM t")).scalar())
    assert {type(result) for result in results if result is not None} == {DatabaseUnavailable}
    assert stored == sum(result is None for result in results)
    await database.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count = 100000"))
    await database.write(insert)
    assert await database.read(lambda tx: tx.execute(sa.text("SELECT count(*) FROM t")).scalar()) == present(stored) + 1
    await database.close()


async def test_a_damaged_file_is_named_to_whoever_reads_or_writes(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite"
    database = open_database(f"sqlite:///{path}")
    await database.write(lambda tx: tx.execute(sa.text("CREATE TABLE t (x)")))
    root = await database.read(lambda tx: tx.execute(sa.text("SELECT rootpage FROM sqlite_master")).scalar_one())
    size = await database.read(lambda tx: tx.execute(sa.text("PRAGMA page_size")).scalar_one())
    await database.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"?" * size)
    database = open_database(f"sqlite:///{path}")
    try:
        for act, statement in ((database.read, "SELECT x FROM t"), (database.write, "INSERT INTO t VALUES (1)")):
            with pytest.raises(DatabaseUnavailable, match="damaged") as refused:
                await act(lambda tx, statement=statement: tx.execute(sa.text(statement)))
            assert "payloom restore" in (refused.value.hint or "")
    finally:
        await database.close()


async def test_a_wrong_statement_is_no_state_of_the_database(database: Database) -> None:
    with pytest.raises(exc.DBAPIError, match="nowhere"):
        await database.read(lambda tx: tx.execute(sa.text("SELECT x FROM nowhere")))
