"""A customer's balance: what they are owed (negative) or owe (positive), one transaction per change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer, CustomerBalanceTransaction


def add(
    unit: UnitOfWork, customer: Customer, amount: int, currency: str, *, kind: str = "adjustment", **more: object
) -> CustomerBalanceTransaction:
    """Change the balance by `amount` minor units and return the transaction."""
    ending = (customer.get("balance") or 0) + amount
    transaction = unit.create(
        kinds.CUSTOMER_BALANCE_TRANSACTION,
        {
            "amount": amount,
            "currency": currency,
            "customer": customer["id"],
            "ending_balance": ending,
            "type": kind,
            **more,
        },
        emits=(),
    )
    changes: dict[str, object] = {"balance": ending}
    if customer.get("currency") is None:
        changes["currency"] = currency
    unit.change(customer, changes)
    return transaction
