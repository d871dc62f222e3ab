"""Balance and balance transactions: where money is. https://docs.stripe.com/api/balance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.api_changes import Accepted
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.ledger import balance
from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.charges import BalanceTransaction
    from payloom_emulator.protocol.param_types import Ref


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    return current(call.unit)


def current(unit: UnitOfWork) -> dict[str, object]:
    """Return the balance as it is now: the net of all transactions, by currency and availability."""
    sums = balance.totals(unit)
    currencies = sorted({c for c, _ in sums} | {unit.environment.config.business["currency"]})

    def side(status: str) -> list[dict[str, object]]:
        return [
            {
                "amount": sums.get((c, status), 0),
                "currency": c,
                "source_types": {"card": sums.get((c, status), 0)},
            }
            for c in currencies
        ]

    return {
        "object": "balance",
        "available": side("available"),
        "connect_reserved": [{"amount": 0, "currency": currencies[0]}],
        "livemode": False,
        "pending": side("pending"),
        "refund_and_dispute_prefunding": {"available": [{"amount": 0, "currency": currencies[0]}], "pending": []},
    }


def _become_available(unit: UnitOfWork, transaction: BalanceTransaction) -> None:
    balance.become_available(unit, transaction)
    unit.emit("balance.available", current(unit))


_RANGE: list[object] = ["o", {name: ["i"] for name in ("gt", "gte", "lt", "lte")}, []]
_AVAILABLE_ON: dict[str, Ref] = {"available_on": ["u", ["i"], _RANGE]}


BALANCE_TRANSACTION = Resource(
    schema=Schema(
        object="balance_transaction",
        prefix="txn_1",
        id_length=23,
        path="/v1/balance_transactions",
        fields=(
            read_only("amount", 0),
            read_only("available_on"),
            read_only("balance_type", "payments"),
            read_only("created"),
            read_only("currency"),
            read_only("description"),
            read_only("exchange_rate"),
            read_only("fee", 0),
            read_only("fee_details", []),
            read_only("net", 0),
            read_only("reporting_category"),
            read_only("source"),
            read_only("status", "pending"),
            read_only("type"),
        ),
        filters=("currency", "source", "type", ("payout", "_payout"), "available_on"),
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"),
        operations=(
            Operation("GET", "/v1/balance", _retrieve),
            Operation("GET", "/v1/balance/history", lambda call: call.page(kinds.BALANCE_TRANSACTION)),
        ),
    ),
    timers={"become_available": _become_available},
    versions=(Accepted("2023-08-16", "GET", "/v1/balance_transactions", _AVAILABLE_ON),),
)


RESOURCES = (BALANCE_TRANSACTION,)
