"""The versions of workflows: written once when loaded, pinned by runs, read back when a run needs an older one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.db.database import Database
from payloom.kit.clock import Clock
from payloom.kit.suggest import did_you_mean
from payloom.runs.errors import VersionUnknown, WorkflowUnknown
from payloom.runs.models import versions
from payloom.runs.publishing import publications, schedules
from payloom.runs.publishing.declared_tables import DeclaredTables
from payloom.runs.publishing.publications import Author
from payloom.workflows.compiler.compile import load_model
from payloom.workflows.program.program import Workflow


class Versions:
    """Current workflows by id, and every version by id and hash."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin with none; see publish."""
        self._database = database
        self._clock = clock
        self._current: dict[str, Workflow] = {}
        self._known: dict[tuple[str, str], Workflow] = {}
        self._pins: dict[str, dict[str, str]] = {}
        self._seen = 0
        self._lock = threading.Lock()
        self.declared = DeclaredTables(database, clock)

    async def publish(
        self, workflows: Iterable[Workflow], sources: Mapping[str, str] | None = None, *, announce: Author | None = None
    ) -> tuple[int, Mapping[str, str | None]]:
        """Store the versions of all current workflows and make them the ones that new runs use, and arrange schedules.

        sources: the files' text by workflow id, kept for people to read. A workflow that is not in it was not read now:
        the tables it is written for stay as they were.
        announce: tell all other workers what changed, and who did it; without it (at a start) they go on with what
        they have. Returns the number of the publication
        and the changed workflows with their hashes (None: taken away).
        """
        listed = list(workflows)
        before = {name: workflow.version for name, workflow in self._current.items()}
        after = {workflow.id: workflow.version for workflow in listed}
        changes: dict[str, str | None] = {name: after.get(name) for name in {*before, *after}}
        changes = {name: version for name, version in changes.items() if before.get(name) != version}

        def work(tx: sa.Connection) -> tuple[int, Mapping[str, str | None]]:
            self._store(tx, listed, sources, alone=announce is not None)
            if announce is None or not changes:
                return publications.latest(tx), changes
            self._database.write_lock(tx, "publications")
            return publications.record(tx, changes, announce.name, announce.at), changes

        number, _ = await self._database.write(work)
        with self._lock:
            self._known |= {(workflow.id, workflow.version): workflow for workflow in listed}
            self._current = {workflow.id: workflow for workflow in listed}
            self._pins = {}
            self._seen = number
        return number, changes

    async def news(self) -> Mapping[str, Workflow | None]:
        """Take over what other workers published; returns the changed workflows (None: taken away)."""

        def work(tx: sa.Connection) -> publications.RemoteChanges:
            publications_since = publications.since(tx, self._seen)
            self.ensure(tx, [(name, version) for name, version in publications_since.changes.items() if version])
            return publications_since

        publications_since = await self._database.read(work)
        changes = {
            name: None if version is None else self.get(name, version)
            for name, version in publications_since.changes.items()
            if version != (self._current[name].version if name in self._current else None)
        }
        with self._lock:
            unchanged = {name: workflow for name, workflow in self._current.items() if name not in changes}
            self._current = {
                **unchanged,
                **{name: workflow for name, workflow in changes.items() if workflow is not None},
            }
            self._pins = {}
            self._seen = publications_since.number
        return changes

    def _store(
        self, tx: sa.Connection, workflows: Sequence[Workflow], sources: Mapping[str, str] | None, *, alone: bool
    ) -> None:
        known = {tuple(row) for row in tx.execute(sa.select(versions.c.workflow_id, versions.c.hash))}
        for workflow in workflows:
            if (workflow.id, workflow.version) in known:
                continue
            # Another process may be publishing the same files: the first one wins, they are equal.
            self._database.write_lock(tx, f"version:{workflow.id}")
            here = sa.select(versions.c.hash).where(
                versions.c.workflow_id == workflow.id, versions.c.hash == workflow.version
            )
            if tx.execute(here).first() is None:
                tx.execute(
                    sa.insert(versions).values(
                        workflow_id=workflow.id,
                        hash=workflow.version,
                        model=workflow.to_model(),
                        source=sources.get(workflow.id) if sources else None,
                        created_at=self._clock.now(),
                    )
                )
        # One whose file is left out stays a workflow for the tables it was written for.
        self.declared.store(tx, [workflow for workflow in workflows if sources is None or workflow.id in sources])
        scheduled = schedules.schedules_of(workflows)
        if schedules.needs_upsert(tx, scheduled):
            self._database.write_lock(tx, "schedules")
            schedules.upsert_schedules(tx, scheduled, self._clock.now(), alone=alone)

    @property
    def current(self) -> Mapping[str, Workflow]:
        """The newest version of each workflow, by id."""
        return self._current

    def get_current(self, workflow_id: str) -> Workflow:
        """Return the newest version; raises `WorkflowUnknown`."""
        workflow = self._current.get(workflow_id)
        if workflow is None:
            hint = did_you_mean(workflow_id, self._current) or "See `payloom check` for the workflows there are."
            raise WorkflowUnknown(f"There is no workflow {workflow_id!r}.", hint=hint)
        return workflow

    def get(self, workflow_id: str, version: str) -> Workflow:
        """Return a version that is current, or was read by `ensure`; raises `VersionUnknown`."""
        workflow = self._known.get((workflow_id, version))
        if workflow is None:
            raise VersionUnknown(
                f"Version {version[:12]} of workflow {workflow_id!r} is not stored.",
                hint="Rerun the run on the current version.",
            )
        return workflow

    def ensure(self, tx: sa.Connection, references: Iterable[tuple[str, str]]) -> None:
        """Read versions from the store that this process has not met yet. Unknown ones are left to `get`."""
        for workflow_id, version in references:
            if (workflow_id, version) in self._known:
                continue
            query = sa.select(versions.c.model, versions.c.declared).where(
                versions.c.workflow_id == workflow_id, versions.c.hash == version
            )
            row: Any = tx.execute(query).first()
            if row is not None:
                self.declared.learn(tx, workflow_id, version, row.declared)
                self._known[workflow_id, version] = load_model(row.model, workflow_id)

    def pins(self, workflow: Workflow) -> Mapping[str, str]:
        """Return the current versions of everything `workflow` calls, directly or not, by id."""
        cached = self._pins.get(workflow.id)
        if cached is None or self._current.get(workflow.id) is not workflow:
            cached = {}
            todo = sorted(workflow.calls)
            while todo:
                name = todo.pop()
                called = self._current.get(name)
                if called is not None and name not in cached:
                    cached[name] = called.version
                    todo.extend(called.calls)
            self._pins[workflow.id] = cached
        return cached
