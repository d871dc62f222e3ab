"""Orders that are paid already, for tests that refund them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa

from payloom.db.database import open_database

if TYPE_CHECKING:
    from tests.storm.support.harness import WorkerScenario

PAID = 900
"""What each order cost, in minor units."""


def paid_orders(scenario: WorkerScenario, many: int) -> list[str]:
    """Insert `many` orders that are paid, with their payments and receipts in the ledger; return their ids."""
    orders = [f"paid{number}" for number in range(many)]
    database = open_database(scenario.url)
    with database.engine.begin() as conn:
        for order in orders:
            conn.execute(
                sa.text(
                    "INSERT INTO orders (id, status, amount, currency, paid, refunded, access) VALUES (:id, 'paid', :paid, 'usd', :paid, 0, true)"
                ),
                {"id": order, "paid": PAID},
            )
    database.engine.dispose()
    with (scenario.folder / "ledger.jsonl").open("a") as file:
        for order in orders:
            line = {"payment": f"pay_{order}", "order": order, "currency": "usd", "amount": PAID}
            file.write(json.dumps(line) + "\n")
            receipt = {"effect": f"seed:{order}", "action": "receipt", "args": {"data": {"order": order}}}
            file.write(json.dumps(receipt) + "\n")
    return orders
