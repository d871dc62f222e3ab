"""What a fulfilment of the template shop costs a worker and Postgres: processor, rows, index entries, bytes."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
from pathlib import Path

import sqlalchemy as sa
from rounds import processor_seconds
from tests.support.load.paid_orders import PaidOrders, shop_services, working

COUNT = 1_000
_WRITTEN = "SELECT sum(n_tup_ins), sum(n_tup_upd) FROM pg_stat_user_tables"
_ENTRIES = """
SELECT sum(t.n_tup_ins * (SELECT count(*) FROM pg_index i WHERE i.indrelid = t.relid AND i.indpred IS NULL))
FROM pg_stat_user_tables t"""
_SIZE = "SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid)) FROM pg_stat_user_tables"
_WAL = "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"


@dataclasses.dataclass(frozen=True)
class Cost:
    """One fulfilment.

    acknowledge, advance: milliseconds of a worker's core, up to the acknowledgement and after it. database: those of
    Postgres' cores. rows, updates: written. entries: of indexes without a condition. heap, indexes, wal: bytes.
    """

    acknowledge: float
    advance: float
    database: float
    rows: float
    updates: float
    entries: float
    heap: float
    indexes: float
    wal: float


async def measure(url: str, folder: Path, server: Path) -> Cost:
    """Measure COUNT fulfilments that come at once. server: the folder of the Postgres."""
    async with working(shop_services(folder / "shop", url)) as shop:
        await shop.fulfil(await shop.orders(200))
        await shop.services.index.catch_up()
        gc.collect()
        gc.freeze()
        orders = await shop.orders(COUNT)
        before = await _counters(shop)
        python, together = processor_seconds(None), processor_seconds(server)
        await shop.fulfil(orders)
        await shop.services.index.catch_up()
        python, together = processor_seconds(None) - python, processor_seconds(server) - together
        after = await _counters(shop)
        acknowledge = await _acknowledgement(shop)
    worker = python / COUNT * 1000
    return Cost(
        acknowledge,
        worker - acknowledge,
        (together - python) / COUNT * 1000,
        *[(late - early) / COUNT for early, late in zip(before, after, strict=True)],
    )


async def _counters(shop: PaidOrders) -> list[float]:
    """Return what Postgres has counted: rows, updates, index entries, bytes of tables, indexes, and WAL."""
    await asyncio.sleep(1.2)  # a connection tells what it did about once a second

    def work(tx: sa.Connection) -> list[float]:
        answers = [tx.exec_driver_sql(query).one() for query in (_WRITTEN, _ENTRIES, _SIZE, _WAL)]
        return [float(value) for answer in answers for value in answer]

    return await shop.services.database.read(work)


async def _acknowledgement(shop: PaidOrders) -> float:
    """Return the milliseconds of a core for storing and acknowledging an event that starts no run."""
    events = [shop.services.inbox.parse(shop.paid("none") | {"type": "payment_method.attached"}) for _ in range(300)]
    began = processor_seconds(None)
    for event in events:
        await shop.services.runs.ingest(event)
    return (processor_seconds(None) - began) / len(events) * 1000
