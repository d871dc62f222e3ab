"""Writes what a turn has changed, at its end and in its transaction."""

from __future__ import annotations

import functools

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.db.deferred_writes import defer_insert
from payloom.runs.advance.turn_changes import TurnChanges
from payloom.runs.coordination.lanes import Lanes
from payloom.runs.coordination.shared_calls import SharedCalls
from payloom.runs.coordination.waits import delete_waits
from payloom.runs.dependencies import RunDependencies
from payloom.runs.models import logs, runs, steps, waits
from payloom.runs.run_rows import run_changes, run_values

UPDATE_STEP = sa.update(steps).where(steps.c.run_id == sa.bindparam("at_run"), steps.c.path == sa.bindparam("at_path"))
_UPDATE_RUN = sa.update(runs).where(runs.c.id == sa.bindparam("at_run"))


@functools.cache
def _update_step(columns: frozenset[str]) -> sa.Update:
    """Return the update that sets these columns; built once per set, as building costs more than running."""
    return UPDATE_STEP.values({name: sa.bindparam(f"new_{name}", type_=steps.c[name].type) for name in columns})


@functools.cache
def _update_run(columns: frozenset[str]) -> sa.Update:
    return _UPDATE_RUN.values({name: sa.bindparam(f"new_{name}", type_=runs.c[name].type) for name in columns})


class TurnWriter:
    """Writes the changes of turns."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps
        self._lanes = Lanes(deps)
        self._shared_calls = SharedCalls(deps)

    def write(self, changes: TurnChanges) -> None:
        """Write the run's row, steps, waits and log lines; if the run ended, let those that wait for it continue."""
        tx, run, stored = changes.tx, changes.run, changes.before.stored
        if not stored:
            run.updated_at = self._deps.clock.now()
            defer_insert(tx, runs, [run_values(run)])
        elif changed := run_changes(changes.before.run, run):
            changed["updated_at"] = run.updated_at = self._deps.clock.now()
            new = {f"new_{name}": value for name, value in changed.items()}
            compiled_statements.rows(tx, _update_run(frozenset(changed)), {"at_run": run.id, **new})
        for path, values in changes.step_updates:
            new = {f"new_{name}": value for name, value in values.items()}
            compiled_statements.rows(tx, _update_step(frozenset(values)), {"at_run": run.id, "at_path": path, **new})
        if changes.step_inserts:
            defer_insert(tx, steps, changes.step_inserts)
        if changes.wait_inserts:
            defer_insert(tx, waits, changes.wait_inserts)
        if changes.log_inserts:
            defer_insert(tx, logs, changes.log_inserts)
        if not changes.ended:
            return
        if any(step.waiting for step in changes.open.values()):
            delete_waits(tx, run.id)
        if run.dedupe_key is not None and stored:  # nothing can wait for a run that was not stored before
            self._shared_calls.answer_callers(tx, run)
        if run.lane is not None and stored:  # a new run found its lane empty, and keeps it locked
            self._lanes.release(tx, run.lane, run.id)
