"""Indexes that a migration brings are built on Postgres while servers write."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event as sa_event

from payloom.db.migrate import FOLDER, head, migrate
from payloom.db.migrations.__main__ import load_models

if TYPE_CHECKING:
    from payloom.db.database import Database

pytestmark = pytest.mark.anyio
BEFORE = "0013"
INSERT = """
INSERT INTO payloom_runs (id, root_id, workflow_id, version, trigger, trigger_index, status, epoch, segment, blocked,
    parked_times, cancel_requested, retries, created_at, started_at, updated_at)
VALUES (:id, :id, 'w', 'v', 'manual', 0, 'queued', 0, 0, false, 0, false, 0, now(), now(), now())
"""


def downgrade(database: Database, revision: str = BEFORE) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with database.engine.connect() as conn, conn.begin():
        config.attributes["connection"] = conn
        command.downgrade(config, revision)


@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgresql"])
async def test_indexes_are_built_while_others_write(database: Database) -> None:
    load_models()
    await asyncio.to_thread(downgrade, database)
    # Half built, as a process that died leaves it.
    await database.write(lambda tx: tx.exec_driver_sql("CREATE INDEX payloom_runs_of_status ON payloom_runs (status)"))
    invalid = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'payloom_runs_of_status'::regclass"
    await database.write(lambda tx: tx.exec_driver_sql(invalid))
    built: list[str] = []

    def listen(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INDEX" in statement and statement.lstrip().startswith("CREATE"):
            built.append(statement)

    sa_event.listen(database.engine, "before_cursor_execute", listen)
    over = asyncio.Event()

    async def write() -> int:
        """Insert runs one after another; nobody is kept waiting for a lock for a second."""
        number = 0
        while not over.is_set():

            def work(tx: sa.Connection, number: int = number) -> None:
                tx.exec_driver_sql("SET LOCAL lock_timeout = '1s'")
                tx.execute(sa.text(INSERT), {"id": f"run_{number}"})

            await database.write(work)
            number += 1
        return number

    writer = asyncio.create_task(write())
    assert await asyncio.wait_for(migrate(database), 60)
    over.set()
    assert await writer > 0
    sa_event.remove(database.engine, "before_cursor_execute", listen)
    concurrently = [line for line in built if "CONCURRENTLY" in line]
    assert len(concurrently) >= 12
    assert all("IF NOT EXISTS" in line for line in built if line not in concurrently), "the migration found them"
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'payloom_runs_of_status'::regclass"
    assert await database.read(lambda tx: tx.exec_driver_sql(valid).scalar()) is True
    assert await migrate(database) is False


@pytest.mark.parametrize("revision", [f"{number:04d}" for number in range(8, int(head()))])
async def test_a_database_of_every_earlier_revision_comes_up_to_date(database: Database, revision: str) -> None:
    """Indexes that are built beforehand may need columns that are not there yet, or be those of a later revision."""
    load_models()
    downgrade(database, revision)
    assert await migrate(database)
    indexes = await database.read(lambda tx: {index["name"] for index in sa.inspect(tx).get_indexes("payloom_runs")})
    assert {"payloom_runs_unresolved", "payloom_runs_forked_from"} <= indexes
