"""The account's balance: every movement of money books a balance transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.store import Store
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.charges import BalanceTransaction

DAY = 86400


AVAILABLE_AFTER = 7 * DAY


_CATEGORIES = {
    "payment": "charge",
    "payment_refund": "refund",
    "adjustment": "dispute",
    "payment_failure_refund": "charge_failure",
}


SUMMED = "balances_are_summed"
"""Whether the store has the sums of all balance transactions: a file of an older version has not."""


def count(store: Store) -> None:
    """Sum what an older version stored without the sums."""
    with store.transaction():
        store.query("DELETE FROM sums")
        for account, currency, status, net in store.query(
            "SELECT account, json_extract(body, '$.currency'), json_extract(body, '$.status'), sum(json_extract(body, '$.net')) FROM objects WHERE object = 'balance_transaction' GROUP BY 1, 2, 3"
        ):
            store.add_to_sum(account, _name(currency, status), net)
        store.set_meta(SUMMED, True)


_FEES = """
SELECT sum(json_extract(body, '$.fee')) FROM objects WHERE object = 'balance_transaction' AND account = ?
AND json_extract(body, '$.currency') = ? AND json_extract(body, '$.status') = 'available'
AND json_extract(body, '$.amount') = ?"""


def covers(unit: UnitOfWork, currency: str, amount: int) -> bool:
    """Return whether so much is available in a currency, in minor units.

    Stripe's fee is no obstacle to passing on a payment as a whole: the triggers of its CLI do so with the first one.
    """
    available = unit.store.sums(unit.account).get(_name(currency, "available"), 0)
    if amount <= available or unit.environment.config.unlimited_balance:
        return True
    [(fees,)] = unit.store.query(_FEES, (unit.account, currency, amount))
    return amount <= available + (fees or 0)


def totals(unit: UnitOfWork) -> dict[tuple[str, str], int]:
    """Return what the account has: currency and status (available or pending) to the amount."""
    return {
        (currency, status): amount
        for name, amount in unit.store.sums(unit.account).items()
        for currency, status in [name.split(" ")]
    }


def become_available(unit: UnitOfWork, transaction: BalanceTransaction) -> None:
    """Move what a pending transaction brought to the available balance. One that is available stays as it is."""
    if transaction["status"] == "available":
        return
    unit.change(transaction, {"status": "available"}, emits=())
    unit.store.add_to_sum(unit.account, _name(transaction["currency"], "pending"), -transaction["net"])
    unit.store.add_to_sum(unit.account, _name(transaction["currency"], "available"), transaction["net"])


def _name(currency: str, status: str) -> str:
    return f"{currency} {status}"


def fee_for(amount: int) -> int:
    """Return Stripe's fee on a card payment: 2.9 % and 30."""
    return (amount * 29 + 500) // 1000 + 30


def day_begins(moment: int) -> int:
    """Return the first second (UTC) of the day: banks move money by days."""
    return moment // DAY * DAY


def book(
    unit: UnitOfWork,
    source: Mapping[str, object],
    *,
    kind: str,
    amount: int,
    fee: int = 0,
    available: bool = False,
    available_on: int | None = None,
    description: str | None = None,
    category: str | None = None,
    exchange: str = "Stripe processing fees",
    application_fee: int = 0,
) -> BalanceTransaction:
    """Make the balance transaction of `source`: `amount` in, `fee` and the platform's `application_fee` off.

    available: at once; available_on: then, at once if that is over. Else in a week, when the day begins.
    """
    later = day_begins(unit.now + AVAILABLE_AFTER) if available_on is None else available_on
    moment = unit.now if available else later
    available = moment <= unit.now
    fees = [
        (fee, exchange, "stripe_fee"),
        (application_fee, "Application fee", "application_fee"),
    ]
    details = [
        {"amount": part, "application": None, "currency": source["currency"], "description": text, "type": name}
        for part, text, name in fees
        if part
    ]
    fee += application_fee
    transaction = unit.create(
        kinds.BALANCE_TRANSACTION,
        {
            "amount": amount,
            "available_on": max(moment, unit.now),
            "currency": source["currency"],
            "description": description,
            "fee": fee,
            "fee_details": details,
            "net": amount - fee,
            "reporting_category": category or _CATEGORIES.get(kind, kind),
            "source": source["id"],
            "status": "available" if available else "pending",
            "type": kind,
        },
    )
    unit.store.add_to_sum(unit.account, _name(transaction["currency"], transaction["status"]), transaction["net"])
    if not available:
        unit.schedule("become_available", transaction, transaction["available_on"])
    return transaction
