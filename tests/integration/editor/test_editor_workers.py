"""Several workers on one database, and drafts tried on a real Postgres: what one publishes all use, what is tried
stays nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.editor_client import FILES, HELLO, MARK_PAID
from tests.support.http_server import write_project

from payloom.app.composition import Services
from payloom.db.migrate import migrate
from payloom.kit.clock import SystemClock
from payloom.project.loader import load_project
from payloom.project.publisher import NotPublished
from payloom.sandbox.test_run import Mock, TriggerInput
from payloom.settings.load import load_settings
from payloom.tables.migration.migrate import migrate as migrate_tables

if TYPE_CHECKING:
    from pathlib import Path

    from payloom.settings.model import Settings


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A shop's settings on each kind of database."""
    root = write_project(tmp_path, FILES)
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return load_settings(root, database_url=url, environ={})


async def worker(settings: Settings) -> Services:
    """A process that has started: its workflows are stored, nothing runs yet."""
    services = Services(load_project(settings.root, settings), settings, SystemClock())
    await migrate(services.database)
    await migrate_tables(services.database, services.tables, services.clock)
    await services.versions.publish(services.project.workflows.values(), services.project.sources)
    return services


@pytest.mark.anyio
async def test_what_one_worker_publishes_all_use(settings: Settings) -> None:
    first, other = await worker(settings), await worker(settings)
    notified: list[tuple[str, str | None]] = []
    other.publisher.on_workflow_changed = lambda name, version: notified.append((name, version))
    try:
        await other.publisher.apply_remote_publications()
        assert notified == []
        (settings.root / "workflows/hello.yaml").write_text(HELLO.replace("POST /hello", "POST /hi"))
        (settings.root / "workflows/mark-paid.yaml").unlink()
        (settings.root / "workflows/new.yaml").write_text(HELLO.replace("POST /hello", "POST /new"))
        done = await first.publisher.publish("ada@shop.test")
        assert done.changed == ("hello", "mark-paid", "new")
        before = other.publisher.published
        await other.publisher.apply_remote_publications()
        assert other.publisher.published is not before
        versions = {name: workflow.version for name, workflow in first.versions.current.items()}
        assert {name: workflow.version for name, workflow in other.versions.current.items()} == versions
        assert dict(notified) == {"hello": versions["hello"], "new": versions["new"], "mark-paid": None}
        assert other.versions.pins(other.versions.get_current("hello")) == {}
        again = await other.publisher.publish("bob@shop.test")
        assert again.changed == ()
    finally:
        await first.close()
        await other.close()


@pytest.mark.anyio
async def test_a_refused_publish_changes_nothing_anywhere(settings: Settings) -> None:
    first, other = await worker(settings), await worker(settings)
    try:
        before = dict(first.versions.current)
        (settings.root / "workflows/hello.yaml").write_text(HELLO.replace("inputs.who", "inputs.whom"))
        (settings.root / "workflows/mark-paid.yaml").write_text(MARK_PAID.replace("is paid", "was paid"))
        with pytest.raises(NotPublished):
            await first.publisher.publish(needed="hello")
        await other.publisher.apply_remote_publications()
        assert dict(first.versions.current) == before
        assert {name: workflow.version for name, workflow in other.versions.current.items()} == {
            name: workflow.version for name, workflow in before.items()
        }
        assert [diagnostic.code for diagnostic in first.publisher.diagnostics if diagnostic.severity == "error"] == [
            "F001"
        ]
    finally:
        await first.close()
        await other.close()


@pytest.mark.anyio
async def test_a_draft_is_tried_and_nothing_stays(settings: Settings) -> None:
    services = await worker(settings)
    try:
        draft = services.publisher.published["mark-paid"]
        event = {"data": {"object": {"metadata": {"order_id": "o1"}, "amount": 12}}}
        outcome = await services.sandbox().test_run(draft, TriggerInput(), {}, event=event)
        assert outcome.found["run"]["status"] == "succeeded"
        assert outcome.found["steps"][0]["value"]["amount"] == 12
        mocked = await services.sandbox().test_run(draft, TriggerInput(), {"0": Mock({"id": "o9"})}, event=event)
        assert [mocked_step["path"] for mocked_step in mocked.mocked_steps] == ["0"]
        assert mocked.found["logs"][0]["text"] == "Order o9 is paid"
        rows = await services.database.read(lambda tx: services.tables.perform(tx, "select", "orders", {}))
        assert {row["status"] for row in rows} == {"pending"}
        assert await services.run_queries.list() == []
    finally:
        await services.close()
