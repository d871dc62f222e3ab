"""The billing half of the resources, and what it does for the payment half (`seams.Billing`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing import checkout_billing
from payloom_emulator.billing.invoices import collect_invoice
from payloom_emulator.resources import seams, versions_billing
from payloom_emulator.resources.billing import (
    billing_portal,
    credit_notes,
    customer_balance_transactions,
    invoice_items,
    invoices,
    meters,
    plans,
    quotes,
    subscription_schedules,
    subscriptions,
    test_clocks,
)
from payloom_emulator.resources.products import coupons, tax_rates

if TYPE_CHECKING:
    from payloom_emulator.core.schema import Body
    from payloom_emulator.core.unit_of_work import Unit
    from payloom_emulator.resources.seams import Taken

FILES = (
    billing_portal,
    coupons,
    credit_notes,
    customer_balance_transactions,
    invoice_items,
    invoices,
    meters,
    plans,
    quotes,
    subscription_schedules,
    subscriptions,
    tax_rates,
    test_clocks,
)


class BillingSide:
    """`seams.Billing`."""

    def start_from_checkout(self, unit: Unit, session: Body, *, customer: Body, payment_method: Body | None) -> Body:
        """Make the subscription of a Checkout Session and pay its first invoice; see the seam."""
        return checkout_billing.start(unit, session, customer=customer, payment_method=payment_method)

    def preview_checkout(self, unit: Unit, session: Body) -> int:
        """Return what is due at once, before discounts: 0 for a trial."""
        return checkout_billing.due_now(unit, session)

    def discounts(
        self, unit: Unit, wanted: list[Body], *, subtotal: int, currency: str, customer: str | None
    ) -> list[Taken]:
        """Return what coupons and promotion codes take off."""
        return checkout_billing.taken(unit, wanted, subtotal=subtotal, currency=currency, customer=customer)

    def invoice_for_checkout(self, unit: Unit, session: Body) -> Body:
        """Return the paid invoice of a payment session with `invoice_creation`; `_lines` hold prices or their ids."""
        return checkout_billing.invoice_for(unit, session)

    def intent_changed(self, unit: Unit, intent: Body) -> None:
        """Settle the invoice whose PaymentIntent changed."""
        collect_invoice.intent_changed(unit, intent)


seams.register(BillingSide())
__all__ = ["FILES", "BillingSide", "versions_billing"]
