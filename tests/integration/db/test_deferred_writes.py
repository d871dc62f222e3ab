"""What is put off to the end of a transaction looks as if it had been done at once."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from sqlalchemy import exc as sa_exc

from payloom.db import compiled_statements
from payloom.db.deferred_writes import defer_insert, on_before_commit
from payloom.db.transactions import locking_reads, savepoint

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio

notes = sa.Table(
    "later_notes", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True), sa.Column("body", sa.Text)
)


@pytest.fixture
async def notebook(database: Database) -> Database:
    """A database with a table to write into."""
    await database.write(notes.metadata.create_all)
    return database


def later(tx: sa.Connection, *ids: int) -> None:
    """Insert rows at the end."""
    defer_insert(tx, notes, [{"id": number, "body": "x"} for number in ids])


def ids(tx: sa.Connection) -> list[int]:
    """What is there."""
    return list(tx.execute(sa.select(notes.c.id).order_by(notes.c.id)).scalars())


async def test_rows_that_wait_are_there_for_whoever_looks(notebook: Database) -> None:
    """Also before the end, also when some of them have been written by then."""

    def work(tx: sa.Connection) -> list[list[int]]:
        seen = []
        for number in (1, 2):
            later(tx, number)
            seen.append(ids(tx))
        later(tx, 3)
        return seen

    assert await notebook.write(work) == [[1], [1, 2]]
    assert await notebook.read(ids) == [1, 2, 3]


@pytest.mark.parametrize("look", [False, True])
async def test_a_savepoint_takes_back_what_was_put_off_in_it_and_nothing_else(notebook: Database, look: bool) -> None:
    """Rows that waited before it stay, even if they were written inside."""

    def work(tx: sa.Connection) -> None:
        later(tx, 1)
        with contextlib.suppress(LookupError), savepoint(tx):
            later(tx, 2)
            if look:
                ids(tx)
            with savepoint(tx):
                later(tx, 3)
            raise LookupError
        later(tx, 4)

    await notebook.write(work)
    assert await notebook.read(ids) == [1, 4]


async def test_a_row_the_database_refuses_fails_the_work_that_put_it_off(notebook: Database) -> None:
    """Its neighbours in the same commit are stored."""
    await notebook.write(lambda tx: later(tx, 99))
    works: list[Any] = [lambda tx, n=number: later(tx, n, n + 100) for number in range(10)]
    works.append(lambda tx: later(tx, 50, 99))
    results = await asyncio.gather(*[notebook.write(work) for work in works], return_exceptions=True)
    assert [isinstance(result, sa_exc.IntegrityError) for result in results] == [False] * 10 + [True]
    assert 50 not in await notebook.read(ids)


async def test_a_refused_row_is_caught_where_it_was_put_off(notebook: Database) -> None:
    """As if it had been inserted there: the work goes on from its savepoint."""

    def work(tx: sa.Connection) -> str:
        later(tx, 1)
        try:
            with savepoint(tx):
                later(tx, 2)
                later(tx, 1)
        except sa_exc.IntegrityError:
            later(tx, 3)
            return "caught"
        return "missed"

    assert await notebook.write(work) == "caught"
    assert await notebook.read(ids) == [1, 3]


async def test_a_failed_statement_in_a_savepoint_leaves_the_rest_as_it_was(notebook: Database) -> None:
    """On Postgres an error ends the transaction unless it is undone; the caller must not notice."""
    tries = 0

    def work(tx: sa.Connection) -> None:
        nonlocal tries
        tries += 1
        tx.execute(sa.insert(notes).values(id=1))
        with contextlib.suppress(sa_exc.DBAPIError), savepoint(tx):
            tx.execute(sa.insert(notes).values(id=2))
            tx.execute(sa.text("SELECT nothing_like_it FROM later_notes"))
        tx.execute(sa.insert(notes).values(id=3))

    await notebook.write(work)
    assert await notebook.read(ids) == [1, 3]
    assert tries == 2


async def test_a_failure_that_wrote_nothing_costs_nothing(notebook: Database) -> None:
    """It is not worth doing everything again."""
    tries = 0

    def work(tx: sa.Connection) -> None:
        nonlocal tries
        tries += 1
        later(tx, 1)
        ids(tx)
        with contextlib.suppress(LookupError), savepoint(tx):
            tx.execute(sa.update(notes).where(notes.c.id == 99).values(body="y"))
            later(tx, 2)
            raise LookupError

    await notebook.write(lambda tx: later(tx, 7))
    await notebook.write(work)
    assert tries == 1
    assert await notebook.read(ids) == [1, 7]


async def test_what_is_to_be_done_before_the_commit_is_done_once_and_sees_everything(notebook: Database) -> None:
    """However often it is asked for; what it puts off itself is written, too."""
    seen: list[list[int]] = []

    def finish(tx: sa.Connection) -> None:
        seen.append(ids(tx))
        later(tx, 9)

    def work(tx: sa.Connection) -> None:
        for number in (1, 2):
            on_before_commit(tx, "finish", finish)
            later(tx, number)

    await notebook.write(work)
    assert seen == [[1, 2]]
    assert await notebook.read(ids) == [1, 2, 9]


async def test_a_list_in_a_kept_statement_may_be_of_any_length(notebook: Database) -> None:
    """Each length is another statement for the driver; what is given beside it stays in its place."""
    listed = notes.c.id.in_(sa.bindparam("W1", expanding=True))
    select = sa.select(notes.c.id).where(notes.c.body == sa.bindparam("W0"), listed).order_by(notes.c.id)
    update = sa.update(notes).where(listed).values(body=sa.bindparam("S_body")).returning(notes.c.id)

    def work(tx: sa.Connection) -> list[list[int]]:
        later(tx, *range(1, 9))
        seen: list[list[int]] = []
        for numbers in ([1], [2, 3], [4, 99], [], [5, 6, 7], [8]):
            with locking_reads(tx):
                rows = compiled_statements.rows(tx, select, {"W0": "x", "W1": numbers})
            seen.append([row[0] for row in rows])
        changed = compiled_statements.rows(tx, update, {"S_body": "y", "W1": [1, 2]})
        seen.append(sorted(row[0] for row in changed))
        seen.append([row[0] for row in compiled_statements.rows(tx, select, {"W0": "y", "W1": list(range(9))})])
        return seen

    assert await notebook.write(work) == [[1], [2, 3], [4], [], [5, 6, 7], [8], [1, 2], [1, 2]]
