"""Table triggers: a row changed by a run starts other runs, stored in the transaction of the change.

They are queued, never driven inside the step that changed the row: its transaction stays short, and a run that fails
takes nothing of the one that started it with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.db import locking_reads
from payloom.kit import strict_json
from payloom.kit.ids import new_id
from payloom.runs import dedupe
from payloom.runs.parts import Parts
from payloom.runs.rows import Run, event_run_id, insert_failed, insert_run
from payloom.runs.scripts import Cause, RowChange
from payloom.workflows.commands import Do, StepFailure

DEEPEST = 8
"""A change made by a run that a change started, and so on: this far."""
_VERBS: Mapping[str, frozenset[str]] = {
    "insert": frozenset({"insert"}),
    "update": frozenset({"update"}),
    "upsert": frozenset({"insert", "update"}),
    "delete": frozenset({"delete"}),
}

Row = Mapping[str, Any]


def perform(parts: Parts, tx: sa.Connection, run: Run, do: Do) -> Any:
    """Do a table step and start the runs that its changes start; returns the step's value."""
    if do.verb == "select" or not _VERBS[do.verb] & parts.scripts.watched(do.action):
        return parts.tables.perform(tx, do.verb, do.action, do.args)
    before = _before(parts, tx, do)
    value = parts.tables.perform(tx, do.verb, do.action, do.args)
    rows = value if isinstance(value, list) else [] if value is None else [value]
    for number, change in enumerate(_changes(do, rows, before)):
        started(parts, tx, change, by=run, seed=f"row:{run.id}:{do.path}:{number}")
    return value


def _before(parts: Parts, tx: sa.Connection, do: Do) -> list[Row]:
    """Return the rows that the step is about to change as they are, locked."""
    if do.verb == "update":
        with locking_reads(tx):
            return parts.tables.perform(tx, "select", do.action, {"where": do.args.get("where")})
    if do.verb != "upsert":
        return []
    found: list[Row] = []
    for values in _listed(do.args["values"]):
        where = {name: values.get(name) for name in _names(do.args["key"])}
        if None not in where.values():
            # A row that is not there yet cannot be locked: another upsert of it waits for this lock instead.
            parts.database.write_lock(tx, f"upsert:{do.action}:{strict_json.canonical(list(map(str, where.values())))}")
            with locking_reads(tx):
                found += parts.tables.perform(tx, "select", do.action, {"where": where})
    return found


def _changes(do: Do, rows: Sequence[Row], before: Sequence[Row]) -> list[RowChange]:
    if do.verb in ("insert", "delete"):
        kind = do.verb
        return [RowChange(do.action, kind, row, None if kind == "insert" else row) for row in rows]  # type: ignore[arg-type]
    # A row is the one whose key, or whose columns that the step leaves alone, it has: these include the primary one.
    names = _names(do.args["key"]) if do.verb == "upsert" else None
    fixed = set(do.args.get("set", ()))

    def mark(row: Row) -> str:
        kept = {name: row[name] for name in (names or row) if name not in fixed}
        return repr(sorted(kept.items()))

    olds = {mark(row): row for row in before}
    found = []
    for row in rows:
        old = olds.get(mark(row))
        olds[mark(row)] = row
        if old is None and do.verb == "upsert":
            found.append(RowChange(do.action, "insert", row, None))
        elif old != row:
            found.append(RowChange(do.action, "update", row, old))
    return found


def started(
    parts: Parts, tx: sa.Connection, change: RowChange, *, by: Run | None = None, seed: str | None = None
) -> list[str]:
    """Within `tx`, queue a run of each workflow that `change` starts; returns their ids.

    by: the run that changed the row. seed: what the ids are derived from. A chain deeper than DEEPEST ends in a failed
    run, which shows where it came from; the change itself stays.
    """
    if change.kind not in parts.scripts.watched(change.table):
        return []
    now = parts.clock.now()
    depth = ((by.request or {}).get("depth", 0) if by is not None else 0) + 1
    ids = []
    for start in parts.scripts.row_starts(change, Cause("table", seed or change.table, seed or "", now)):
        run_id = event_run_id(seed, start.workflow_id) if seed else new_id("run")
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
        elif dedupe.claim_once(parts, tx, run, start) is None:
            run.segment = 1
            insert_run(tx, run)
            parts.engine.enqueue(tx, run_id, run.segment)
        else:
            continue
        ids.append(run_id)
    return ids


def _too_deep(change: RowChange) -> StepFailure:
    return StepFailure(
        "row_changes_too_deep",
        f"This {change.kind} of {change.table} ends a chain: {DEEPEST} times over, a changed row started a run that "
        "changed a row.",
        status=409,
        hint="The workflows start each other. Narrow a trigger's `match`, such as `old == null || row.x != old.x`.",
        data={"table": change.table, "depth": DEEPEST},
    )


def _names(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _listed(value: Any) -> list[Row]:
    return [row for row in (value if isinstance(value, list | tuple) else [value]) if isinstance(row, Mapping)]
