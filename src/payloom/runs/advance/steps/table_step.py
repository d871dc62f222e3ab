"""One table step: done in a savepoint of its own, so that a step that fails leaves nothing behind."""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from payloom.connectors.port import StepFailed
from payloom.db.transactions import locking_reads, savepoint
from payloom.runs.advance.failures import internal_failure
from payloom.runs.advance.steps.table_triggers import TableTriggers
from payloom.runs.coordination.parking import Parking
from payloom.runs.dependencies import RunDependencies
from payloom.runs.run_rows import Run
from payloom.workflows.program.commands import Do, StepFailure

log = logging.getLogger("payloom.runs")


class TableSteps:
    """Does one table step at a time."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps
        self._table_triggers = TableTriggers(deps)
        self._parking = Parking(deps)

    def table_of(self, tx: sa.Connection, run: Run, do: Do) -> str:
        """Return what the database calls the step's table."""
        return self._table_triggers.host(tx, run).name_in_database(do.action)

    def perform(self, tx: sa.Connection, run: Run, do: Do) -> Any:
        """Do a table step within `tx` and return its value.

        Raises `StepFailed`, or a database error that the caller retries.
        """
        # A read on SQLite leaves nothing to undo; on Postgres any error would end the whole transaction.
        guarded = do.verb != "select" or self._deps.database.dialect != "sqlite"
        # Read, decide, write: what was read must not change in between. SQLite has one writer, Postgres locks the rows.
        locking = do.verb == "select" and do.action in self._deps.workflows.writes(run.start())
        try:
            with (
                savepoint(tx) if guarded else contextlib.nullcontext(),
                locking_reads(tx) if locking else contextlib.nullcontext(),
            ):
                value = self._table_triggers.perform(tx, run, do)
                self._parking.wake_parked(tx, do.verb, self.table_of(tx, run, do))
                return value
        except StepFailed:
            raise
        except (exc.IntegrityError, exc.DataError, exc.ProgrammingError) as error:
            ids = {"run": run.id, "step": do.path}
            log.exception("run %s, step %s: the database refused", run.id, do.path, extra=ids)
            message = f"The database refused: {type(error.orig).__name__}."
            raise StepFailed(StepFailure("database_refused", message, where=do.path)) from error
        except exc.SQLAlchemyError:
            raise
        except Exception as error:
            log.exception("run %s, step %s failed", run.id, do.path, extra={"run": run.id, "step": do.path})
            raise StepFailed(internal_failure(error, step=do.path)) from error
