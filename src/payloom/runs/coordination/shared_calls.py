"""Calls of workflows with `once`: a run of its own for each key. All callers with that key wait for it.

The run and the journal's note of it are one transaction, and so are its end and the answers to those who wait. Who
begins to wait and who ends hold the lock of the key: one of the two sees the other.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from payloom.kit.ids import new_id
from payloom.kit.secrets.redaction import redact, redact_text
from payloom.runs.coordination import dedupe
from payloom.runs.coordination.dedupe import DedupeKeys
from payloom.runs.coordination.waits import Waits
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import KeyTaken
from payloom.runs.models import runs, steps
from payloom.runs.models import waits as waits_table
from payloom.runs.run_rows import Run, insert_run, load_run, run_failure
from payloom.workflows.program.commands import CallOnce, StepFailure

_EDGES = "calls that wait"
"""Lock on who waits for whose run, so that no two join into a circle at the same moment."""
_CALLERS = sa.select(waits_table.c.run_id, waits_table.c.path).where(
    waits_table.c.kind == "call", waits_table.c.family == sa.bindparam("called")
)
_MANY = 500


@dataclasses.dataclass(frozen=True, slots=True)
class SharedCall:
    """The result of a call. run_id: the run that it waits for, or whose output it takes; none with a `failure`.

    completed: that run has succeeded.
    """

    run_id: str | None
    completed: Run | None = None
    failure: StepFailure | None = None


class SharedCalls:
    """Starts and joins the runs of `call` steps with a `once` key, and answers their callers."""

    def __init__(self, deps: RunDependencies) -> None:
        """Wire the service."""
        self._deps = deps
        self._dedupe = DedupeKeys(deps)
        self._waits = Waits(deps)

    def start_or_join(self, tx: sa.Connection, caller: Run, command: CallOnce) -> SharedCall:
        """Within `tx`, begin the run that `caller` calls, or find the one with the same key. Holds the key's lock."""
        start = self._deps.workflows.called(caller.start(), command.workflow)
        start = dataclasses.replace(start, once=command.once)
        if caller.dedupe_key == dedupe.once_key(command.workflow, command.once):
            return SharedCall(None, failure=_circle(command, caller.id))
        run_id, now = new_id("run"), self._deps.clock.now()
        called: dict[str, Any] = {"by": caller.id, "path": command.path, "depth": command.depth}
        if dedupe.is_guest(caller):
            called["guest"] = True
        run = Run(
            id=run_id,
            root_id=run_id,
            workflow_id=command.workflow,
            version=start.version,
            pins=dict(start.pins) or None,
            trigger="call",
            trigger_index=start.trigger_index,
            user_id=caller.user_id,
            inputs=dict(command.inputs),
            request={"user": command.user, "called": called},
            segment=1,
            created_at=now,
            started_at=now,
            updated_at=now,
        )
        first = self._dedupe.claim_once(tx, run, start)
        if first is None:
            insert_run(tx, run)
            self._deps.engine.enqueue(tx, run.id, run.segment)
            return SharedCall(run.id)
        if not dedupe.may_join(first, caller):
            return SharedCall(None, failure=_key_taken(command))
        if first.finished:
            return SharedCall(first.id, completed=first)
        self._deps.database.write_lock(tx, _EDGES)
        if _waits_for(tx, first, caller.id):
            return SharedCall(None, failure=_circle(command, first.id))
        return SharedCall(first.id)

    def answer_callers(self, tx: sa.Connection, run: Run) -> None:
        """Within `tx`, in which `run` has ended: write its output or failure into the journals that wait for it."""
        if run.dedupe_key is not None:  # without a key nobody can have found it
            self._deps.database.write_lock(tx, run.dedupe_key)
            self._answer(tx, run)

    def _answer(self, tx: sa.Connection, run: Run) -> int:
        callers = tx.execute(_CALLERS, {"called": run.id}).all()
        failure = failure_of(run)
        value = run.output if failure is None else None
        return sum(self._waits.answer(tx, row.run_id, row.path, value, failure) for row in callers)

    def answer_late(self, tx: sa.Connection) -> int:
        """Answer calls of runs that are over (there should be none); returns how many."""
        query = (
            sa.select(waits_table.c.family)
            .join(runs, runs.c.id == waits_table.c.family)
            .where(waits_table.c.kind == "call", runs.c.finished_at.is_not(None))
            .distinct()
            .limit(_MANY)
        )
        over = [load_run(tx, run_id) for run_id in tx.execute(query).scalars().all()]
        return sum(self._answer(tx, run) for run in over if run is not None)


def _key_taken(command: CallOnce) -> StepFailure:
    return StepFailure(
        KeyTaken.code,
        f"{command.workflow} has run with this `once` key for another user.",
        status=KeyTaken.status,
        hint="Put `user.id` into the key, or check whose it is before the call.",
        data={"workflow": command.workflow},
    )


def _circle(command: CallOnce, run_id: str) -> StepFailure:
    return StepFailure(
        "call_waits_for_itself",
        f"{command.workflow} with this `once` key is under way and waits for this very step.",
        status=409,
        hint="A workflow with `once` must not call itself with the same key, not through others either.",
        data={"run": run_id, "workflow": command.workflow, "once": redact_text(command.once)},
    )


def _waits_for(tx: sa.Connection, run: Run, goal: str) -> bool:
    """Whether `run` cannot end before `goal` does: by its calls, or those of who is before it in its lane."""
    seen: set[str] = set()
    todo = {run.id}
    while todo:
        if goal in todo:
            return True
        seen |= todo
        todo = _next(tx, todo) - seen
    return False


def _next(tx: sa.Connection, ids: Iterable[str]) -> set[str]:
    listed = sorted(ids)
    called = sa.select(waits_table.c.family).where(waits_table.c.kind == "call", waits_table.c.run_id.in_(listed))
    own, ahead = runs.alias("mine"), runs.alias("ahead")
    before = sa.select(ahead.c.id).where(
        own.c.id.in_(listed),
        own.c.blocked.is_(sa.true()),
        ahead.c.lane == own.c.lane,
        ahead.c.finished_at.is_(None),
        ahead.c.blocked.is_(sa.false()),
    )
    return {identity for query in (called, before) for identity in tx.execute(query).scalars() if identity is not None}


def wait_values(caller: Run, command: CallOnce, run_id: str, now: Any) -> dict[str, Any]:
    """Return the row of a wait for a run."""
    return {
        "run_id": caller.id,
        "path": command.path,
        "kind": "call",
        "family": run_id,
        "details": {"workflow": command.workflow, "once": redact_text(command.once)},
        "until": None,
        "created_at": now,
    }


def args_of(command: CallOnce, run_id: str | None) -> dict[str, Any]:
    """Return what the journal shows of a call: its inputs, its key, and which run it is. Secrets are masked."""
    return redact({"with": dict(command.inputs), "once": command.once, "run": run_id})


def awaited(tx: sa.Connection, caller_id: str, path: str) -> str | None:
    """Return the run that a call waits for."""
    query = sa.select(waits_table.c.family).where(waits_table.c.run_id == caller_id, waits_table.c.path == path)
    return tx.execute(query).scalar()


def failure_of(run: Run) -> StepFailure | None:
    """Return the failure that a call of an ended run has; None if the run has succeeded."""
    if run.status == "succeeded":
        return None
    failure = run_failure(run)
    hint = failure.hint or f"See run {run.id} of {run.workflow_id}."
    data = {**failure.data, "run": run.id, "workflow": run.workflow_id}
    return dataclasses.replace(failure, hint=hint, data=data, retryable=False)


def called_by(tx: sa.Connection, run: Run) -> list[str]:
    """Return the runs that are known to have called `run`: the one that began it, then those that wait for it."""
    called: Mapping[str, Any] = run.facts.get("called") or {}
    first: str | None = called.get("by")
    waiting = [row.run_id for row in tx.execute(_CALLERS, {"called": run.id})] if run.dedupe_key is not None else []
    return list(dict.fromkeys([*([first] if first else []), *waiting]))


def calls_of(tx: sa.Connection, run_id: str) -> list[tuple[str, str]]:
    """Return `(path, run id)` of the runs that a run's calls have begun or found, in order."""
    query = (
        sa.select(steps.c.path, steps.c.args)
        .where(steps.c.run_id == run_id, steps.c.verb == "call", steps.c.status != "superseded")
        .order_by(steps.c.seq, steps.c.path)
    )
    return [(row.path, row.args["run"]) for row in tx.execute(query) if row.args and row.args.get("run")]
