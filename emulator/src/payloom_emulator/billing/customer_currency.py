"""One currency for a customer: what is billed to it in one currency keeps others out for as long as it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.machines import LIVE
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer


def check(unit: UnitOfWork, customer: Customer, currency: str) -> None:
    """Raise when the customer has something in another currency."""
    settled = customer.get("currency")
    if settled and settled != currency and _in_use(unit, customer["id"], settled):
        raise invalid(
            f"You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency {settled}",
            "customer",
        )


def settle(unit: UnitOfWork, customer: Customer, currency: str) -> None:
    """Make `currency` the customer's, or raise when the customer has something in another."""
    check(unit, customer, currency)
    if customer.get("currency") != currency:
        unit.change(customer, {"currency": currency})


def _in_use(unit: UnitOfWork, customer: str, currency: str) -> bool:
    discount = unit.get(kinds.CUSTOMER, customer).get("discount")
    coupon = unit.find(kinds.COUPON, discount["source"]["coupon"]) if discount else None
    return (
        any(s["status"] in LIVE and s["currency"] == currency for s in unit.list(kinds.SUBSCRIPTION, customer=customer))
        or any(i["currency"] == currency for i in unit.list(kinds.INVOICEITEM, customer=customer, pending=True))
        or any(
            q["status"] in {"draft", "open"} and q["currency"] == currency
            for q in unit.list(kinds.QUOTE, customer=customer)
        )
        or any(
            s["status"] in {"not_started", "active"} for s in unit.list(kinds.SUBSCRIPTION_SCHEDULE, customer=customer)
        )
        or (coupon is not None and coupon["currency"] == currency)
    )
