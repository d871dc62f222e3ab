"""What the shop's fulfilment costs the database, pinned, and what a death in its mail step leaves.

Who lowers a figure writes the lower one here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.load.paid_orders import PaidOrders, StatementCount, publish, shop_services, working

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from payloom.app.composition import Services

pytestmark = pytest.mark.anyio
ROWS = {"events": 1, "runs": 1, "steps": 3, "mails": 1, "logs": 0, "waits": 0}
REFERENCES = 9
BYTES = 7_500
"""On SQLite, indexes included."""


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[PaidOrders]:
    """The shop at work, warm: workflows compiled, statements prepared."""
    async with working(shop_services(tmp_path / "shop", database_url)) as running:
        await running.fulfil(await running.orders(5), callers=1)
        yield running


async def table_sizes(services: Services) -> dict[str, int]:
    def work(tx: Any) -> dict[str, int]:
        query = "SELECT count(*) FROM payloom_"
        return {name: tx.exec_driver_sql(query + name).scalar() for name in (*ROWS, "refs")}

    return await services.database.read(work)


async def size(services: Services) -> int:
    """The bytes of the database on SQLite; 0 on Postgres, whose files grow in steps."""
    if services.database.dialect == "postgresql":
        return 0
    query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
    return await services.database.read(lambda tx: tx.exec_driver_sql(query).scalar() or 0)


async def test_a_fulfilment_alone_takes_two_transactions_and_few_statements(shop: PaidOrders) -> None:
    [order] = await shop.orders(1)
    count = StatementCount(shop.services.database)
    await shop.ingest(order)
    await asyncio.gather(*shop.services.runs._worker._local_tasks)
    seen = count.stop()
    await shop.settled()
    assert await shop.receipts() == 6
    assert len([line for line in seen if line not in ("BEGIN", "COMMIT")]) <= 12, seen
    if shop.services.database.dialect == "postgresql":
        assert seen.count("COMMIT") == 2, seen


async def test_a_burst_of_fulfilments_costs_no_more_for_each(shop: PaidOrders) -> None:
    orders = await shop.orders(200)
    before = await size(shop.services)
    count = StatementCount(shop.services.database)
    await shop.fulfil(orders)
    seen = [line for line in count.stop() if line not in ("BEGIN", "COMMIT") and "finished_at IS NULL" not in line]
    assert await shop.receipts() == 205
    assert len(seen) <= 200 * 12, len(seen) / 200
    await shop.services.index.catch_up()
    assert await size(shop.services) - before <= 200 * BYTES


async def test_a_fulfilment_writes_no_more_rows(shop: PaidOrders) -> None:
    await shop.services.index.catch_up()
    before = await table_sizes(shop.services)
    await shop.fulfil(await shop.orders(20))
    await shop.services.index.catch_up()
    after = await table_sizes(shop.services)
    grown = {name: (after[name] - before[name]) / 20 for name in before}
    references = grown.pop("refs")
    assert grown == ROWS
    assert references <= REFERENCES


@pytest.mark.parametrize("retry", ["", "        retry: false\n"])
async def test_a_death_during_a_mail_to_the_local_outbox_leaves_no_doubt(
    database_url: str, tmp_path: Path, retry: str
) -> None:
    """The row is the mail: it comes with the step's record, or not at all. A second process writes it once."""

    def change(folder: Path) -> None:
        path = folder / "workflows" / "settle-order.yaml"
        text = path.read_text()
        assert "      - email: receipt\n" in text
        path.write_text(text.replace("      - email: receipt\n", f"      - email: receipt\n{retry}"))

    first = shop_services(tmp_path / "shop", database_url, change=change)
    await publish(first)
    died = asyncio.Event()

    async def die(*_args: Any, **_options: Any) -> Any:
        died.set()
        await asyncio.Event().wait()

    first.outbox.transmit = die
    await first.runs.start()
    before = PaidOrders(first)
    [order] = await before.orders(1)
    await before.ingest(order)
    await died.wait()
    await first.runs.stop(0)
    await first.close()

    async with working(shop_services(tmp_path / "shop", database_url)) as shop:
        await shop.settled()
        [mail] = await shop.services.outbox.list()
        [run] = await shop.services.run_queries.list()
        timeline = await shop.services.run_queries.timeline(run["id"])
    step = timeline["steps"][-1]
    assert (step["verb"], step["status"], step["attempts"], step["in_doubt"]) == ("email", "succeeded", 2, True)
    assert (mail["status"], mail["repeated"], mail["attempts"]) == ("sent", False, 1)
    assert (step["value"]["id"], step["value"]["status"]) == (mail["id"], "sent")
