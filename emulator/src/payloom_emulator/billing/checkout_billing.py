"""Subscriptions that begin in Checkout, and what Checkout shows of them beforehand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import collect_invoice, invoice_lifecycle, lines
from payloom_emulator.billing.pricing import amounts, discounts, totals
from payloom_emulator.billing.subscriptions import create_subscription
from payloom_emulator.kit.named_members import with_filled
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.objects.state import DiscountChoice

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.checkout import CheckoutSession
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import Invoice, InvoiceLineItem
    from payloom_emulator.objects.params.subscriptions import (
        AddInvoiceItemParams,
        SubscriptionCreateParams,
        SubscriptionCreateParamsItem,
    )
    from payloom_emulator.objects.payment_methods import PaymentMethod
    from payloom_emulator.objects.subscriptions import Subscription


@dataclasses.dataclass(frozen=True, slots=True)
class DiscountTaken:
    """What one discount takes off: `amount` in minor units, and what it came from."""

    amount: int
    coupon: str
    promotion_code: str | None = None


def start_subscription(
    unit: UnitOfWork, session: CheckoutSession, *, customer: Customer, payment_method: PaymentMethod | None
) -> Subscription:
    """Create the subscription of a session, try its first invoice with `payment_method`, and return it.

    Never raises for a decline or a challenge: the subscription then is `incomplete`, and its invoice's PaymentIntent,
    which carries `_session`, says why.
    """
    unit.use_clock_of(customer)
    params = parameters(unit, session, customer, payment_method)
    # Checkout looked at the prices when the session was made; inline prices are inactive from the start.
    return create_subscription.begin(unit, params, extra={"_session": session["id"]}, inactive_prices=True)


def invoice_for(unit: UnitOfWork, session: CheckoutSession) -> Invoice:
    """Return the paid invoice of a completed session in payment mode with `invoice_creation`."""
    customer = unit.get(kinds.CUSTOMER, session["customer"])
    unit.use_clock_of(customer)
    creation = session.get("invoice_creation")
    data = creation["invoice_data"] if creation else None
    about: dict[str, object] = {
        "auto_advance": False,
        "billing_reason": "manual",
        "currency": session["currency"],
        "custom_fields": data["custom_fields"] if data else None,
        "description": data["description"] if data else None,
        "footer": data["footer"] if data else None,
        "metadata": dict((data["metadata"] if data else None) or {}),
    }
    currency = present(session["currency"])
    rows: list[InvoiceLineItem] = []
    for row in session["_lines"]:
        price = unit.get(kinds.PRICE, row["price"])
        rows.append(
            lines.blank(
                unit,
                amount=amounts.cost(price, row.get("quantity") or 1, currency),
                currency=currency,
                description=lines.product_name(unit, price["product"]),
                pricing=lines.pricing(price, None, currency),
                quantity=row.get("quantity") or 1,
                _tax_rates=row["tax_rates"],
            )
        )
    invoice = invoice_lifecycle.draft(unit, customer, rows, about)
    choices = _discounts_of(session)
    if choices:
        discount_ids = discounts.attach(
            unit, choices, customer=customer["id"], currency=currency, invoice=invoice["id"]
        )
        invoice_lifecycle.set_lines(unit, invoice, invoice_lifecycle.all_lines(invoice), {"discounts": discount_ids})
    invoice_lifecycle.finalize(unit, invoice)
    intent = unit.find(kinds.PAYMENT_INTENT, session.get("payment_intent"))
    if intent is not None and invoice["amount_due"]:
        collect_invoice.link(unit, invoice, intent)
    if intent is None or intent["status"] == "succeeded":
        method = intent.get("payment_method") if intent else None
        collect_invoice.settle(unit, invoice, invoice["amount_due"], method=method)
    return invoice


def _discounts_of(session: CheckoutSession) -> list[DiscountChoice]:
    return [
        with_filled(DiscountChoice(), stored, "coupon", "promotion_code") for stored in session.get("_discounts") or []
    ]


# Of a session's `subscription_data`, what the parameters of its subscription have by the same name.
_CARRIED = (
    "application_fee_percent",
    "billing_cycle_anchor",
    "billing_mode",
    "default_tax_rates",
    "description",
    "invoice_settings",
    "metadata",
    "on_behalf_of",
    "proration_behavior",
    "transfer_data",
    "trial_end",
    "trial_period_days",
    "trial_settings",
)


def parameters(
    unit: UnitOfWork, session: CheckoutSession, customer: Customer, payment_method: PaymentMethod | None
) -> SubscriptionCreateParams:
    """Return the parameters of the subscription a session asks for."""
    params: SubscriptionCreateParams = {
        "customer": customer["id"],
        "currency": present(session["currency"]),
        "items": [],
        "payment_behavior": "allow_incomplete",
        "payment_settings": {"save_default_payment_method": "off"},
    }
    extras: list[AddInvoiceItemParams] = []
    for row in session.get("_lines") or []:
        price = unit.get(kinds.PRICE, row["price"])
        if price["type"] == "recurring":
            item: SubscriptionCreateParamsItem = {"price": price["id"]}
            metered = amounts.is_metered(price)
            params["items"].append(with_filled(item, row, "tax_rates", *(() if metered else ("quantity",))))
        else:
            extra: AddInvoiceItemParams = {"price": price["id"]}
            extras.append(with_filled(extra, row, "tax_rates", "quantity"))
    params = with_filled(params, session.get("_subscription_data") or {}, *_CARRIED)
    if extras:
        params["add_invoice_items"] = extras
    if session["automatic_tax"] and session["automatic_tax"]["enabled"]:
        params["automatic_tax"] = {"enabled": True}
    choices = _discounts_of(session)
    if choices:
        params["discounts"] = [*choices]
    if payment_method is not None:
        params["default_payment_method"] = payment_method["id"]
    return params


def discounts_taken(
    unit: UnitOfWork, choices: list[DiscountChoice], *, subtotal: int, currency: str, customer: str | None
) -> list[DiscountTaken]:
    """Return what `[{coupon} | {promotion_code}]` take off `subtotal` (minor units), in order."""
    left = subtotal
    reductions: list[DiscountTaken] = []
    for index, entry in enumerate(choices):
        coupon, code = discounts.resolve(
            unit, entry, f"discounts[{index}]", customer=customer, subtotal=subtotal, currency=currency
        )
        off = discounts.terms("", coupon, currency)
        amount = totals.off_of(off, left)
        left -= amount
        reductions.append(DiscountTaken(amount, coupon["id"], code["id"] if code else None))
    return reductions
