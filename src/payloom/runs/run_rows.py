"""Runs and steps as values, and the way between them and their rows."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import operator
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import sqlalchemy as sa

from payloom.db import compiled_statements
from payloom.db.deferred_writes import defer_insert
from payloom.inbox.service import InboxEvent
from payloom.kit.clock import rfc3339
from payloom.kit.ids import base32
from payloom.runs.models import runs, steps
from payloom.runs.registry import StartPlan
from payloom.workflows.program.commands import AuthorsFailure, Entry, FailureOrigin, InputsFailure, StepFailure

TERMINAL = frozenset({"succeeded", "failed", "refused", "canceled"})


@dataclasses.dataclass(slots=True)
class Run:
    """A run's row. See models.runs for the meaning of each column."""

    id: str
    root_id: str
    workflow_id: str
    version: str
    trigger: str
    created_at: dt.datetime
    started_at: dt.datetime
    updated_at: dt.datetime
    status: str = "queued"
    outcome: str | None = None
    forked_from: str | None = None
    pins: Any = None
    trigger_index: int = 0
    event_id: str | None = None
    object_id: str | None = None
    user_id: str | None = None
    inputs: Any = None
    request: Any = None
    dedupe_key: str | None = None
    lane: str | None = None
    lane_position: str | None = None
    owner: str | None = None
    epoch: int = 0
    segment: int = 0
    blocked: bool = False
    wake_at: dt.datetime | None = None
    waiting_for: Any = None
    parked_on: str | None = None
    parked_since: dt.datetime | None = None
    parked_times: int = 0
    cancel_requested: bool = False
    retries: int = 0
    response: Any = None
    output: Any = None
    failure: Any = None
    http_status: int | None = None
    finished_at: dt.datetime | None = None

    @property
    def finished(self) -> bool:
        """Tell whether the run has ended."""
        return self.status in TERMINAL

    @property
    def facts(self) -> Mapping[str, Any]:
        """What else the run's scope was built from; see the column `request`."""
        return self.request or {}

    @property
    def failed_path(self) -> str | None:
        """The path of the step that failed the run, if one did."""
        failure: Mapping[str, Any] = self.failure or {}
        return failure.get("path")

    def start(self) -> StartPlan:
        """Return how it was started."""
        request = self.facts
        return StartPlan(
            workflow_id=self.workflow_id,
            version=self.version,
            trigger_index=self.trigger_index,
            lane=self.lane,
            fresh=request.get("fresh"),
            pins=self.pins or {},
        )


_RUN_FIELDS = tuple(field.name for field in dataclasses.fields(Run))
_IN_ORDER = operator.attrgetter(*_RUN_FIELDS)
_RUN_COLUMNS: tuple[sa.Column[Any], ...] = tuple(runs.c[name] for name in _RUN_FIELDS)
SELECT_RUN = sa.select(*_RUN_COLUMNS)
SELECT_RUN_BY_ID = SELECT_RUN.where(runs.c.id == sa.bindparam("run_id"))
SELECT_RUN_FOR_UPDATE = SELECT_RUN_BY_ID.with_for_update()
FIRST_EPOCH = 1
"""Of a run that the worker which stored it advances: nobody has claimed it since, and its journal is its own."""


def copy_run(run: Run) -> Run:
    """Return a copy (dataclasses.replace costs ten times as much)."""
    return Run(*_IN_ORDER(run))


def run_changes(before: Run, after: Run) -> dict[str, Any]:
    """Return the columns that differ."""
    values = zip(_RUN_FIELDS, _IN_ORDER(after), _IN_ORDER(before), strict=True)
    return {name: new for name, new, old in values if new is not old and new != old}


def run_from(row: sa.Row[Any]) -> Run:
    """Return the value of a row selected with SELECT_RUN."""
    return Run(*row)


def load_run(tx: sa.Connection, run_id: str, *, lock: bool = False) -> Run | None:
    """Return a run, or None. lock: keep others from writing it until `tx` ends."""
    query = SELECT_RUN_FOR_UPDATE if lock else SELECT_RUN_BY_ID
    rows = compiled_statements.rows(tx, query, {"run_id": run_id})
    return Run(*rows[0]) if rows else None


def load_runs(tx: sa.Connection, ids: Sequence[str]) -> list[Run]:
    """Return those of the runs that there are, in no order."""
    return [Run(*row) for row in compiled_statements.rows_by_key(tx, _RUN_COLUMNS, ids)]


def run_values(run: Run) -> dict[str, Any]:
    """Return all columns of a run, for an insert."""
    return dict(zip(_RUN_FIELDS, _IN_ORDER(run), strict=True))


_FAILURES: Mapping[FailureOrigin | None, type[StepFailure]] = {
    failure.origin: failure for failure in (StepFailure, AuthorsFailure, InputsFailure)
}


def failure_to_json(failure: StepFailure) -> dict[str, Any]:
    """Return the stored form of a failure. `origin` is there only if the failure has one."""
    stored = {
        "kind": failure.kind,
        "message": failure.message,
        "status": failure.status,
        "hint": failure.hint,
        "where": failure.where,
        "data": dict(failure.data),
        "retryable": failure.retryable,
    }
    return stored if failure.origin is None else {**stored, "origin": failure.origin}


def failure_from_json(stored: Mapping[str, Any]) -> StepFailure:
    """Return the failure from its stored form."""
    values = dict(stored)
    return _FAILURES[values.pop("origin", None)](**values)


def run_failure(run: Run) -> StepFailure:
    """Return the failure of a failed run."""
    stored: Mapping[str, Any] = run.failure or {}
    return failure_from_json({name: value for name, value in stored.items() if name != "path"})


def derived_run_id(cause: str, at: int, workflow_id: str) -> str:
    """Return the id of the one run that a cause may start of a workflow: an event, or a step that changed a row.

    It sorts by `at`, so that new rows come at the end of each index.

    at: when the event happened, or the run of the step was made, in seconds since 1970. Each time the same.
    """
    digest = hashlib.sha256(f"{cause}\0{workflow_id}".encode()).digest()
    return f"run_{base32(at * 1000 << 80 | int.from_bytes(digest[:10], 'big'))}"


def first_run_of(tx: sa.Connection, event: InboxEvent, workflow_id: str) -> str:
    """Return the id of the run that an event started of a workflow; if it is gone, the id that it would have."""
    query = sa.select(runs.c.id).where(
        runs.c.event_id == event.id, runs.c.workflow_id == workflow_id, runs.c.forked_from.is_(None)
    )
    stored = tx.execute(query.limit(1)).scalar()
    return stored or derived_run_id(event.id, event.created, workflow_id)


def scheduled_run_id(workflow_id: str, moment: dt.datetime) -> str:
    """Return the id of the one run a moment may start of a workflow."""
    digest = hashlib.sha256(f"schedule:{rfc3339(moment)}\0{workflow_id}".encode()).digest()
    return f"run_{base32(int.from_bytes(digest[:16], 'big'))[::-1]}"  # the order of the digits as it has always been


def insert_failed(
    tx: sa.Connection,
    run: Run,
    failure: StepFailure,
    *,
    status: Literal["failed", "refused"] = "failed",
    http_status: int | None = None,
) -> None:
    """Insert a run that is over before it began. http_status: the failure's own if None."""
    now = run.created_at
    failed = dataclasses.replace(
        run,
        status=status,
        failure={**failure_to_json(failure), "path": None},
        http_status=http_status or failure.status,
        finished_at=now,
        lane=None,
        owner=None,
    )
    insert_run(tx, failed)


def insert_run(tx: sa.Connection, run: Run) -> None:
    """Insert a run, at the latest before the next read."""
    defer_insert(tx, runs, [run_values(run)])


class OpenStepRow(TypedDict):
    """The columns of a step without a result that a turn needs."""

    path: str
    verb: str
    status: str
    attempts: int
    in_doubt: bool
    first_attempt_at: dt.datetime | None
    retry_at: dt.datetime | None


@dataclasses.dataclass(slots=True)
class Journal:
    """A run's steps: what is recorded, in order, and what is open (started or waiting), by path."""

    entries: list[Entry]
    open: dict[str, OpenStepRow]
    seq: int


@dataclasses.dataclass(frozen=True, slots=True)
class Superseded:
    """A failed step that a retry by hand has set aside. kind: of its failure."""

    kind: str
    first_at: dt.datetime | None
    in_doubt: bool


def superseded(tx: sa.Connection, run_id: str, path: str) -> list[Superseded]:
    """Return what was tried at a step before the run was retried, the oldest first."""
    query = sa.select(steps.c.failure, steps.c.first_attempt_at, steps.c.in_doubt).where(
        steps.c.run_id == run_id, steps.c.status == "superseded", steps.c.path.startswith(f"{path}#", autoescape=True)
    )
    earlier: list[Superseded] = []
    for row in tx.execute(query.order_by(steps.c.seq)):
        failure = failure_from_json(row.failure)
        earlier.append(
            Superseded(failure.kind, row.first_attempt_at, row.in_doubt or bool(failure.data.get("in_doubt")))
        )
    return earlier


_SELECT_STEPS = (
    sa.select(
        steps.c.path,
        steps.c.seq,
        steps.c.verb,
        steps.c.status,
        steps.c.attempts,
        steps.c.in_doubt,
        steps.c.first_attempt_at,
        steps.c.retry_at,
        steps.c.value,
        steps.c.failure,
        steps.c.at,
    )
    .where(steps.c.run_id == sa.bindparam("run_id"))
    .order_by(steps.c.seq)
)


def load_journal(tx: sa.Connection, run_id: str) -> Journal:
    """Return the journal of a run."""
    journal = Journal([], {}, 0)
    for row in compiled_statements.rows(tx, _SELECT_STEPS, {"run_id": run_id}):
        path, seq, verb, status, attempts, in_doubt, first_attempt_at, retry_at, value, stored_failure, at = row
        journal.seq = max(journal.seq, seq)
        if status in ("succeeded", "failed"):
            failure = failure_from_json(stored_failure) if status == "failed" else None
            journal.entries.append(Entry(path, value, failure, at))
        elif status in ("started", "waiting"):
            journal.open[path] = OpenStepRow(
                path=path,
                verb=verb,
                status=status,
                attempts=attempts,
                in_doubt=in_doubt,
                first_attempt_at=first_attempt_at,
                retry_at=retry_at,
            )
    return journal
