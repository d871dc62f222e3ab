"""Runs a project's workflows in a transaction that is rolled back: nothing is stored, and no step leaves the process.

Test runs and dry runs share this. The database is a copy in memory if it is a small SQLite file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event as sa_event
from sqlalchemy import pool

from payloom.connectors.port import OutsideHost, TableHost
from payloom.db.transactions import begin_work
from payloom.kit.clock import Clock
from payloom.runs.dependencies import RunLimits
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.service import RunService
from payloom.sandbox.database import RollbackDatabase
from payloom.sandbox.engine import DueList, SteppedEngine, advance_due
from payloom.views.run_queries import RunQueries
from payloom.workflows.catalog.catalog import Catalog
from payloom.workflows.program.program import Workflow

COPY_UP_TO = 64 * 1024 * 1024
"""Bytes of a SQLite database that is copied into memory; in a larger one a transaction is rolled back."""
SANDBOX_LIMITS = RunLimits(max_inline_wait=-1.0, local_slots=0)
"""Every pause ends a segment, and every run goes through the queue: the sandbox takes each step itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class PublishedProject:
    """What test runs and dry runs need of a project. workflows: the published ones, which a draft can call."""

    engine: sa.Engine
    tables: TableHost
    catalog: Catalog
    env: Mapping[str, str]
    workflows: Mapping[str, Workflow]


class RolledBackRuns:
    """A RunService whose runs advance only in `advance`. Use `rolled_back_runs`."""

    def __init__(self, service: RunService, queries: RunQueries, engine: SteppedEngine, due: DueList) -> None:
        self.service = service
        self.queries = queries
        self._engine = engine
        self._due = due

    async def advance(self, *, at_most: int | None = None) -> None:
        """Advance every run that is due now until none is left, or `at_most` segments."""
        await advance_due(self._engine, self._due, at_most=at_most)


@contextlib.asynccontextmanager
async def rolled_back_runs(
    project: PublishedProject,
    tx: sa.Connection,
    draft: Workflow,
    host: OutsideHost,
    clock: Clock,
    *,
    wrap: Callable[[PublishedWorkflows], Any] = lambda workflows: workflows,
) -> AsyncGenerator[RolledBackRuns]:
    """Publish the project's workflows, with `draft` in the place of the one of its name, and yield their runs.

    tx: in a transaction that the caller rolls back. wrap: puts something around the published workflows.
    """
    database, due = RollbackDatabase(tx), DueList()
    versions = Versions(database, clock)
    await versions.publish({**project.workflows, draft.id: draft}.values())
    workflows = wrap(PublishedWorkflows(versions, project.catalog, project.env, in_lanes=False))
    engine = SteppedEngine(due, "dry_run")
    service = RunService(database, engine, clock, workflows, project.tables, host, SANDBOX_LIMITS)
    await service.start()
    try:
        yield RolledBackRuns(service, RunQueries(database), engine, due)
    finally:
        await service.stop(0.0)


@contextlib.contextmanager
def connection(engine: sa.Engine) -> Generator[sa.Connection]:
    """Yield a connection: to a copy in memory if the database is a small SQLite file, else to the database itself."""
    copied = _copied(engine)
    try:
        with (copied or engine).connect() as tx:
            yield tx
    finally:
        if copied is not None:
            copied.dispose()


@contextlib.contextmanager
def rolled_back(tx: sa.Connection) -> Generator[None]:
    """Undo everything that is done in the block."""
    begun = tx.begin()
    try:
        begin_work(tx)
        yield
    finally:
        begun.rollback()


def _copied(engine: sa.Engine) -> sa.Engine | None:
    """Return an engine on a copy in memory of a SQLite database; None for other databases and large ones."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path == ":memory:":
        return None
    source = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)
    try:
        pages = source.execute("PRAGMA page_count").fetchone()[0] * source.execute("PRAGMA page_size").fetchone()[0]
        if pages > COPY_UP_TO:
            return None
        raw = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        source.backup(raw)
    finally:
        source.close()
    raw.execute("PRAGMA foreign_keys=ON")
    engine = sa.create_engine("sqlite://", creator=lambda: raw, poolclass=pool.StaticPool)
    sa_event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    """Begin a transaction: the driver is in autocommit mode."""
    connection.exec_driver_sql("BEGIN")
