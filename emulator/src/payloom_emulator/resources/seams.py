"""Where the payment side and the billing side meet. Billing registers itself here; payments never import its files.

Payments call `billing()`; billing calls the public functions of `payment_intents.py` and `setup_intents.py`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

from payloom_emulator.protocol.errors import not_emulated

if TYPE_CHECKING:
    from payloom_emulator.core.schema import Body
    from payloom_emulator.core.unit_of_work import Unit


@dataclasses.dataclass(frozen=True, slots=True)
class Taken:
    """What one discount takes off: `amount` in minor units, and what it came from."""

    amount: int
    coupon: str
    promotion_code: str | None = None


class Billing(Protocol):
    """What payments need of subscriptions, invoices and coupons."""

    def start_from_checkout(self, unit: Unit, session: Body, *, customer: Body, payment_method: Body | None) -> Body:
        """Make the subscription a completed Checkout Session (mode=subscription) asks for, and return it.

        session: newest shape; `session["_lines"]` holds `{price: <price object>, quantity, discounts?, tax_rates?}`
        in order, `session["_subscription_data"]` the checked `subscription_data` parameters, `session["_discounts"]`
        the `{coupon | promotion_code}` list, `session["_payment_method_options"]` what was asked for. payment_method:
        attached to `customer` already; None when nothing is due and none was collected; becomes the subscription's
        `default_payment_method`. Trials (`trial_period_days`, `trial_end`) start `trialing`.

        Pays the first invoice with it, on session, through a PaymentIntent that carries `_session=session["id"]`. Never
        raises for a decline or a challenge: it returns the subscription `incomplete`, and Checkout reads the intent
        (`requires_action`, or `requires_payment_method` with `last_payment_error`), keeps the session open, pays the
        same intent again with the next method, and looks at the subscription after `intent_changed`.
        """
        ...

    def preview_checkout(self, unit: Unit, session: Body) -> int:
        """Return what is due at once for a subscription session's `_lines` (0 for a trial), before discounts."""
        ...

    def discounts(
        self, unit: Unit, wanted: list[Body], *, subtotal: int, currency: str, customer: str | None
    ) -> list[Taken]:
        """Return what `[{coupon} | {promotion_code}]` take off `subtotal`; raises Stripe's 400 for invalid ones."""
        ...

    def intent_changed(self, unit: Unit, intent: Body) -> None:
        """Called after a PaymentIntent made for an invoice (`intent["_invoice"]`) succeeded, failed or was canceled.

        Also after a SetupIntent made for a subscription (`intent["_subscription"]`) succeeded.
        """
        ...


_registered: list[Billing] = []


def register(billing_side: Billing) -> None:
    """Called once by the billing side when its files load."""
    _registered[:] = [billing_side]


def billing() -> Billing:
    """Return the billing side, or raise that it is not covered."""
    if not _registered:
        raise not_emulated("billing: subscriptions, invoices and coupons")
    return _registered[0]


def has_billing() -> bool:
    """Return whether the billing side is there."""
    return bool(_registered)
