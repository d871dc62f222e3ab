"""Table triggers: a row changed by a run starts other runs, stored in the transaction of the change.

They are queued, never driven inside the step that changed the row: its transaction stays short, and a run that fails
takes nothing of the one that started it with it. Runs of one workflow about one row go one after another, in the order
of the changes: whoever has changed a row holds it until the commit, so places in its lane are given in that order.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa

from payloom.connectors.port import TableHost
from payloom.db.transactions import locking_reads
from payloom.kit import strict_json
from payloom.kit.clock import to_epoch
from payloom.kit.ids import new_id
from payloom.runs.coordination.dedupe import DedupeKeys
from payloom.runs.coordination.lanes import LaneAdmission, Lanes
from payloom.runs.dependencies import RunDependencies
from payloom.runs.registry import RowChange, StartPlan, TriggerContext
from payloom.runs.run_rows import Run, derived_run_id, insert_failed, insert_run
from payloom.workflows.program.commands import Do, StepFailure

DEEPEST = 8
"""A change made by a run that a change started, and so on: this far."""
_VERBS: Mapping[str, frozenset[str]] = {
    "insert": frozenset({"insert"}),
    "update": frozenset({"update"}),
    "upsert": frozenset({"insert", "update"}),
    "delete": frozenset({"delete"}),
}

Row = Mapping[str, Any]


class TableTriggers:
    """Does table steps and starts the runs that their changes trigger."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps
        self._lanes = Lanes(deps)
        self._dedupe = DedupeKeys(deps)

    def perform(self, tx: sa.Connection, run: Run, do: Do) -> Any:
        """Do a table step and start the runs that its changes start; returns the step's value."""
        own, host = self._deps.tables, self.host(tx, run)
        table = do.action if host is own else own.adopt(tx, host, do.action, (), there=False)[0]
        if do.verb == "select" or not _VERBS[do.verb] & self._deps.workflows.watched(table):
            return host.perform(tx, do.verb, do.action, do.args)
        before = self._before(tx, host, do)
        value: Any = host.perform(tx, do.verb, do.action, do.args)
        changes = _changes(do, _listed(value), before)
        if host is not own:
            changes = [self._adopted(tx, host, change) for change in changes]
        seeds = [f"row:{run.id}:{do.path}:{number}" for number in range(len(changes))]
        self._start(tx, list(zip(changes, seeds, strict=True)), by=run)
        return value

    def host(self, tx: sa.Connection, run: Run) -> TableHost:
        """Return what does the run's table steps: under the names of the tables that its version was written for."""
        declared = self._deps.workflows.declared(run.workflow_id, run.version)
        return self._deps.tables if declared is None else self._deps.tables.declared_as(tx, declared)

    def _adopted(self, tx: sa.Connection, host: TableHost, change: RowChange) -> RowChange:
        """Return a change that a run of another version made, under the names of this server's workflows."""
        table, rows = self._deps.tables.adopt(
            tx, host, change.table, (change.row, change.old), there=change.kind != "delete"
        )
        return RowChange(table, change.kind, rows[0] or {}, rows[1])

    def _before(self, tx: sa.Connection, host: TableHost, do: Do) -> list[Row]:
        """Return the rows that the step is about to change as they are, locked."""
        if do.verb == "update":
            with locking_reads(tx):
                return host.perform(tx, "select", do.action, {"where": do.args.get("where")})
        if do.verb != "upsert":
            return []
        rows: list[Row] = []
        for values in _listed(do.args["values"]):
            where = {name: values.get(name) for name in _names(do.args["key"])}
            if None not in where.values():
                # A row that is not there yet cannot be locked: another upsert of it waits for this lock instead.
                self._deps.database.write_lock(
                    tx, f"upsert:{do.action}:{strict_json.canonical(list(map(str, where.values())))}"
                )
                with locking_reads(tx):
                    rows += host.perform(tx, "select", do.action, {"where": where})
        return rows

    def start_runs(self, tx: sa.Connection, *changes: RowChange) -> list[str]:
        """Queue the runs of each workflow that these changes start; returns their ids.

        tx: the transaction that changed the rows by other means than a run.
        """
        return self._start(tx, [(change, None) for change in changes])

    def _start(
        self, tx: sa.Connection, changes: Sequence[tuple[RowChange, str | None]], *, by: Run | None = None
    ) -> list[str]:
        """by: the run that changed the rows. The text beside a change is what the ids of its runs are derived from.

        A chain deeper than DEEPEST ends in a failed run, which shows where it came from; the change itself stays.
        """
        now = self._deps.clock.now()
        starts: list[tuple[RowChange, str | None, StartPlan]] = []
        for change, seed in changes:
            if change.kind in self._deps.workflows.watched(change.table):
                context = TriggerContext("table", seed or change.table, seed or "", now)
                starts += [(change, seed, start) for start in self._deps.workflows.row_starts(change, context)]
        if not starts:
            return []
        began = to_epoch(by.created_at if by is not None else now)
        depth: int = (by.facts.get("depth", 0) if by is not None else 0) + 1
        admission = self._lanes.admission(tx, [start.lane for _, _, start in starts])
        ids: list[str] = []
        for change, seed, start in starts:
            run_id = derived_run_id(seed, began, start.workflow_id) if seed else new_id("run")
            run = Run(
                id=run_id,
                root_id=run_id,
                workflow_id=start.workflow_id,
                version=start.version,
                pins=dict(start.pins) or None,
                trigger="table",
                trigger_index=start.trigger_index,
                request={**dataclasses.asdict(change), "depth": depth, "by": by.id if by is not None else None},
                created_at=now,
                started_at=now,
                updated_at=now,
            )
            failure = start.failure or (_too_deep(change) if depth > DEEPEST else None)
            if failure is not None:
                insert_failed(tx, run, failure)
            elif self._dedupe.claim_once(tx, run, start) is None:
                self._queue(tx, run, start.lane, admission)
            else:
                continue
            ids.append(run_id)
        return ids

    def _queue(self, tx: sa.Connection, run: Run, lane: str | None, admission: LaneAdmission) -> None:
        """Insert a run behind those of its lane; on the queue if there are none."""
        if lane is not None:
            run.lane, run.lane_position = lane, admission.position_behind_all(lane, run.created_at)
            run.blocked = admission.occupied(lane)
            admission.admit(lane, run.lane_position)
        run.segment = 0 if run.blocked else 1
        insert_run(tx, run)
        if not run.blocked:
            self._deps.engine.enqueue(tx, run.id, run.segment)


def _changes(do: Do, rows: Sequence[Row], before: Sequence[Row]) -> list[RowChange]:
    if do.verb in ("insert", "delete"):
        kind = do.verb
        return [RowChange(do.action, kind, row, None if kind == "insert" else row) for row in rows]
    # A row is the one whose key, or whose columns that the step leaves alone, it has: these include the primary one.
    names = _names(do.args["key"]) if do.verb == "upsert" else None
    fixed = set(do.args.get("set", ()))

    def mark(row: Row) -> str:
        changed = {name: row[name] for name in (names or row) if name not in fixed}
        return repr(sorted(changed.items()))

    olds = {mark(row): row for row in before}
    changes: list[RowChange] = []
    for row in rows:
        old = olds.get(mark(row))
        olds[mark(row)] = row
        if old is None and do.verb == "upsert":
            changes.append(RowChange(do.action, "insert", row, None))
        elif old != row:
            changes.append(RowChange(do.action, "update", row, old))
    return changes


def _too_deep(change: RowChange) -> StepFailure:
    return StepFailure(
        "row_changes_too_deep",
        f"This {change.kind} of {change.table} is the end of {DEEPEST} runs that started one another by changing rows.",
        status=409,
        hint="The workflows start each other. Narrow a trigger's `match`, such as `old == null || row.x != old.x`.",
        data={"table": change.table, "depth": DEEPEST},
    )


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _listed(value: Any) -> list[Row]:
    rows = cast("Sequence[Any]", value) if isinstance(value, list | tuple) else [value]
    return [cast("Row", row) for row in rows if isinstance(row, Mapping)]
