"""Does table steps inside the driver's transaction (`TableHost`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from payloom.connectors.port import StepFailed
from payloom.tables.errors import VerbFailed
from payloom.tables.query.sql import Tables
from payloom.workflows.program.commands import StepFailure


class TablesHost:
    """The table verbs on one project's tables."""

    def __init__(self, tables: Tables) -> None:
        """`tables` must have been migrated before the first step."""
        self._tables = tables

    def perform(self, tx: sa.Connection, verb: str, table: str, args: Mapping[str, Any]) -> Any:
        """Do one verb and return its value; raises `StepFailed` with the verb's own kind, e.g. `row_not_found`."""
        try:
            return self._tables.perform(tx, verb, table, args)
        except VerbFailed as failed:
            failure = StepFailure(
                kind=failed.code,
                message=failed.message,
                status=failed.status,
                hint=failed.hint,
                data=failed.data,
            )
            raise StepFailed(failure) from failed
