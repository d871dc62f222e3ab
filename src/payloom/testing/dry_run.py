"""Runs a draft against recorded events of a project with all effects held back, and says what would be different."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from payloom.connectors.tables import TablesHost
from payloom.db import open_database
from payloom.db.transactions import begin_work
from payloom.inbox.models import events as stored_events
from payloom.inbox.service import InboxEvent, load
from payloom.kit.clock import Clock, SystemClock
from payloom.kit.durations import parse_duration
from payloom.project import Project, load_project
from payloom.runs.intake import event_run_id
from payloom.runs.matching import Library
from payloom.runs.models import runs, steps
from payloom.runs.parts import Figures
from payloom.runs.service import RunService
from payloom.runs.versions import Versions
from payloom.settings import Settings, load_settings
from payloom.tables.sql import Tables
from payloom.testing.errors import BadCaseFile, NothingToTest, TestingError
from payloom.testing.held import HeldDatabase, HeldEngine, HeldHost, comparable
from payloom.workflows.document import Workflow
from payloom.workflows.loader import load_workflow

MOST = 500
_LAST = re.compile(r"last-(\d+\w+)")


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
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
class Trial:
    """One run. ended: its status, with the reason if it failed or waits; None: the event did not start it."""

    lines: Sequence[Line]
    ended: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class EventTrial:
    """What the draft would do with one event. recorded: what happened then. difference: to that, `+` new, `-` gone."""

    event: str
    type: str
    draft: Trial
    recorded: Trial
    difference: list[str]


async def dry_run(root: Path, file: Path, wanted: Sequence[str], *, clock: Clock | None = None) -> list[EventTrial]:
    """Try the draft in `file` on the wanted events (`last-7d`, or ids), oldest first.

    Nothing is stored and nothing leaves. Raises BadCaseFile when the draft has errors, NothingToTest without events.
    """
    clock = clock or SystemClock()
    settings = load_settings(root, keep=False)
    project = load_project(root, settings)
    draft = _draft(project, file)
    database = open_database(settings.database_url)
    try:
        with database.engine.connect() as tx:
            begun = tx.begin()
            ids = _ids(tx, wanted, clock)
            begun.rollback()
            if not ids:
                raise NothingToTest(
                    f"no stored event fits {', '.join(wanted)}", hint="`payloom events list` shows them."
                )
            place = _Place(tx, project, settings, clock)
            return [await _try(place, draft, one) for one in ids]
    finally:
        await database.close()


def _draft(project: Project, file: Path) -> Workflow:
    folder = project.root / "workflows"
    path = file.resolve()
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    name = name.removesuffix(".yaml")
    project.catalog.workflows |= {name}
    loaded = load_workflow(path.read_text("utf-8"), workflow_id=name, file=str(file), catalog=project.catalog)
    if loaded.workflow is None:
        raise BadCaseFile(loaded.errors)
    return loaded.workflow


def _ids(tx: sa.Connection, wanted: Sequence[str], clock: Clock) -> list[str]:
    query = sa.select(stored_events.c.id).order_by(stored_events.c.created, stored_events.c.received_at)
    names = [name for one in wanted for name in one.split(",") if name]
    found: list[str] = []
    for name in names:
        if match := _LAST.fullmatch(name):
            since = clock.now() - parse_duration(match[1])
            found += tx.execute(query.where(stored_events.c.received_at >= since).limit(MOST)).scalars()
        elif name.startswith("evt_"):
            found += tx.execute(query.where(stored_events.c.id == name)).scalars()
        else:
            raise TestingError(f"--events {name!r} is not understood", hint="write last-7d, last-12h, or an event's id")
    return list(dict.fromkeys(found))


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """Where a dry run happens."""

    tx: sa.Connection
    project: Project
    settings: Settings
    clock: Clock


async def _try(place: _Place, draft: Workflow, event_id: str) -> EventTrial:
    recorded = _recorded(place.tx, event_id, draft.id)
    event = _event(place.tx, event_id)
    mine = await _held(place, draft, event)
    current = place.project.workflows.get(draft.id)
    now = await _held(place, current, event) if current is not None else Trial((), None)
    return EventTrial(event.id, event.type, mine, recorded, list(_difference(recorded, mine, now)))


def _event(tx: sa.Connection, event_id: str) -> InboxEvent:
    with tx.begin():
        found = load(tx, event_id)
    assert found is not None
    return found


async def _held(place: _Place, workflow: Workflow, event: InboxEvent) -> Trial:
    """Run the workflow on the event inside a transaction that is rolled back."""
    tx, project, settings, clock = place.tx, place.project, place.settings, place.clock
    begun = tx.begin()
    try:
        begin_work(tx)
        database, engine, host = HeldDatabase(tx), HeldEngine(), HeldHost(tx, clock)
        versions = Versions(database, clock)
        chosen = {**project.workflows, workflow.id: workflow}
        await versions.publish(chosen.values())
        library = Library(versions, project.catalog, settings.env)
        tables = TablesHost(Tables(project.tables, clock))
        service = RunService(database, engine, clock, library, tables, host, Figures(patience=-1.0, direct=0))
        await service.start()
        try:
            started = await service.replay(event.id, workflow_id=workflow.id)
            while engine.due:
                assert engine.advance is not None
                await engine.advance(engine.due.pop(0))
        finally:
            await service.stop(0.0)
        if not started:
            return Trial((), None)
        notes = {path: held.answered for path, held in host.held.items()}
        return _trial(tx, started[0], notes)
    finally:
        begun.rollback()


def _recorded(tx: sa.Connection, event_id: str, workflow_id: str) -> Trial:
    with tx.begin():
        return _trial(tx, event_run_id(event_id, workflow_id), {})


def _trial(tx: sa.Connection, run_id: str, notes: Mapping[str, str]) -> Trial:
    run = tx.execute(sa.select(runs).where(runs.c.id == run_id)).one_or_none()
    if run is None:
        return Trial((), None)
    query = (
        sa.select(steps)
        .where(steps.c.run_id == run_id, steps.c.status != "superseded")
        .order_by(steps.c.seq, steps.c.path)
    )
    lines = [
        Line(
            row.path,
            row.verb,
            row.action,
            row.args,
            row.status,
            (row.failure or {}).get("message") or notes.get(row.path, ""),
        )
        for row in tx.execute(query)
    ]
    ended = run.outcome or run.status
    if run.failure:
        ended = f"failed: {run.failure['message']}"
    elif run.parked_on:
        ended = f"waits for a row in {run.parked_on}"
    elif run.status == "waiting":
        ended = f"waits for {run.waiting_for}"
    return Trial(lines, ended)


def _difference(before: Trial, after: Trial, now: Trial) -> Iterator[str]:
    """Yield what the draft does and the run then did not (`+`), and the other way round (`-`).

    now: the current version on today's rows. A difference that it has too comes from the rows, not from the draft.
    """
    if before.ended is None and after.ended is None:
        return
    marks = {_mark(one): one for one in before.lines}, {_mark(one): one for one in after.lines}
    today = {_mark(one) for one in now.lines}
    for mark, line in marks[0].items():
        if mark not in marks[1]:
            yield f"- {line}{'' if mark in today else '  (the rows have changed since)'}"
    for mark, line in marks[1].items():
        if mark not in marks[0]:
            yield f"+ {line}{'  (the rows have changed since)' if mark in today else ''}"
    if before.ended != after.ended:
        said = "" if now.ended != after.ended else "  (the rows have changed since)"
        yield f"~ {before.ended or 'did not start'} -> {after.ended or 'does not start'}{said}"


def _mark(line: Line) -> str:
    return f"{line.verb} {line.action} {_MOMENT.sub('<time>', comparable(line.args))} {line.status}"


_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?")


def _brief(args: Any) -> str:
    if not isinstance(args, dict):
        return ""
    parts = [f"{key}={comparable(value)}" for key, value in args.items() if value not in (None, {}, [])]
    text = " ".join(parts)
    return text if len(text) <= 300 else text[:299] + "…"
