"""Plays every run's journal into a fresh execution: the same history must give the same commands and keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from payloom.inbox.service import load
from payloom.kit.errors import PayloomError
from payloom.runs.advance.replay import context_of
from payloom.runs.models import runs, steps
from payloom.runs.registry import REFETCH, Execution, StartPlan, TriggerContext
from payloom.runs.run_rows import Run, load_journal, load_run
from payloom.sandbox.scenario.scenario import Scenario
from payloom.workflows.program.commands import Command, Do, Entry, Finished

Build = Callable[[StartPlan, TriggerContext], Execution]
"""Builds an execution without history."""


def replay_problems(scenario: Scenario) -> list[str]:
    """Return the differences between a replay of the scenario's journals and the stored rows; none if all is right."""

    def build(start: StartPlan, context: TriggerContext) -> Execution:
        return scenario.library.replayed(start, context, [])

    return scenario.sandbox.database.inspect(lambda tx: replay_all(tx, build))


def replay_all(tx: sa.Connection, build: Build) -> list[str]:
    """Return what a replay of every journal behind `tx` says otherwise than the rows."""
    ids = (
        tx.execute(sa.select(runs.c.id).where(runs.c.failure.is_(None) | runs.c.status.in_(("failed", "refused"))))
        .scalars()
        .all()
    )
    replayed = [run for run_id in ids if (run := load_run(tx, run_id)) is not None]
    return [line for run in replayed for line in _replay(tx, build, run)]


def _replay(tx: sa.Connection, build: Build, run: Run) -> list[str]:
    journal = load_journal(tx, run.id)
    keys = {
        row.path: row.key for row in tx.execute(sa.select(steps.c.path, steps.c.key).where(steps.c.run_id == run.id))
    }
    fresh = next((entry for entry in journal.entries if entry.path == REFETCH), None)
    if fresh is not None and fresh.failure is not None:
        return []
    if run.version == "" or (not journal.entries and run.status in ("failed", "refused")):
        return []
    event = load(tx, run.event_id) if run.event_id else None
    context = context_of(run, event, fresh.value if fresh is not None else None)
    try:
        execution = build(run.start(), context)
        return list(_walk(execution, [entry for entry in journal.entries if entry.path != REFETCH], keys, run))
    except PayloomError as error:
        return [f"{run.workflow_id}: its journal does not fit its workflow: {error.message}"]


def _walk(execution: Execution, entries: list[Entry], keys: dict[str, str | None], run: Run) -> list[str]:
    lines: list[str] = []
    for entry in entries:
        state = execution.next()
        commands: Sequence[Command] = [] if isinstance(state, Finished) else state
        command = next((command for command in commands if command.path == entry.path), None)
        if command is None and not isinstance(state, Finished):
            lines.append(f"{run.workflow_id}: a replay does not do step {entry.path} where the journal has it")
        if isinstance(command, Do) and keys.get(entry.path) not in (None, command.key):
            lines.append(f"{run.workflow_id}: step {entry.path} has another key when replayed")
        execution.record(dataclasses.replace(entry))
    state = execution.next()
    if run.status == "succeeded" and not (isinstance(state, Finished) and state.status in ("succeeded", "filtered")):
        lines.append(f"{run.workflow_id}: a replay of its journal does not end as the run did")
    return lines
