"""A draft on recorded events: what it would do, what is different, and that nothing happens."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from tests.support.processes import payloom_process
from tests.support.testing_fixture import PAY, SmallProject

from payloom.connectors.tables.host import TablesHost
from payloom.db.database import open_database
from payloom.db.migrate import migrate
from payloom.engine.memory import MemoryEngine
from payloom.inbox.service import Inbox
from payloom.kit.clock import SystemClock, to_epoch
from payloom.project.loader import load_project
from payloom.runs.publishing.trigger_matching import PublishedWorkflows
from payloom.runs.publishing.versions import Versions
from payloom.runs.service import RunService
from payloom.settings.load import load_settings
from payloom.tables.migration.migrate import migrate as migrate_tables
from payloom.tables.query.sql import Tables
from payloom.views.run_queries import RunQueries

if TYPE_CHECKING:
    from payloom.connectors.port import Attempt
    from payloom.workflows.program.commands import Do

ORDER = "11111111-1111-4111-8111-111111111111"
NOTIFY = """\
name: Notify
description: Tells the buyer.
on: {stripe: charge, actions: [succeeded], fresh: false}
steps:
  - id: made
    stripe: customers.create
    with: {email: a@example.com}
  - log: made ${{ made.id }}
"""


class Outside:
    """Answers everything."""

    async def perform(self, do: Do, attempt: Attempt) -> Any:
        return {"id": "cus_recorded", "to": "x"}


async def live(root: Path) -> None:
    """Let the project take in two events, for real but for the outside."""
    settings = load_settings(root, keep=False)
    project = load_project(root, settings).ensure_valid()
    clock = SystemClock()
    database = open_database(settings.database_url)
    await migrate(database)
    tables = Tables(project.tables, clock)
    await migrate_tables(database, tables, clock)
    versions = Versions(database, clock)
    await versions.publish(project.workflows.values())
    library = PublishedWorkflows(versions, project.catalog, settings.env)
    service = RunService(database, MemoryEngine(clock), clock, library, TablesHost(tables), Outside())
    await service.start()
    await database.write(lambda tx: tables.insert(tx, "orders", values={"id": ORDER, "amount": 500}))
    inbox = Inbox(database, clock, ["whsec_x"], livemode=False)
    objects = {
        "payment_intent.succeeded": {"id": "pi_1", "amount": 500, "currency": "usd", "metadata": {"order_id": ORDER}},
        "charge.succeeded": {"id": "ch_1"},
    }
    for number, (kind, stripe_object) in enumerate(objects.items(), 1):
        payload = {"id": f"evt_{number}", "object": "event", "type": kind, "created": to_epoch(clock.now())}
        await service.ingest(inbox.parse({**payload, "livemode": False, "data": {"object": stripe_object}}))
    for run in await RunQueries(database).list():
        answer = await service.answer(run["id"], wait=20)
        assert answer.state == "answered"
    await service.stop()
    await database.close()


def stored(root: Path) -> list[Any]:
    """Everything that is stored."""
    database = open_database(load_settings(root, keep=False).database_url)
    with database.engine.connect() as tx:
        names = sorted(sa.inspect(tx).get_table_names())
        rows = [tx.execute(sa.text(f'SELECT * FROM "{name}"')).all() for name in names]
    asyncio.run(database.close())
    return [[tuple(row) for row in table] for table in rows]


def dry_run(small: SmallProject, *words: str) -> Any:
    """Run the command and read its JSON."""
    done = payloom_process.run("dry-run", *words, "--json", cwd=small.root)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_draft_says_what_it_would_do_and_does_nothing(small: SmallProject) -> None:
    small.write("workflows/notify.yaml", NOTIFY)
    asyncio.run(live(small.root))
    before = stored(small.root)
    small.write("workflows/notify.yaml", NOTIFY.replace("log: made", "log: a customer,"))
    results = dry_run(small, "workflows/notify.yaml", "--events", "last-7d")
    assert [result["event"] for result in results] == ["evt_1", "evt_2"]
    assert results[0]["draft"]["ended"] is None
    call, log = results[1]["draft"]["lines"]
    assert (call["verb"], call["note"]) == ("stripe", "recorded")
    assert log["status"] == "succeeded"
    assert results[1]["draft"]["ended"] == "succeeded"
    assert stored(small.root) == before


def test_another_call_is_a_difference_and_its_answer_is_marked(small: SmallProject) -> None:
    small.write("workflows/notify.yaml", NOTIFY)
    asyncio.run(live(small.root))
    small.write("workflows/notify.yaml", NOTIFY.replace("a@example.com", "b@example.com"))
    (result,) = dry_run(small, "workflows/notify.yaml", "--events", "evt_2")
    assert result["draft"]["lines"][0]["note"] == "made up"
    signs = [(line[0], "a@example.com" in line, "b@example.com" in line) for line in result["difference"]]
    assert signs == [("-", True, False), ("+", False, True)]


def test_what_comes_from_changed_rows_is_told_apart(small: SmallProject) -> None:
    asyncio.run(live(small.root))
    small.write("workflows/pay.yaml", PAY)
    (result,) = dry_run(small, "workflows/pay.yaml", "--events", "evt_1")
    assert result["recorded"]["ended"] == "succeeded"
    assert result["draft"]["ended"] == "filtered", "the order is paid by now"
    assert any("receipt" in line and line.startswith("-") for line in result["difference"])
    assert all(line.endswith("(the rows have changed since)") for line in result["difference"])
