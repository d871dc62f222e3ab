"""Moves what an older Payloom left on its queue, which was in tables of DBOS, to the queue of today.

Payloom 0.1 kept its queue there. On Postgres its servers may still work while a deploy goes on, so only what none of
them has taken is moved: what waits, and what a worker had taken that is no longer alive. On SQLite there is one
process, so all of it is moved, and the tables are dropped: their names, such as `notifications`, are the project's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.engine import queue_entries
from payloom.engine.models import workers
from payloom.kit.clock import from_epoch

_BATCH = 500
_SCHEMA = {"sqlite": None, "postgresql": "dbos"}
_STATUS = "workflow_status"
_COLUMNS = ("workflow_uuid", "name", "status", "executor_id", "delay_until_epoch_ms", "created_at")
_TABLES = (
    "operation_outputs",
    "workflow_input",
    "workflow_output",
    "workflow_events_history",
    "workflow_events",
    "notifications",
    "streams",
    "workflow_schedules",
    "application_versions",
    "queues",
    _STATUS,
    "dbos_migrations",
)
"""What DBOS made in a SQLite file, in an order in which they can be dropped."""


async def move_older_queue(database: Database) -> int:
    """Move every entry that can be moved; return how many. Nothing to do where there is no older queue."""
    if not await database.read(is_there):
        return 0
    moved = 0
    while batch := await database.write(_move_entries):
        moved += batch
    if database.dialect == "sqlite":
        await database.write(_drop_tables)
    return moved


def is_there(tx: sa.Connection) -> bool:
    """Whether the database has the older queue's tables."""
    inspector, schema = sa.inspect(tx), _SCHEMA[tx.dialect.name]
    return all(inspector.has_table(name, schema=schema) for name in ("dbos_migrations", _STATUS))


def _move_entries(tx: sa.Connection) -> int:
    status = sa.table(_STATUS, *map(sa.column, _COLUMNS), schema=_SCHEMA[tx.dialect.name])
    left = status.c.status == "PENDING"
    if tx.dialect.name == "postgresql":
        left &= status.c.executor_id.not_in(sa.select(workers.c.id))
    statement = (
        sa.select(status.c.workflow_uuid, status.c.status, status.c.delay_until_epoch_ms)
        .where(status.c.name == "payloom_advance", left | status.c.status.in_(("ENQUEUED", "DELAYED")))
        .order_by(status.c.created_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    entries: Sequence[Any] = tx.execute(statement).all()
    for entry in entries:
        run_id, _, segment = entry.workflow_uuid.rpartition(":")
        queue_entries.add(tx, run_id, int(segment), _due_at(entry))
    if entries:
        tx.execute(sa.delete(status).where(status.c.workflow_uuid.in_([entry.workflow_uuid for entry in entries])))
    return len(entries)


def _due_at(entry: Any) -> dt.datetime | None:
    return from_epoch(entry.delay_until_epoch_ms / 1000) if entry.status == "DELAYED" else None


def _drop_tables(tx: sa.Connection) -> None:
    for name in _TABLES:
        tx.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")
