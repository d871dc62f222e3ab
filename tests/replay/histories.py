"""Histories of runs, kept for ever: rows as a version of Payloom wrote them, and what it would have done at each point.

    python tests/replay/histories.py            record those of this version: tests/replay/recorded/<version>/*.json

A file is recorded once, by the version it is named after, and never again: that a later version reads it in the same
way is what the tests are for.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import command as alembic
from alembic.config import Config

from payloom import __version__
from payloom.connectors.stripe.catalog.stripe_catalog import CatalogWithStripe
from payloom.db.database import Database, open_database
from payloom.db.migrate import FOLDER, head
from payloom.db.types import dump_json
from payloom.inbox.service import load
from payloom.kit.clock import SystemClock
from payloom.runs.advance.replay import context_of
from payloom.runs.models import runs
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.registry import REFETCH
from payloom.runs.run_rows import Run, load_journal, load_run
from payloom.sandbox.scenario.scenario import Scenario
from payloom.testing.runner import chosen, load_case_files, open_project
from payloom.workflows.program.commands import Entry, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from payloom.sandbox.project import SandboxProject

HERE = Path(__file__).parent
RECORDED = HERE / "recorded"
PROJECTS = (*(HERE.parents[1] / "templates" / name for name in ("shop", "gallery", "saas")), HERE / "projects" / "once")
"""What is recorded. `once-inlined` of 0.1.0 is the last one as it was before calls of workflows with `once` became
runs of their own, `once-called` the same project after that.
"""
TABLES = ("payloom_events", "payloom_workflow_versions", "payloom_runs", "payloom_steps")


# -- what a history says ------


def transcript(library: PublishedWorkflows, tx: sa.Connection, run: Run) -> list[Any]:
    """Return the commands a run's history leads to, entry by entry, and how it ends."""
    journal = load_journal(tx, run.id)
    event = load(tx, run.event_id) if run.event_id else None
    fresh = next((entry for entry in journal.entries if entry.path == REFETCH), None)
    library.ensure(tx, run.start())
    cause = context_of(run, event, fresh.value if fresh is not None else None)
    own = [entry for entry in journal.entries if entry.path != REFETCH]
    execution = library.execution(run.start(), cause, [])
    commands = []
    for entry in own:
        commands.append(_shown(execution.next()))
        execution.record(dataclasses.replace(entry))
    commands.append(_shown(execution.next()))
    whole = library.execution(run.start(), cause, own)
    assert _shown(whole.next()) == commands[-1], f"{run.workflow_id}: all at once is not the same as one by one"
    return [*commands, {"journal": [_entry(entry) for entry in journal.entries]}]


def _shown(state: Finished | Sequence[Any]) -> Any:
    if isinstance(state, Finished):
        return {"finished": _plain(dataclasses.asdict(state))}
    return [_plain({"do": type(command).__name__, **dataclasses.asdict(command)}) for command in state]


def _entry(entry: Entry) -> Any:
    failure = None if entry.failure is None else entry.failure.kind
    return _plain([entry.path, failure, entry.at])


def _plain(value: Any) -> Any:
    return json.loads(dump_json(value))


# -- recording ------


async def record(root: Path) -> dict[str, Any]:
    """Play a project's cases as they stand and return the rows and transcripts of runs that differ in their steps."""
    project, sandbox = open_project(root)
    await sandbox.prepare()
    stored: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in TABLES}
    transcripts: dict[str, Any] = {}
    known: set[Any] = set()
    try:
        for case in chosen(load_case_files(project), None):
            workflow_set = await sandbox.workflow_set(case.file.workflows)
            scenario = Scenario(sandbox, workflow_set, case.given, strict=not case.any_order)
            async with scenario.running():
                for delivery in case.deliveries:
                    await scenario.deliver(delivery)
                await scenario.finish()
                sandbox.database.inspect(lambda tx: _keep(tx, sandbox, stored, transcripts, known))
    finally:
        await sandbox.close()
    rows = {name: list(by_key.values()) for name, by_key in stored.items()}
    return {
        "recorded_by": __version__,
        "schema": head(),
        "env": dict(sandbox.settings.env),
        "rows": rows,
        "said": transcripts,
    }


def _keep(
    tx: sa.Connection, sandbox: SandboxProject, stored: Any, transcripts: dict[str, Any], known: set[Any]
) -> None:
    library = PublishedWorkflows(
        Versions(sandbox.database, sandbox.clock), sandbox.project.catalog, sandbox.settings.env
    )
    for identity in tx.execute(sa.select(runs.c.id)).scalars().all():
        run = load_run(tx, identity)
        assert run is not None
        steps = _rows(tx, "SELECT * FROM payloom_steps WHERE run_id = :id ORDER BY seq", id=identity)
        shape = (run.workflow_id, run.status, run.outcome, *[(step["path"], step["status"]) for step in steps])
        if shape in known or run.version == "" or (not steps and run.status == "failed"):
            continue
        known.add(shape)
        # Stories begin anew: the same id may come again, for another run.
        named = f"{identity}.{len(known)}"
        transcripts[named] = transcript(library, tx, run)
        (row,) = _rows(tx, "SELECT * FROM payloom_runs WHERE id = :id", id=identity)
        stored["payloom_runs"][named] = {"": named, **row}
        stored["payloom_steps"] |= {f"{named}/{step['path']}": {"": named, **step} for step in steps}
        if run.event_id:
            (event,) = _rows(tx, "SELECT * FROM payloom_events WHERE id = :id", id=run.event_id)
            stored["payloom_events"][named] = {"": named, **event}
        pins = {run.workflow_id: run.version, **(run.pins or {})}
        for name, version in pins.items():
            query = "SELECT * FROM payloom_workflow_versions WHERE workflow_id = :name AND hash = :hash"
            (model,) = _rows(tx, query, name=name, hash=version)
            stored["payloom_workflow_versions"][version] = {**model, "source": None}


def _rows(tx: sa.Connection, query: str, **values: Any) -> list[dict[str, Any]]:
    """Return rows as they are stored, without the columns that say nothing."""
    rows = tx.execute(sa.text(query), values).mappings()
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


# -- reading ------


@dataclasses.dataclass(frozen=True)
class History:
    """One recorded run, in a database of its own that has been brought up to date."""

    name: str
    library: PublishedWorkflows
    database: Database
    run_id: str
    said: list[Any]

    def now(self) -> list[Any]:
        """Return what this version makes of it."""
        with self.database.engine.connect() as tx:
            run = load_run(tx, self.run_id)
            assert run is not None
            return transcript(self.library, tx, run)


def histories(file: Path, folder: Path) -> Iterator[History]:
    """Yield the histories of a file. Their databases are made as they were then, filled, and migrated to today."""
    recorded = json.loads(file.read_text("utf-8"))
    for number, names in enumerate(_layers(recorded["rows"])):
        database = _filled(folder / f"{file.parent.name}-{file.stem}-{number}.db", recorded, names)
        library = PublishedWorkflows(Versions(database, SystemClock()), CatalogWithStripe(), recorded["env"])
        try:
            for name in names:
                yield History(f"{file.stem} {name}", library, database, name.split(".")[0], recorded["said"][name])
        finally:
            asyncio.run(database.close())


def _layers(rows: Mapping[str, list[dict[str, Any]]]) -> list[list[str]]:
    """Return names of histories, so that no two in a list have a run or an event of the same id."""
    events = {row[""]: row["id"] for row in rows["payloom_events"]}
    layers: list[tuple[list[str], set[str]]] = []
    for row in rows["payloom_runs"]:
        ids = {row["id"], events.get(row[""], row["id"]), row.get("dedupe_key", row["id"])}
        layer = next((layer for layer in layers if not layer[1] & ids), None)
        if layer is None:
            layer = ([], set())
            layers.append(layer)
        layer[0].append(row[""])
        layer[1].update(ids)
    return [names for names, _ in layers]


def _filled(path: Path, recorded: Mapping[str, Any], names: Sequence[str]) -> Database:
    _schema(path, recorded["schema"])
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as tx:
        for table, listed in recorded["rows"].items():
            for row in listed:
                if row.get("", names[0]) in names:
                    _insert(tx, table, row)
    engine.dispose()
    _schema(path, "head")
    return open_database(f"sqlite:///{path}")


def _schema(path: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as conn, conn.begin():
        config.attributes["connection"] = conn
        alembic.upgrade(config, revision)
    engine.dispose()


def _insert(tx: sa.Connection, table: str, row: dict[str, Any]) -> None:
    names = [name for name in row if name]
    columns, values = ", ".join(f'"{name}"' for name in names), ", ".join(f":{name}" for name in names)
    tx.execute(sa.text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), {name: row[name] for name in names})


def _main() -> None:
    folder = RECORDED / __version__
    if folder.exists():
        sys.exit(f"{folder} exists: histories of a version are recorded once")
    folder.mkdir(parents=True)
    for root in PROJECTS:
        recording = asyncio.run(record(root))
        (folder / f"{root.name}.json").write_text(json.dumps(recording, indent=0, sort_keys=True) + "\n", "utf-8")
        print(f"{root.name}: {len(recording['said'])} histories")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        _main()
