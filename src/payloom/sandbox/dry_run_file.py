"""Runs a draft against recorded events of a project with all effects held back, and says what would be different."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa

from payloom.connectors.tables.host import TablesHost
from payloom.db.database import open_database
from payloom.db.sealing.source import sealer_for
from payloom.inbox.models import ASKED_FOR
from payloom.inbox.models import events as stored_events
from payloom.kit.clock import Clock, SystemClock
from payloom.kit.durations import parse_duration
from payloom.kit.validation.text_files import read_text
from payloom.project.loader import Project, load_project
from payloom.sandbox.dry_run import EventDryRun, compare
from payloom.sandbox.errors import BadCaseFile, NothingToTest, TestingError
from payloom.sandbox.rolled_back import PublishedProject
from payloom.settings.load import load_settings
from payloom.tables.migration.last_applied import read_last_applied
from payloom.tables.migration.renames import resolve
from payloom.tables.query.sql import Tables
from payloom.workflows.loading.loader import load_workflow
from payloom.workflows.program.program import Workflow

__all__ = ["MOST", "EventDryRun", "dry_run"]

MOST = 500
_LAST = re.compile(r"last-(\d+\w+)")


async def dry_run(root: Path, file: Path, selection: Sequence[str], *, clock: Clock | None = None) -> list[EventDryRun]:
    """Try the draft in `file` on the selected events (`last-7d`, or ids), oldest first.

    Nothing is stored and nothing leaves. Raises BadCaseFile when the draft has errors, NothingToTest without events.
    """
    clock = clock or SystemClock()
    settings = load_settings(root, keep=False)
    project = load_project(root, settings)
    draft = _draft(project, file)
    database = open_database(settings.database_url, sealer_for(settings.sealing))
    try:
        with database.engine.connect() as tx:
            begun = tx.begin()
            # A project that was never started has no tables.
            ids = _ids(tx, selection, clock) if sa.inspect(tx).has_table(stored_events.name) else []
            located = resolve(project.tables, read_last_applied(tx).specs)
            begun.rollback()
            if not ids:
                raise NothingToTest(
                    f"no stored event fits {', '.join(selection)}", hint="`payloom events list` shows them."
                )
            tables = TablesHost(Tables(located, clock))
            published = PublishedProject(database.engine, tables, project.catalog, settings.env, project.workflows)
            return await compare(published, tx, draft, ids, clock)
    finally:
        await database.close()


def _draft(project: Project, file: Path) -> Workflow:
    folder = project.root / "workflows"
    path = file.resolve()
    name = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    name = name.removesuffix(".yaml")
    project.catalog.workflows |= {name}
    loaded = load_workflow(read_text(path, str(file)), workflow_id=name, file=str(file), catalog=project.catalog)
    if loaded.workflow is None:
        raise BadCaseFile(loaded.errors)
    return loaded.workflow


def _ids(tx: sa.Connection, selection: Sequence[str], clock: Clock) -> list[str]:
    query = (
        sa.select(stored_events.c.id).where(ASKED_FOR).order_by(stored_events.c.created, stored_events.c.received_at)
    )
    names = [name for text in selection for name in text.split(",") if name]
    event_ids: list[str] = []
    for name in names:
        if match := _LAST.fullmatch(name):
            since = clock.now() - parse_duration(match[1])
            event_ids += tx.execute(query.where(stored_events.c.received_at >= since).limit(MOST)).scalars()
        elif name.startswith("evt_"):
            event_ids += tx.execute(query.where(stored_events.c.id == name)).scalars()
        else:
            raise TestingError(f"--events {name!r} is not understood", hint="write last-7d, last-12h, or an event's id")
    return list(dict.fromkeys(event_ids))
