"""The tables that each version of a workflow was written for: what tables.yaml said when it was published.

Servers of an older and a newer version of a project share the runs. Each does the steps of a run with the names and
columns that the run's own version knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.runs.models import declarations, versions
from payloom.tables.definition.spec import TableSpec, describe, restore
from payloom.tables.migration.last_applied import fingerprint
from payloom.workflows.program.program import Workflow

Declared = Mapping[str, TableSpec]


class DeclaredTables:
    """Remembers for which tables the versions that this process met were written."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin with none; see use."""
        self._database = database
        self._clock = clock
        self._own: tuple[str, Declared] | None = None
        self._digests: dict[tuple[str, str], str | None] = {}
        self._tables: dict[str, Declared] = {}

    def use(self, tables: Declared) -> None:
        """From now on publish workflows as written for these tables, which are this server's own."""
        digest = hashlib.sha256("".join(sorted(map(fingerprint, tables.values()))).encode()).hexdigest()
        self._own = digest, tables
        self._tables[digest] = tables

    def store(self, tx: sa.Connection, workflows: Iterable[Workflow]) -> None:
        """Note, in the transaction that stores these workflows, that they are written for this server's tables."""
        if self._own is None:
            return
        digest, tables = self._own
        here = sa.select(declarations.c.digest).where(declarations.c.digest == digest)
        if tx.execute(here).first() is None:
            self._database.write_lock(tx, "declarations")
            if tx.execute(here).first() is None:
                described = [describe(spec) for spec in tables.values()]
                row = {"digest": digest, "tables": described, "at": self._clock.now()}
                tx.execute(sa.insert(declarations).values(row))
        columns = versions.c
        for workflow in workflows:
            own = (columns.workflow_id == workflow.id) & (columns.hash == workflow.version)
            other = columns.declared.is_distinct_from(digest)
            tx.execute(sa.update(versions).where(own, other).values(declared=digest))
            self._digests[workflow.id, workflow.version] = digest

    def learn(self, tx: sa.Connection, workflow_id: str, version: str, digest: str | None) -> None:
        """Note for which tables a version of another server was written. digest: as its row has it."""
        self._digests[workflow_id, version] = digest
        if digest is not None and digest not in self._tables:
            stored = tx.execute(sa.select(declarations.c.tables).where(declarations.c.digest == digest)).scalar()
            if stored is not None:
                self._tables[digest] = {spec.name: spec for spec in map(restore, stored)}

    def of(self, workflow_id: str, version: str) -> Declared | None:
        """Return the tables that a version was written for; None: this server's own, as far as anybody knows."""
        digest = self._digests.get((workflow_id, version))
        if digest is None or self._own is None or digest == self._own[0]:
            return None
        return self._tables.get(digest)
