"""A server with workflows of `on_start`: it waits for those that advance, and not for those that wait."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest
import structlog
from tests.support.http_server import write_project

from payloom.app import lifespan as lifespan_module
from payloom.app.composition import Services
from payloom.app.lifespan import lifespan
from payloom.kit.clock import SystemClock, monotonic
from payloom.project.loader import load_project
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SETTINGS = "name: Start\non_start: [first, second]\n"
TABLES = "tables:\n  notes: {columns: {id: string primary}}\n"
STRIPE = "  - stripe: prices.list\n    with: {limit: 1}\n"
FIRST = {
    "works": ("  - log: Works\n", None, "succeeded"),
    "Stripe is away": (STRIPE, "start_workflow_goes_on", "waiting"),
    "Stripe does not answer": (STRIPE, "start_workflow_goes_on", "running"),
    "sleeps": ("  - wait: 3d\n", "start_workflow_goes_on", "waiting"),
    "asks a person": ("  - approve: Open the shop?\n    roles: [admin]\n", "start_workflow_goes_on", "waiting"),
    "fails": ('  - raise: {status: 422, code: no, message: "No."}\n', "start_workflow_failed", "failed"),
}
"""What the first workflow does → what the log says of it, and its status when the server is there."""


def workflow(steps: str) -> str:
    return f"name: W\ndescription: W.\non: {{manual: true, auth: none}}\nsteps:\n{steps}"


@contextlib.asynccontextmanager
async def silent_stripe() -> AsyncIterator[int]:
    """A port that takes connections and says nothing."""
    stop = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        stop.set()


@pytest.mark.anyio
@pytest.mark.parametrize("first", FIRST)
async def test_a_server_is_there_whatever_its_first_workflow_waits_for(
    first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps, logged, status = FIRST[first]
    monkeypatch.setattr(lifespan_module, "START_WITHIN", 1.5 if first == "Stripe does not answer" else 20.0)
    files = {
        "payloom.yaml": SETTINGS,
        "tables.yaml": TABLES,
        "workflows/first.yaml": workflow(steps),
        "workflows/second.yaml": workflow("  - insert: notes\n    values: {id: second}\n"),
    }
    async with silent_stripe() as port:
        environ = {"PAYLOOM_LOCAL_STRIPE_PORT": str(port)} if first == "Stripe does not answer" else {}
        settings = load_settings(write_project(tmp_path / "shop", files), environ=environ)
        services = Services(load_project(settings.root, settings).ensure_valid(), settings, SystemClock())
        began = monotonic()
        with structlog.testing.capture_logs() as logs:
            async with lifespan(services, work=True):
                elapsed = monotonic() - began
                runs = {run["workflow_id"]: run["status"] for run in await services.run_queries.list(limit=10)}
                rows = await services.database.read(lambda tx: services.tables.select(tx, "notes", where={}))
    lines = [line for line in logs if line["event"].startswith("start_workflow")]
    assert [line["event"] for line in lines if line["workflow"] == "first"] == [logged] * bool(logged)
    assert runs["first"] in ({status, "running"} if first == "Stripe is away" else {status})
    # The second one is not left out because of the first, and not started before it is known what that does.
    assert [row["id"] for row in rows] == ["second"]
    assert elapsed < 15, "the server waited for a run that waits"
    if first == "Stripe is away":
        assert "could not be reached" in str(lines[0]["waits_for"])
