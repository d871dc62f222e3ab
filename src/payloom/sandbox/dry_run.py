"""Runs a draft on recorded events with all effects held back, and says what would be different."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from payloom.inbox.service import InboxEvent, load
from payloom.kit.clock import Clock
from payloom.kit.json_types import is_dict
from payloom.runs.models import runs, steps
from payloom.runs.run_rows import first_run_of
from payloom.runs.start_rights import SYSTEM
from payloom.sandbox.host import RecordedCalls, SimulatedHost, SynthesizedAnswers, comparable
from payloom.sandbox.rolled_back import PublishedProject, rolled_back, rolled_back_runs
from payloom.workflows.interpreter.verbs.call import CALLED
from payloom.workflows.program.program import Workflow


@dataclasses.dataclass(frozen=True, slots=True)
class StepDifference:
    """One step. args: as recorded, secrets masked. note: how an outside call was answered, or why the step failed."""

    path: str
    verb: str
    action: str
    args: Any
    status: str
    note: str = ""

    def __str__(self) -> str:
        note = f"  [{self.note}]" if self.note else ""
        status = "" if self.status == "succeeded" else f" {self.status}"
        return f"{self.verb} {self.action} {_brief(self.args)}{status}{note}"


@dataclasses.dataclass(frozen=True, slots=True)
class DryRunOutcome:
    """One run. ended: its status, with the reason if it failed or waits; None: the event did not start it."""

    lines: Sequence[StepDifference]
    ended: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class EventDryRun:
    """What the draft would do with one event. recorded: what happened then. difference: to that, `+` new, `-` gone."""

    event: str
    type: str
    draft: DryRunOutcome
    recorded: DryRunOutcome
    difference: list[str]


async def compare(
    project: PublishedProject, tx: sa.Connection, draft: Workflow, event_ids: Sequence[str], clock: Clock
) -> list[EventDryRun]:
    """Try the draft on stored events, one after another. tx: a connection without a transaction; nothing stays."""
    return [await _compare_event(project, tx, draft, event_id, clock) for event_id in event_ids]


async def _compare_event(
    project: PublishedProject, tx: sa.Connection, draft: Workflow, event_id: str, clock: Clock
) -> EventDryRun:
    event = _event(tx, event_id)
    recorded = _recorded(tx, event, draft.id)
    draft_outcome = await _run(project, tx, draft, event, clock)
    current = project.workflows.get(draft.id)
    now = await _run(project, tx, current, event, clock) if current is not None else DryRunOutcome((), None)
    return EventDryRun(event.id, event.type, draft_outcome, recorded, list(_difference(recorded, draft_outcome, now)))


def _event(tx: sa.Connection, event_id: str) -> InboxEvent:
    with tx.begin():
        event = load(tx, event_id)
    assert event is not None
    return event


async def _run(
    project: PublishedProject, tx: sa.Connection, workflow: Workflow, event: InboxEvent, clock: Clock
) -> DryRunOutcome:
    """Run the workflow on the event inside a transaction that is rolled back."""
    host = SimulatedHost(RecordedCalls(tx), SynthesizedAnswers(clock))
    with rolled_back(tx):
        async with rolled_back_runs(project, tx, workflow, host, clock) as rolled_back_project:
            started = await rolled_back_project.service.replay(event.id, person=SYSTEM, workflow_id=workflow.id)
            await rolled_back_project.advance()
        if not started:
            return DryRunOutcome((), None)
        return _outcome(tx, started[0], host.sources)


def _recorded(tx: sa.Connection, event: InboxEvent, workflow_id: str) -> DryRunOutcome:
    with tx.begin():
        return _outcome(tx, first_run_of(tx, event, workflow_id), {})


def _outcome(tx: sa.Connection, run_id: str, notes: Mapping[tuple[str, str], str]) -> DryRunOutcome:
    run = tx.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    if run is None:
        return DryRunOutcome((), None)
    ended = run.outcome or run.status
    if run.failure:
        ended = f"failed: {run.failure['message']}"
    elif run.parked_on:
        ended = f"waits for a row in {run.parked_on}"
    elif run.status == "waiting":
        ended = f"waits for {run.waiting_for}"
    return DryRunOutcome(list(_lines(tx, run_id, notes, "", frozenset())), ended)


def _lines(
    tx: sa.Connection, run_id: str, notes: Mapping[tuple[str, str], str], prefix: str, above: frozenset[str]
) -> Iterator[StepDifference]:
    """Yield what a run did, and after each call of a workflow with `once` what its run did."""
    query = (
        sa.select(steps)
        .where(steps.c.run_id == run_id, steps.c.status != "superseded")
        .order_by(steps.c.seq, steps.c.path)
    )
    for row in tx.execute(query).all():
        failure: Mapping[str, Any] = row.failure or {}
        note = failure.get("message") or notes.get((run_id, row.path), "")
        args, called = row.args, None
        if row.verb == "call":
            called = args.get("run")
            args = {name: value for name, value in args.items() if name != "run"}
        yield StepDifference(f"{prefix}{row.path}", row.verb, row.action, args, row.status, note)
        if called is not None and called not in above:
            yield from _lines(tx, called, notes, f"{prefix}{row.path}{CALLED}", above | {run_id})


def _difference(before: DryRunOutcome, after: DryRunOutcome, now: DryRunOutcome) -> Iterator[str]:
    """Yield what the draft does and the run then did not (`+`), and the other way round (`-`).

    now: the current version on today's rows. A difference that it has too comes from the rows, not from the draft.
    """
    if before.ended is None and after.ended is None:
        return
    marks = {_mark(line): line for line in before.lines}, {_mark(line): line for line in after.lines}
    today = {_mark(line) for line in now.lines}
    # Without a run to compare with, what changed is the workflow: it is newer than the event, or listened to others.
    why = "the rows have changed since" if before.ended is not None else "so does the current version"
    for mark, line in marks[0].items():
        if mark not in marks[1]:
            yield f"- {line}{'' if mark in today else '  (the rows have changed since)'}"
    for mark, line in marks[1].items():
        if mark not in marks[0]:
            yield f"+ {line}{f'  ({why})' if mark in today else ''}"
    if before.ended != after.ended:
        remark = "" if now.ended != after.ended else f"  ({why})"
        yield f"~ {before.ended or 'did not start'} -> {after.ended or 'does not start'}{remark}"


def _mark(line: StepDifference) -> str:
    return f"{line.verb} {line.action} {_MOMENT.sub('<time>', comparable(line.args))} {line.status}"


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?")


def _brief(args: Any) -> str:
    if not is_dict(args):
        return ""
    parts = [f"{key}={comparable(value)}" for key, value in args.items() if value not in (None, {}, [])]
    text = " ".join(parts)
    return text if len(text) <= 300 else text[:299] + "…"
