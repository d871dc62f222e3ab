"""The shop's fulfilment: the template's paid checkout with its real steps, its mail and a local Stripe."""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from lanes import Floor
from rounds import Compared, compare
from tests.support.load.paid_orders import PaidOrders, shop_services

from payloom.app.lifespan import lifespan
from payloom_emulator import embedded


async def fulfilment(url: str, bare_url: str, folder: Path, *, rounds: int, count: int = 100) -> Compared:
    """Compare with the bare driver: one event in, one order updated, one commit. bare_url: its own database."""
    with embedded.run() as stripe:
        services = shop_services(folder / "shop", url, stripe_port=int(stripe.url.rsplit(":", 1)[1]))
        async with lifespan(services, work=True):
            shop = PaidOrders(services)
            floor = _floor(bare_url, json.dumps(shop.paid("o1")))

            async def fulfil() -> float:
                return await shop.fulfil(await shop.orders(count))

            try:
                figures = await compare(lambda: floor(0.3), fulfil, rounds)
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
