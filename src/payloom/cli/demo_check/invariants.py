"""After the flows: the twelve invariants over the demo's own database, the local Stripe's ledger and its deliveries."""

from __future__ import annotations

from typing import Any

from payloom.cli.demo_check.actors import DemoActors
from payloom.db.database import open_database
from payloom.sandbox.scenario.invariants import (
    INVARIANTS,
    Observations,
    Order,
    Payment,
    check_invariants,
    checked_invariants,
)
from payloom_emulator.options import control_headers

_PAID = frozenset({"paid", "partially_refunded", "refunded"})


def observed(actors: DemoActors) -> Observations:
    """Ask the local Stripe and the shop, while they run, what the database will be compared with."""
    orders = actors.owner.get("/tables/orders/rows", limit=200)["data"]
    by_intent = {order["payment_intent"]: order["id"] for order in orders if order["payment_intent"]}
    charges = actors.stripe.request("GET", "/v1/charges?limit=100")["data"]
    answer = actors.stripe.public.get("/_emulator/deliveries", params={"limit": 1000}, headers=control_headers())
    deliveries = answer.json()["data"]
    return Observations(
        acknowledged={
            delivery["event"] for delivery in deliveries if delivery["status"] and 200 <= delivery["status"] < 300
        },
        answers=[(delivery["status"], True) for delivery in deliveries if delivery["status"]],
        payments=[_payment(charge, by_intent) for charge in charges if charge["paid"]],
        orders=[_order(order) for order in orders],
        quiet=False,
    )


def _payment(charge: dict[str, Any], orders: dict[str, str]) -> Payment:
    order = orders.get(charge["payment_intent"] or "")
    refunds = [charge["amount_refunded"]] if charge["amount_refunded"] else []
    return Payment(charge["id"], order, charge["currency"], charge["amount_captured"], refunds, charge["disputed"])


def _order(row: dict[str, Any]) -> Order:
    paid = row["amount"] if row["status"] in _PAID else 0
    return Order(row["id"], row["currency"], row["amount"], paid, row["refunded"], row["access"], row["payment_intent"])


def broken_invariants(database_url: str, observations: Observations) -> list[str]:
    """Return every invariant that does not hold, in words. Called once the server has stopped."""
    database = open_database(database_url)
    try:
        with database.engine.connect() as tx:
            return [str(violation) for violation in check_invariants(tx, observations)]
    finally:
        database.engine.dispose()


def summary(observations: Observations) -> str:
    """Return which invariants were looked at, for people."""
    numbers = checked_invariants(observations)
    return f"{len(numbers)} of {len(INVARIANTS)} invariants looked at: {', '.join(f'I{number}' for number in numbers)}"
