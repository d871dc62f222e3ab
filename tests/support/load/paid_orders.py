"""The template shop in this process, people who have paid, and what a fulfilment makes the database do."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import event as sa_event

from payloom.app.composition import Services
from payloom.kit.clock import SystemClock
from payloom.project.loader import load_project
from payloom.settings.load import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from payloom.db.database import Database

SHOP = Path(__file__).parents[3] / "templates" / "shop"
ITEM = {"sku": "guide", "quantity": 1, "name": "Field Guide to Webhooks", "amount": 1900}
CALLERS = 50
_OPEN = "SELECT count(*) FROM payloom_runs WHERE finished_at IS NULL"
_ENDS = "SELECT status, count(*) FROM payloom_runs GROUP BY status"
_RECEIPTS = "SELECT count(*) FROM payloom_mails WHERE template = 'receipt' AND status = 'sent'"


class PaidOrders:
    """The shop in this process, and people who have paid."""

    def __init__(self, services: Services) -> None:
        """The services must be running."""
        self.services, self._numbers, self._name = services, itertools.count(1), uuid.uuid4().hex[:8]

    async def orders(self, count: int) -> list[str]:
        """Write orders that wait for their payment; returns their ids."""
        ids = [str(uuid.uuid4()) for _ in range(count)]
        common = {"email": "ada@corner.test", "items": [ITEM], "amount": 1900, "currency": "usd"}
        values = [{"id": order, **common} for order in ids]
        await self.services.database.write(lambda tx: self.services.tables.insert(tx, "orders", values=values))
        return ids

    def paid(self, order: str) -> dict[str, Any]:
        """Stripe's event about the checkout of an order, about 1.4 KB."""
        number = f"{self._name}_{next(self._numbers)}"
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

    async def ingest(self, order: str) -> None:
        """Hand in the event about a paid order."""
        await self.services.runs.ingest(self.services.inbox.parse(self.paid(order)))

    async def fulfil(self, orders: list[str], callers: int = CALLERS) -> float:
        """Hand in their events and wait for the last receipt; returns orders per second."""
        began = time.perf_counter()
        waiting = iter(orders)

        async def caller() -> None:
            for order in waiting:
                await self.ingest(order)

        await asyncio.gather(*[caller() for _ in range(min(callers, len(orders)))])
        await self.settled()
        return len(orders) / (time.perf_counter() - began)

    async def settled(self) -> None:
        """Wait until no run is open; none may have failed."""
        while await self._scalar(_OPEN):  # noqa: ASYNC110 - runs end when they end
            await asyncio.sleep(0.1)
        ends = await self.services.database.read(lambda tx: {row[0]: row[1] for row in tx.exec_driver_sql(_ENDS)})
        assert not ends.get("failed"), ends

    async def receipts(self) -> int:
        """How many receipts are in the outbox."""
        return await self._scalar(_RECEIPTS)

    async def _scalar(self, query: str) -> int:
        return await self.services.database.read(lambda tx: tx.exec_driver_sql(query).scalar() or 0)


def shop_services(
    folder: Path, url: str, *, stripe_port: int | None = None, change: Callable[[Path], None] | None = None
) -> Services:
    """Build the services of a copy of the template shop in `folder`. change: edits the copy."""
    if not folder.exists():
        shutil.copytree(SHOP, folder)
        if change is not None:
            change(folder)
    settings = load_settings(folder, database_url=url, local_stripe_port=stripe_port, environ={})
    return Services(load_project(folder, settings), settings, SystemClock())


async def publish(services: Services) -> None:
    """Make the tables, and the workflows current."""
    await services.migrate()
    await services.versions.publish(services.project.workflows.values(), services.project.sources)


@contextlib.asynccontextmanager
async def working(services: Services) -> AsyncGenerator[PaidOrders]:
    """Advance runs while the block runs; no other background task of a server."""
    await publish(services)
    await services.runs.start()
    try:
        yield PaidOrders(services)
    finally:
        await services.runs.stop(2.0)
        await services.close()


class StatementCount:
    """The statements of our own connections since it was made, begin and commit among them."""

    def __init__(self, database: Database) -> None:
        self.seen: list[str] = []
        self._engine = database.engine
        self._listeners: dict[str, Callable[..., None]] = {
            "before_cursor_execute": self._statement,
            "begin": lambda _conn: self.seen.append("BEGIN"),
            "commit": lambda _conn: self.seen.append("COMMIT"),
        }
        for name, listener in self._listeners.items():
            sa_event.listen(self._engine, name, listener)

    def _statement(self, _conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.seen.append(" ".join(statement.split())[:120])

    def stop(self) -> list[str]:
        """Count no more; returns what was counted."""
        for name, listener in self._listeners.items():
            sa_event.remove(self._engine, name, listener)
        return self.seen


async def statements_of(database: Database, work: Callable[[], Awaitable[Any]]) -> list[str]:
    """Return the statements that `work` causes."""
    count = StatementCount(database)
    await work()
    return count.stop()
