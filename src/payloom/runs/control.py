"""What people do to runs: cancel, retry, fork."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.db.transactions import after_commit
from payloom.inbox.service import InboxEvent, load
from payloom.kit.ids import new_id
from payloom.runs.advance.replay import Replay
from payloom.runs.advance.run_starter import RunStarter
from payloom.runs.advance.turn import Turns
from payloom.runs.advance.worker import RunWorker
from payloom.runs.coordination.dedupe import DedupeKeys
from payloom.runs.coordination.lanes import Lanes
from payloom.runs.dependencies import RunDependencies
from payloom.runs.errors import NotAllowed, RunUnknown, WorkflowUnknown, WrongState
from payloom.runs.models import runs, steps
from payloom.runs.registry import TriggerContext, WorkflowRegistry
from payloom.runs.run_rows import Run, insert_run, load_journal, load_run
from payloom.runs.start_rights import Permit, Person, permit_start
from payloom.workflows.errors import HistoryMismatch
from payloom.workflows.program.commands import Finished
from payloom.workflows.program.node import Node
from payloom.workflows.program.program import Trigger, Workflow


def _get(tx: sa.Connection, run_id: str) -> Run:
    run = load_run(tx, run_id, lock=True)
    if run is None:
        raise RunUnknown(f"There is no run {run_id!r}.", hint="List them with `payloom runs list`.")
    return run


_RETRIES_KEPT = 19


@dataclasses.dataclass(frozen=True, slots=True)
class Fork:
    """What a fork begins with: at a step (None: the beginning), with other inputs, on the newest version, as a user."""

    path: str | None = None
    inputs: Mapping[str, Any] | None = None
    newest: bool = False
    as_user: Mapping[str, Any] | None = None


class RunControl:
    """Cancels, retries and forks runs."""

    def __init__(self, deps: RunDependencies, worker: RunWorker, starter: RunStarter) -> None:
        """Wire the services."""
        self._deps = deps
        self._worker = worker
        self._starter = starter
        self._turns = Turns(deps)
        self._lanes = Lanes(deps)
        self._dedupe = DedupeKeys(deps)

    def cancel(self, tx: sa.Connection, run_id: str) -> Run:
        """End a run now, or ask the worker that advances it to end it."""
        run = _get(tx, run_id)
        if run.finished:
            raise WrongState(f"Run {run_id} has already ended: {run.status}.")
        tx.execute(sa.update(runs).where(runs.c.id == run_id).values(cancel_requested=True))
        if run.status != "running":
            # Nobody advances it: end it here, by the same code that ends every run.
            tx.execute(sa.update(runs).where(runs.c.id == run_id).values(blocked=False, status="queued"))
            claimed = self._worker.claim(tx, run_id)
            assert claimed is not None
            state, result = self._turns.take(tx, claimed)
            after_commit(tx, lambda: self._turns.notify_observers(state, result))
        return _get(tx, run_id)

    def retry(self, tx: sa.Connection, run_id: str, person: Person) -> Run:
        """Set the failed step aside and put the run back on the queue."""
        origin = permit_start(person, "retry").origin
        seen = load_run(tx, run_id)
        if seen is not None:
            self._dedupe.hold_key(tx, seen)
        run = _get(tx, run_id)
        if run.status not in ("failed", "refused"):
            raise WrongState(
                f"Run {run_id} has not failed: its status is {run.status}.", hint="Only failed runs can be retried."
            )
        if (other := self._dedupe.reclaim(tx, run)) is not None:
            raise WrongState(
                f"Run {other.id} has taken the place of run {run_id}: they have the same key.",
                hint="Open that run. If it fails, retry it instead.",
            )
        number = run.retries + 1
        self._set_failures_aside(tx, run, number)
        blocked = run.lane is not None and self._lanes.occupied(tx, run.lane, run_id)
        values: dict[str, Any] = {"retries": number, "failure": None, "finished_at": None, "http_status": None}
        facts = _get(tx, run_id).facts
        values["request"] = {**facts, "retried_by": [*facts.get("retried_by", [])[-_RETRIES_KEPT:], origin["by"]]}
        values |= {"resolved_at": None, "resolution": None}
        values |= {"output": None, "outcome": None, "cancel_requested": False, "parked_since": None, "parked_times": 0}
        tx.execute(sa.update(runs).where(runs.c.id == run_id).values(values))
        if blocked:
            tx.execute(sa.update(runs).where(runs.c.id == run_id).values(status="queued", blocked=True))
        else:
            self._lanes.requeue(tx, run_id, run.segment)
        return _get(tx, run_id)

    def _set_failures_aside(self, tx: sa.Connection, run: Run, number: int) -> None:
        """Set aside every failure that would end the run again.

        Branches and rounds that ran beside the failed one may have failed as well, also after the run had ended. What a
        `catch` took stays as it is.
        """
        self._deps.workflows.ensure(tx, run.start())
        event = load(tx, run.event_id) if run.event_id is not None else None
        paths = {run.failed_path, *_failed_at(self._replayed(tx, run, event))}
        while paths:
            changed = tx.execute(
                sa.update(steps)
                .where(steps.c.run_id == run.id, steps.c.path.in_(paths - {None}), steps.c.status == "failed")
                .values(path=steps.c.path + f"#{number}", status="superseded")
            )
            paths = _failed_at(self._replayed(tx, run, event)) if changed.rowcount else frozenset[str | None]()

    def _replayed(self, tx: sa.Connection, run: Run, event: InboxEvent | None) -> Replay:
        entries = tuple(load_journal(tx, run.id).entries)
        return Replay(self._deps.workflows, run, event, entries)

    def fork(self, tx: sa.Connection, run_id: str, fork: Fork, person: Person) -> Run:
        """Begin a new run from the history of an old one."""
        old = _get(tx, run_id)
        path, inputs = fork.path, fork.inputs
        event = load(tx, old.event_id) if old.event_id is not None else None
        permit = self._permit(tx, old, fork, person)
        new = self._forked(old, fork, permit)
        start = old.start()
        if fork.newest:
            context = TriggerContext("manual", new.id, new.root_id, new.started_at, inputs=new.inputs)
            current = self._deps.workflows.start(old.workflow_id, "manual", old.trigger_index, context)
            start = dataclasses.replace(start, version=current.version, pins=current.pins)
            new.version, new.pins = start.version, dict(start.pins) or None
        self._deps.workflows.ensure(tx, start)
        if path is None:
            self._starter.start_run(tx, new, event, start)
            return _get(tx, new.id)
        if inputs is not None:
            # What was decided before the step was decided at the old run's time.
            new.started_at = old.started_at
        copied = _copy_steps(tx, old, new, path)
        if fork.newest:
            self._check_steps(old, new, copied, path)
        if inputs is not None or fork.newest:
            self._check_history(tx, new, event, path, "With these inputs" if inputs is not None else "Now")
        blocked = new.lane is not None and self._lanes.occupied(tx, new.lane, new.id)
        new.blocked = blocked
        insert_run(tx, new)
        if not blocked:
            self._deps.engine.enqueue(tx, new.id, new.segment)
        return _get(tx, new.id)

    def _permit(self, tx: sa.Connection, old: Run, fork: Fork, person: Person) -> Permit:
        """Ask for the right to start the run. With other inputs, the old version and the current one must grant it."""
        workflows = self._deps.workflows
        workflows.ensure(tx, old.start())
        current = _current(workflows, old.workflow_id)
        if fork.newest and current is None:
            workflows.workflow(old.workflow_id)  # raises: there is no newest version
        runs_on = current if fork.newest else workflows.workflow(old.workflow_id, old.version)
        former: Mapping[str, Any] | None = old.facts.get("user")
        if fork.inputs is None:
            callers = [_trigger(current, old)] if old.trigger in {"api", "manual", "start"} else []
            return permit_start(
                person, "fork", runs_on, old.inputs if fork.newest else None, triggers=callers, former=former
            )
        if fork.path is not None and not person.is_admin and not _same_user(old, person):
            raise NotAllowed(
                "the steps before this one ran with another user's rights",
                hint="Begin from the beginning, or ask an admin.",
            )
        triggers = [_trigger(current, old), *([] if fork.newest else [_trigger(runs_on, old)])]
        return permit_start(
            person, "fork_with_inputs", runs_on, fork.inputs, triggers=triggers, former=former, as_user=fork.as_user
        )

    def _forked(self, old: Run, fork: Fork, permit: Permit) -> Run:
        request = {key: value for key, value in old.facts.items() if key not in {"user", "started_by", "retried_by"}}
        if permit.user is not None:
            request["user"] = dict(permit.user)
        request["started_by"] = dict(permit.origin)
        run_id, now = new_id("run"), self._deps.clock.now()
        return Run(
            id=run_id,
            root_id=run_id,
            forked_from=old.id,
            workflow_id=old.workflow_id,
            version=old.version,
            pins=old.pins,
            trigger=old.trigger,
            trigger_index=old.trigger_index,
            event_id=old.event_id,
            object_id=old.object_id,
            user_id=permit.user_id if fork.inputs is not None else old.user_id,
            inputs=permit.inputs if permit.inputs is not None else old.inputs,
            request=request,
            lane=old.lane,
            lane_position=old.lane_position,
            created_at=now,
            # What was derived from the start time before the fork stays as it was.
            started_at=old.started_at if fork.inputs is None else now,
            updated_at=now,
        )

    def _check_steps(self, old: Run, new: Run, paths: Sequence[str], path: str) -> None:
        """Refuse a version in which what was done before the step stands elsewhere: it would be done a second time."""
        before = self._deps.workflows.workflow(old.workflow_id, old.version)
        after = self._deps.workflows.workflow(new.workflow_id, new.version)
        same_calls = (old.pins or {}) == (new.pins or {})
        for done in paths:
            node = before.node_at(done)
            # Steps of a called workflow are not in this one.
            if not (same_calls if node is None else _same_step(node, after.node_at(done))):
                raise WrongState(
                    f"The current version has other steps before step {path}: what was done at {done} is not there.",
                    hint="Start at the beginning, which does every step again, or move the steps back.",
                )

    def _check_history(self, tx: sa.Connection, run: Run, event: InboxEvent | None, path: str, when: str) -> None:
        """Refuse inputs or a version with which the run would have gone another way before the step it begins at."""
        state = self._replayed(tx, run, event).next()
        if isinstance(state, Finished) and state.failure is not None and state.failure.kind == HistoryMismatch.code:
            raise WrongState(
                f"{when}, the run takes a different path before step {path}.",
                hint="Start at an earlier step, or at the beginning.",
            )


def _failed_at(replay: Replay) -> frozenset[str | None]:
    """Return the paths of the steps that end a run, if it has failed."""
    state = replay.next()
    if not isinstance(state, Finished) or state.status != "failed":
        return frozenset()
    return frozenset({state.path, *(replay.execution.failed_paths if replay.execution is not None else ())})


def _current(workflows: WorkflowRegistry, workflow_id: str) -> Workflow | None:
    try:
        return workflows.workflow(workflow_id)
    except WorkflowUnknown:
        return None


def _trigger(workflow: Workflow | None, run: Run) -> Trigger | None:
    """Return the trigger that started a run, as this version of its workflow has it; None if it has none there."""
    if workflow is None or run.trigger != "api" or run.trigger_index >= len(workflow.triggers):
        return None
    return workflow.triggers[run.trigger_index]


def _same_user(run: Run, person: Person) -> bool:
    return run.user_id is not None and person.user is not None and run.user_id == str(person.user["id"])


def _copy_steps(tx: sa.Connection, old: Run, new: Run, path: str) -> Sequence[str]:
    """Copy what was done before a step. Returns the paths of it."""
    done = sa.select(steps).where(steps.c.run_id == old.id, steps.c.status.in_(("succeeded", "failed")))
    at = tx.execute(sa.select(steps.c.seq).where(steps.c.run_id == old.id, steps.c.path == path)).scalar()
    if at is not None:
        done = done.where(steps.c.seq < at)
    elif old.failed_path != path:
        # A step that failed before it recorded anything has everything before it.
        raise WrongState(f"Run {old.id} has no step {path!r} in its history.", hint="See `payloom runs show`.")
    rows = tx.execute(done).mappings().all()
    if rows:
        tx.execute(sa.insert(steps), [{**row, "run_id": new.id} for row in rows])
    return [row["path"] for row in rows]


def _same_step(before: Node | None, after: Node | None) -> bool:
    """Whether the result of a step in one version can stand for a step in another one."""
    if before is None or after is None or before.verb != after.verb:
        return False
    if before.id is not None or after.id is not None:
        return before.id == after.id and getattr(before, "action", None) == getattr(after, "action", None)
    # Without an ID only the text says that it is the same step.
    return before.model == after.model
