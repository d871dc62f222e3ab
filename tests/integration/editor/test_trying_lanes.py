"""Drafts tried on an object or a row that a real run is busy with: a test run does not wait for that run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from tests.support.http_server import write_project

from payloom.app.composition import Services
from payloom.app.lifespan import lifespan
from payloom.kit.clock import SystemClock
from payloom.project.loader import load_project
from payloom.runs.registry import RowChange
from payloom.sandbox.test_run import TriggerInput
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "tables.yaml": "tables: {orders: {columns: {id: string primary, n: int = 0}}}\n",
    "workflows/queued.yaml": """\
name: Queued
description: Waits, one run per payment.
on: {stripe: payment_intent, actions: [succeeded], fresh: false, queue: "${{ object.id }}"}
steps:
  - when: object.amount == 1
    wait: 3d
  - log: Payment of ${{ object.amount }}
""",
    "workflows/rows.yaml": """\
name: Rows
description: Waits, one run per order.
on: {table: orders, on: [insert, update]}
steps:
  - when: row.n == 1
    wait: 3d
  - log: Order at ${{ row.n }}
""",
}


def event(amount: int) -> dict[str, object]:
    intent = {"object": "payment_intent", "id": "pi_1", "amount": amount}
    return {"id": f"evt_{amount}", "object": "event", "type": "payment_intent.succeeded", "data": {"object": intent}}


@pytest.mark.anyio
async def test_a_draft_is_tried_while_a_real_run_is_in_the_way(tmp_path: Path, database_url: str) -> None:
    settings = load_settings(write_project(tmp_path / "shop", FILES), database_url=database_url, environ={})
    services = Services(load_project(settings.root, settings), settings, SystemClock())
    async with lifespan(services, work=True):
        patched = {**event(1), "livemode": False, "created": 1_760_000_000}
        await services.runs.ingest(services.inbox.parse(patched))
        row = {"id": "a", "n": 1}

        def change(tx: object) -> None:
            services.tables.insert(tx, "orders", values=row)  # type: ignore[arg-type] - tx is a transaction
            services.runs.rows_changed(tx, "insert", "orders", RowChange("orders", "insert", row, None))  # type: ignore[arg-type] - tx is a transaction

        await services.database.write(change)
        published = services.publisher.published
        tried = await services.sandbox().test_run(published["queued"], TriggerInput(), {}, event=event(2))
        assert [line["text"] for line in tried.found["logs"]] == ["Payment of 2"]
        tried = await services.sandbox().test_run(published["rows"], TriggerInput(row={"id": "a", "n": 2}, old=row), {})
        assert [line["text"] for line in tried.found["logs"]] == ["Order at 2"]
        counts = await services.run_queries.counts()
        for _ in range(100):
            if not counts.get("queued"):
                break
            await asyncio.sleep(0.05)
            counts = await services.run_queries.counts()
        assert (counts.get("waiting", 0) + counts.get("running", 0), counts["blocked"]) == (2, 0)
