"""Everything that runs need: a real database, tables, workflows and engine. Only the outside is a ledger in a file.

The ledger keeps one effect per idempotency key, as Stripe does, and remembers every attempt. It survives `kill -9` of
the process that writes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import inspect
import json
import os
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from payloom.connectors.port import Attempt, StepFailed
from payloom.connectors.tables.host import TablesHost
from payloom.engine.memory import MemoryEngine
from payloom.inbox.service import Inbox, InboxEvent
from payloom.kit.clock import Clock, SystemClock
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.service import RunService
from payloom.tables.definition.loader import load_tables
from payloom.tables.migration.migrate import migrate as migrate_tables
from payloom.tables.query.sql import Tables
from payloom.views.run_queries import RunQueries
from payloom.workflows.catalog.catalog import Action, Column, Family, StaticCatalog, TableShape
from payloom.workflows.loading.loader import load_workflow
from payloom.workflows.program.commands import Do, StepFailure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from payloom.connectors.port import OutsideHost
    from payloom.db.database import Database
    from payloom.engine.port import Engine
    from payloom.runs.dependencies import RunLimits
    from payloom.workflows.program.program import Workflow

TABLES = """\
tables:
  orders:
    columns:
      id: string primary
      status: string = pending
      paid: int = 0
      note?: string
  counters:
    columns:
      id: string primary
      value: int = 0
"""


class Ledger:
    """The outside world: attempts and effects, in a file of JSON lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answers: dict[str, list[Any]] = {}
        self.hooks: list[Callable[[str, Do], Awaitable[None]]] = []
        self._lines: list[dict[str, Any]] = []
        self._effects: dict[str, str] = {}
        self._read = 0

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        """Do a step: `answers[action]` may hold failures (raised) or values to give first; then the action succeeds."""
        for hook in self.hooks:
            await hook("before", do)
        self._write({"attempt": do.key, "action": do.action, "number": attempt.number, "in_doubt": attempt.in_doubt})
        waiting = self.answers.get(do.action)
        if waiting:
            answer = waiting.pop(0)
            if isinstance(answer, StepFailure):
                raise StepFailed(answer)
            result = answer(do) if callable(answer) else answer
            return await result if inspect.isawaitable(result) else result
        if do.key not in self.effects():
            self._write({"effect": do.key, "action": do.action, "args": do.args})
        for hook in self.hooks:
            await hook("after", do)
        return {"id": f"obj_{do.action}", "key": do.key, "args": do.args.get("with")}

    def _write(self, line: Mapping[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(line, default=str) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[dict[str, Any]]:
        """Everything written so far, also by other processes. What was read before is not read again."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read)
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self._read += len(whole)
            new = [json.loads(line) for line in whole.splitlines()]
            self._lines += new
            self._effects |= {line["effect"]: line["action"] for line in new if "effect" in line}
        return list(self._lines)

    def effects(self) -> dict[str, str]:
        """Action by key: what has happened outside."""
        self.lines()
        return dict(self._effects)

    def attempts(self) -> list[str]:
        """The key of every attempt, in order."""
        return [line["attempt"] for line in self.lines() if "attempt" in line]


def catalog(tables: Tables) -> StaticCatalog:
    """A catalog with a few outside actions and event families."""
    catalog = StaticCatalog()
    for name in ("things.create", "things.charge", "things.refund", "subs.retrieve"):
        catalog.add(Action("stripe", name, name))
    catalog.families["thing"] = Family("thing", "thing", ["created", "updated", "paid", "deleted"])
    catalog.families["sub"] = Family("sub", "sub", ["updated"], retrieve="subs.retrieve", stateful=True)
    catalog.emails.add("receipt")
    catalog.functions.add("jobs:work")
    catalog.workflows |= {"helper"}
    for name, spec in tables.specs.items():
        columns = {column: Column(column, "string", primary=column == spec.primary) for column in spec.columns}
        for column in ("paid", "value"):
            if column in columns:
                columns[column] = Column(column, "int")
        catalog.tables[name] = TableShape(name, columns)
    return catalog


@dataclasses.dataclass
class RunsFixture:
    """Everything wired."""

    database: Database
    engine: Engine
    clock: Clock
    ledger: Ledger
    service: RunService
    versions: Versions
    catalog: StaticCatalog
    inbox: Inbox
    tables: TablesHost
    events: int = 0
    answers_first: bool = False
    """A planted bug of the storm."""

    @property
    def queries(self) -> RunQueries:
        """Read-only questions about runs."""
        return RunQueries(self.database)

    async def publish(self, **files: str) -> list[Workflow]:
        """Load workflow files (`_` in a name is `-`) and make them current."""
        loaded = [self.load(name.replace("_", "-"), text) for name, text in files.items()]
        await self.versions.publish(loaded)
        return loaded

    def load(self, name: str, text: str) -> Workflow:
        """Load one workflow file; errors fail the test."""
        self.catalog.workflows.add(name)
        loaded = load_workflow(text, workflow_id=name, file=f"{name}.yaml", catalog=self.catalog)
        assert loaded.workflow is not None, [str(problem) for problem in loaded.diagnostics]
        return loaded.workflow

    def event(self, kind: str, event_id: str | None = None, created: int | None = None, **resource: Any) -> InboxEvent:
        """A verified event about `resource`."""
        self.events += 1
        payload = {
            "id": event_id or f"evt_{self.events}",
            "object": "event",
            "type": kind,
            "created": created if created is not None else 1_760_000_000 + self.events,
            "livemode": False,
            "data": {"object": {"object": kind.split(".", maxsplit=1)[0], **resource}},
        }
        return self.inbox.parse(payload)

    async def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a user's table, by id."""
        query = sa.text(f"SELECT * FROM {table} ORDER BY id")
        return await self.database.read(lambda tx: [dict(row._mapping) for row in tx.execute(query)])

    async def put(self, table: str, **values: Any) -> None:
        """Insert a row as if by hand: no workflow starts."""
        await self.database.write(lambda tx: self.tables.perform(tx, "insert", table, {"values": values}))

    async def settled(self, *run_ids: str, seconds: float = 20.0, also: tuple[str, ...] = ()) -> dict[str, str]:
        """Wait until the runs (all runs, if none is named) are over; returns their statuses."""
        over = ("succeeded", "failed", "canceled", *also)
        async with asyncio.timeout(seconds):
            while True:
                runs = await self.queries.list(limit=200)
                statuses = {run["id"]: run["status"] for run in runs if not run_ids or run["id"] in run_ids}
                if len(statuses) >= max(len(run_ids), 1) and all(status in over for status in statuses.values()):
                    return statuses
                await asyncio.sleep(0.01)

    async def status(self, run_id: str) -> str:
        """A run's status."""
        return (await self.queries.get(run_id)).status


async def build(
    database: Database,
    folder: Path,
    *,
    engine: Engine | None = None,
    clock: Clock | None = None,
    limits: RunLimits | None = None,
    tables: str = TABLES,
    outside: OutsideHost | None = None,
    env: Mapping[str, str] | None = None,
    offers: Callable[[str, str], bool] = lambda _verb, _name: True,
) -> RunsFixture:
    """Wire a world on a migrated database.

    env: what workflows read as `env`, on top of SITE.
    outside: performs the outside steps instead of the ledger, which then stays empty.
    """
    clock = clock or SystemClock()
    engine = engine or MemoryEngine(clock)
    specs = load_tables(tables)
    built = Tables(specs, clock)
    await migrate_tables(database, built, clock)
    names = catalog(built)
    versions = Versions(database, clock)
    ledger = Ledger(folder / "ledger.jsonl")
    host = TablesHost(built)
    registry = PublishedWorkflows(versions, names, {"SITE": "x", **(env or {})})
    service = RunService(database, engine, clock, registry, host, outside or ledger, limits, offers=offers)
    inbox = Inbox(database, clock, ["whsec_test"], livemode=False)
    return RunsFixture(database, engine, clock, ledger, service, versions, names, inbox, host)


def soon(clock: Clock, seconds: float) -> dt.datetime:
    """A moment after now."""
    return clock.now() + dt.timedelta(seconds=seconds)
