"""The shop's fulfilment, open-loop: events come when they are due, whatever became of those before them."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.load.paid_orders import PaidOrders, StatementCount, shop_services

from payloom.app.lifespan import lifespan
from payloom_emulator import embedded


@dataclasses.dataclass(frozen=True)
class Offered:
    """What came of a rate that was offered for some seconds.

    p50, p99: milliseconds from the moment an event was due to its acknowledgement. done: fulfilments per second, to the
    last receipt. processor, statements: milliseconds and count for each.
    """

    rate: float
    p50: float
    p99: float
    done: float
    processor: float
    statements: float


async def overload(url: str, folder: Path, rates: list[float], seconds: float) -> list[Offered]:
    """Offer each rate; every order must have its one receipt at the end."""
    with embedded.run() as stripe:
        services = shop_services(folder / "shop", url, stripe_port=int(stripe.url.rsplit(":", 1)[1]))
        async with lifespan(services, work=True):
            shop = PaidOrders(services)
            await shop.fulfil(await shop.orders(100))
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 100)  # as a server does
            figures = [await _offer(shop, rate, await shop.orders(int(rate * seconds))) for rate in rates]
            receipts, expected = await shop.receipts(), 100 + sum(int(rate * seconds) for rate in rates)
            assert receipts == expected, f"{receipts} receipts for {expected} orders"
    return figures


async def _offer(shop: PaidOrders, rate: float, orders: list[str]) -> Offered:
    events = [shop.services.inbox.parse(shop.paid(order)) for order in orders]
    latencies: list[float] = []
    count = StatementCount(shop.services.database)
    began, spent = time.perf_counter(), time.process_time()

    async def deliver(number: int) -> None:
        await shop.services.runs.ingest(events[number])
        latencies.append(time.perf_counter() - began - number / rate)

    tasks: list[asyncio.Task[None]] = []
    for number in range(len(events)):
        pause = began + number / rate - time.perf_counter()
        if pause > 0 or number % 20 == 0:
            await asyncio.sleep(max(pause, 0.0))
        tasks.append(asyncio.create_task(deliver(number)))
    await asyncio.gather(*tasks)
    await shop.settled()
    elapsed, processor = time.perf_counter() - began, time.process_time() - spent
    latencies.sort()
    each = len(events)
    return Offered(
        rate=rate,
        p50=latencies[each // 2] * 1000,
        p99=latencies[int(each * 0.99)] * 1000,
        done=each / elapsed,
        processor=processor / each * 1000,
        statements=len([line for line in count.stop() if line not in ("BEGIN", "COMMIT")]) / each,
    )
