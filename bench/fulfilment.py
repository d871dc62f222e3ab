"""The shop's fulfilment: the template's paid checkout with its real steps, its mail and a local Stripe."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import time
import uuid
from pathlib import Path

from lanes import Floor, spread
from rounds import Compared, compare

from payloom.app.composition import Services
from payloom.app.lifespan import lifespan
from payloom.kit.clock import SystemClock
from payloom.project.loader import load_project
from payloom.settings.load import load_settings
from payloom_emulator import embedded

SHOP = Path(__file__).parent.parent / "templates" / "shop"
ITEM = {"sku": "guide", "quantity": 1, "name": "Field Guide to Webhooks", "amount": 1900}


class Shop:
    """The shop in this process, and people who have paid."""

    def __init__(self, services: Services) -> None:
        """The services must be running."""
        self._services, self._numbers = services, itertools.count(1)

    async def orders(self, count: int) -> list[str]:
        """Write orders that wait for their payment; returns their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        common = {"email": "ada@corner.test", "items": [ITEM], "amount": 1900, "currency": "usd"}
        values = [{"id": order, **common} for order in ids]
        await self._services.database.write(lambda tx: self._services.tables.insert(tx, "orders", values=values))
        return ids

    def paid(self, order: str) -> dict[str, object]:
        """Stripe's event about the checkout of an order, about 1.4 KB."""
        number = next(self._numbers)
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "mode": "payment",
            "payment_status": "paid",
            "status": "complete",
            "amount_total": 1900,
            "currency": "usd",
            "payment_intent": f"pi_{number}",
            "metadata": {"order_id": order},
            "success_url": "https://shop.example/thanks?" + "x" * 800,
        }
        return {
            "id": f"evt_{number}",
            "object": "event",
            "type": "checkout.session.completed",
            "created": int(time.time()),
            "livemode": False,
            "api_version": "2026-10-28.endive",
            "data": {"object": session},
        }

    async def fulfil(self, count: int) -> float:
        """Orders per second from the first event to the last receipt."""
        orders, services = await self.orders(count), self._services
        began = time.perf_counter()

        async def one(number: int) -> None:
            await services.runs.ingest(services.inbox.parse(self.paid(orders[number])))

        await spread(count, one)
        while True:
            counts = await services.run_queries.counts()
            if not any(counts.get(status) for status in ("queued", "running", "waiting")):
                break
            await asyncio.sleep(0.02)
        rate = count / (time.perf_counter() - began)
        assert not counts.get("failed"), counts
        return rate

    async def receipts(self) -> int:
        """How many receipts are in the outbox."""
        query = "SELECT count(*) FROM payloom_mails WHERE template = 'receipt' AND status = 'sent'"
        return await self._services.database.read(lambda tx: tx.exec_driver_sql(query).scalar() or 0)


async def fulfilment(url: str, bare_url: str, folder: Path, *, rounds: int, count: int = 100) -> Compared:
    """Compare with the bare driver: one event in, one order updated, one commit. bare_url: its own database."""
    root = folder / "shop"
    shutil.copytree(SHOP, root)
    with embedded.run() as stripe:
        port = int(stripe.url.rsplit(":", 1)[1])
        settings = load_settings(root, database_url=url, local_stripe_port=port, environ={})
        services = Services(load_project(root, settings), settings, SystemClock())
        async with lifespan(services, work=True):
            shop = Shop(services)
            floor = _floor(bare_url, json.dumps(shop.paid("o1")))
            try:
                figures = await compare(lambda: floor(0.3), lambda: shop.fulfil(count), rounds)
            finally:
                floor.close()
            mailed, expected = await shop.receipts(), (rounds + 1) * count
            assert mailed == expected, f"{mailed} receipts for {expected} orders"
    return figures


def _floor(url: str, payload: str) -> Floor:
    floor = Floor(url, payload)
    floor.prepare(
        "CREATE TABLE orders(id TEXT PRIMARY KEY, paid INTEGER)",
        """
        WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 499)
        INSERT INTO orders SELECT 'o' || n, 0 FROM numbers
        """,
    )
    return floor
