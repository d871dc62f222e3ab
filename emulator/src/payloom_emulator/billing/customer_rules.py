"""What billing does when a customer is made or changed: balance transactions, a discount, a test clock's room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.subscriptions import cancel_subscription
from payloom_emulator.core.differences import public_fields
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.params.customers import CustomerCreateParams, CustomerUpdateParams
    from payloom_emulator.objects.state import DiscountChoice

MOST_ON_A_CLOCK = 3


def creating(call: RequestContext[CustomerCreateParams], draft: Mapping[str, object]) -> None:
    """Refuse a fourth customer on a test clock."""
    clock = draft.get("test_clock")
    if clock and len(call.unit.list(kinds.CUSTOMER, test_clock=clock)) >= MOST_ON_A_CLOCK:
        raise invalid(f"Test clocks can have at most {MOST_ON_A_CLOCK} customers.", "test_clock")


def created(call: RequestContext[CustomerCreateParams], customer: Customer) -> None:
    """Record the balance the customer begins with, and redeem a coupon older versions give customers."""
    if customer["balance"]:
        _record(call, customer, customer["balance"], customer["balance"], "initial")
    _redeem(call, customer)


def updating(call: RequestContext[CustomerUpdateParams], customer: Customer, changes: dict[str, object]) -> None:
    """Record a balance set by hand as the transaction it is."""
    del changes
    balance = call.params.get("balance")
    if balance is not None and balance != customer["balance"]:
        _record(call, customer, balance - (customer["balance"] or 0), balance, "adjustment")


def updated(call: RequestContext[CustomerUpdateParams], customer: Customer) -> None:
    """Redeem, replace or remove the customer's own discount."""
    _redeem(call, customer)


def deleting(call: RequestContext[Params], customer: Customer) -> None:
    """End the subscriptions of a customer who is about to be deleted."""
    for subscription in call.unit.list(kinds.SUBSCRIPTION, customer=customer["id"]):
        if subscription["status"] not in {"canceled", "incomplete_expired"}:
            cancel_subscription.cancel(call.unit, subscription, reason="cancellation_requested")


def cash_settings(mode: str) -> dict[str, object]:
    """Return how a customer's cash balance is used, by the parameter `reconciliation_mode`."""
    default = mode == "merchant_default"
    return {"reconciliation_mode": "automatic" if default else mode, "using_merchant_default": default}


def _record(call: RequestContext[Params], customer: Customer, amount: int, ending: int, kind: str) -> None:
    currency = customer["currency"] or call.unit.environment.config.business.get("currency", "usd")
    values = {
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "ending_balance": ending,
        "type": kind,
    }
    call.unit.create(kinds.CUSTOMER_BALANCE_TRANSACTION, values, emits=())


def _redeem(
    call: RequestContext[CustomerCreateParams] | RequestContext[CustomerUpdateParams], customer: Customer
) -> None:
    params = call.params
    if "coupon" not in params and "promotion_code" not in params:
        return
    earlier = customer.get("discount")
    choice: DiscountChoice = (
        {"coupon": params["coupon"]} if "coupon" in params else {"promotion_code": params["promotion_code"]}
    )
    if not any(choice.values()):
        if earlier:
            discounts.detach(call.unit, earlier["id"])
        call.unit.change(customer, {"discount": None}, emits=())
        return
    coupon, code = discounts.resolve(
        call.unit, choice, "", customer=customer["id"], subtotal=None, currency=customer["currency"]
    )
    discount = discounts.redeem(call.unit, coupon, code, customer=customer["id"], instead_of=earlier)
    call.unit.change(customer, {"discount": public_fields(discount)}, emits=())
