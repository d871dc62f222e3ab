"""What the driver asks of the connectors: do one table step inside a transaction, do one outside step once.

A connector answers with the step's value (JSON-able, plus `datetime`) or raises `StepFailed`. Any other exception is a
bug in the connector and is recorded as the step failure `internal`, except database errors, which roll the transaction
back.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from payloom.tables.definition.spec import TableSpec
from payloom.workflows.program.commands import Do, StepFailure


class StepFailed(Exception):
    """The step could not be done; `failure` says why, in the words `catch` and the run page use."""

    def __init__(self, failure: StepFailure) -> None:
        self.failure = failure
        super().__init__(f"{failure.kind}: {failure.message}")


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt of an outside step this is.

    number: 1 for the first.
    first_at: when the first attempt began. Outside systems forget idempotency keys (Stripe after 24 hours):
        a step whose first attempt is older than that must look for its effect before it sends again.
    in_doubt: an earlier attempt might have had its effect (the process died during it, or it ended without a response).
    run_id: the run, for metadata and logs.
    fields: those of a long list's items that the workflow reads, and that need be kept; None for all.
    """

    run_id: str
    number: int
    first_at: dt.datetime
    in_doubt: bool = False
    fields: frozenset[str] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """What a step answers whose rows belong into the transaction that records its success.

    record: writes them and returns the step's value. The database may run it again; it writes nothing else.
    """

    record: Callable[[sa.Connection], Any]


class TableHost(Protocol):
    """Does table verbs."""

    def perform(self, tx: sa.Connection, verb: str, table: str, args: Mapping[str, Any]) -> Any:
        """Do one table step inside `tx` and return its value.

        Synchronous: nothing but database work. Raises `StepFailed`; the caller undoes what this step wrote. The
        failure kind
        `row_not_found` with an `update` lets a run started by an event wait until the row exists.
        """
        ...

    def declared_as(self, tx: sa.Connection, declared: Mapping[str, TableSpec]) -> TableHost:
        """Return what does the verbs under the names of another declaration of the tables."""
        ...

    def name_in_database(self, table: str) -> str:
        """Return what the database calls a table: the same for every version of the project."""
        ...

    def adopt(
        self, tx: sa.Connection, other: TableHost, table: str, rows: Sequence[Mapping[str, Any] | None], *, there: bool
    ) -> tuple[str, list[Mapping[str, Any] | None]]:
        """Return a table and rows of it, as `other` has them, under this declaration's names.

        rows: one row at different times. there: whether the row is still in the table, so that columns which `other`
        does not know can be read.
        """
        ...


class OutsideHost(Protocol):
    """Does everything that leaves the machine: verbs `stripe`, `email`, `http`, `python`."""

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do one step under `do.key` and return its value, or a `Recording` that gives it.

        May be called again with the same `do` after a crash or a retryable failure; the effect must happen once per
        `do.key`.
        Raises `StepFailed`, with `failure.retryable` when trying again may help, and `failure.data["in_doubt"] =
        True` when the
        effect may have happened all the same.
        """
        ...
