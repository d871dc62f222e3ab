"""How Billing's objects looked before each change: whole prices on lines, one PaymentIntent per invoice, and so on.

Basil (2025-03-31) moved periods to the items and payments to a list; clover (2025-09-30) moved coupons into `source`
and `promotion`; endive (2026-09-30) made the anchor of an update an object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.billing.pricing import amounts
from payloom_emulator.core.differences import public_fields
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import is_object, text

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Coupon, Discount, Price, PromotionCode, TaxRate
    from payloom_emulator.objects.charges import Charge
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.invoices import (
        CreditNote,
        CreditNoteLineItem,
        Invoice,
        InvoiceItem,
        InvoiceLineItem,
        InvoiceTotalTax,
    )
    from payloom_emulator.objects.subscriptions import Plan, Subscription
    from payloom_emulator.protocol.param_types import NodeJson, Ref

Shown: TypeAlias = dict[str, object]
"""An object as an API version shows it. `stored` is the same in the newest shape, or what an event carries of it."""


def _inner(holder: Shown, *names: str) -> Shown:
    """Return the object that is found by these names, one inside the other; {} where there is none."""
    for name in names:
        value = holder.get(name)
        holder = value if is_object(value) else {}
    return holder


# --- basil ----------------------------------------------------------------------------------------


def subscription_before_basil(unit: UnitOfWork, view: Shown, stored: Subscription) -> None:
    """Show the period on the subscription, and one discount."""
    rows = stored["items"]["data"]
    if rows:
        view["current_period_start"] = max(i["current_period_start"] for i in rows)
        view["current_period_end"] = min(i["current_period_end"] for i in rows)
    view["discount"] = _first_discount(unit, stored)


def _first_discount(unit: UnitOfWork, stored: Subscription | Invoice) -> Shown | None:
    discount = unit.find(kinds.DISCOUNT, next(iter(stored.get("discounts") or []), None))
    if discount is None:
        return None
    view: Shown = {k: v for k, v in discount.items() if not k.startswith("_")}
    discount_before_clover(unit, view, discount)
    return view


def invoice_before_basil(unit: UnitOfWork, view: Shown, stored: Invoice) -> None:
    """Show the payment, the taxes and the subscription on the invoice itself."""
    payments = unit.list(kinds.INVOICE_PAYMENT, invoice=stored["id"]) if stored.get("id") else []
    chosen = next((p for p in payments if p["is_default"]), None)
    intent_id = chosen["payment"].get("payment_intent") if chosen else None
    intent = unit.find(kinds.PAYMENT_INTENT, intent_id)
    details = _inner(view, "parent", "subscription_details")
    quote = _inner(view, "parent", "quote_details").get("quote")
    view.pop("parent", None)
    view.pop("total_taxes", None)
    taxes = stored.get("total_taxes") or []
    view.update(
        {
            "application_fee_amount": stored.get("_application_fee_amount"),
            "charge": intent.get("latest_charge") if intent else None,
            "discount": _first_discount(unit, stored),
            "paid": stored["status"] == "paid",
            "paid_out_of_band": bool(stored["status"] == "paid" and stored.get("amount_paid_off_stripe")),
            "payment_intent": intent_id,
            "quote": quote,
            "rendering_options": _rendering_options(stored),
            "subscription": details.get("subscription"),
            "subscription_details": {"metadata": details.get("metadata") if details else None},
            "tax": sum(t["amount"] for t in taxes) if taxes else None,
            "total_tax_amounts": [_tax_amount(tax) for tax in taxes],
            "transfer_data": stored.get("_transfer_data"),
        }
    )
    if details.get("subscription_proration_date") is not None:
        view["subscription_proration_date"] = details["subscription_proration_date"]


def _rendering_options(stored: Invoice) -> Shown | None:
    rendering = stored.get("rendering")
    return {"amount_tax_display": rendering["amount_tax_display"]} if rendering else None


def _rate_id(tax: InvoiceTotalTax) -> str | None:
    details = tax["tax_rate_details"]
    return details["tax_rate"] if details else None


def _tax_amount(tax: InvoiceTotalTax) -> Shown:
    return {
        "amount": tax["amount"],
        "inclusive": tax["tax_behavior"] == "inclusive",
        "tax_rate": _rate_id(tax),
        "taxability_reason": None if tax["taxability_reason"] == "not_available" else tax["taxability_reason"],
        "taxable_amount": tax["taxable_amount"],
    }


def line_item_before_basil(unit: UnitOfWork, view: Shown, stored: InvoiceLineItem) -> None:
    """Show the price, the plan and the subscription on the line itself."""
    if "pricing" not in stored:  # shown before, and looked at again to expand something inside
        return
    details = _line_details(view)
    from_item = _inner(view, "parent").get("type") == "subscription_item_details" and not details.get("invoice_item")
    view.pop("parent", None)
    view.pop("taxes", None)
    taxes = stored.get("taxes") or []
    _old_pricing(unit, view)
    quantity = stored.get("quantity") or 1
    added = sum(t["amount"] for t in taxes if t["tax_behavior"] == "inclusive")
    view.update(
        {
            "amount_excluding_tax": stored["amount"] - added,
            "invoice_item": details.get("invoice_item"),
            "proration": bool(details.get("proration")),
            "proration_details": details.get("proration_details") or {"credited_items": None},
            "subscription": details.get("subscription"),
            "subscription_item": details.get("subscription_item"),
            "tax_amounts": [_tax_amount(t) for t in taxes],
            "tax_rates": [_rate(unit, _rate_id(t)) for t in taxes],
            "type": "subscription" if from_item else "invoiceitem",
            "unit_amount_excluding_tax": str((stored["amount"] - added) // quantity),
        }
    )
    if view["invoice_item"] is None:
        view.pop("invoice_item")
    if view["subscription_item"] is None:
        view.pop("subscription_item")


def _line_details(line: Shown) -> Shown:
    return _inner(line, "parent", "subscription_item_details") or _inner(line, "parent", "invoice_item_details")


def _rate(unit: UnitOfWork, rate_id: str | None) -> TaxRate | str | None:
    return unit.find(kinds.TAX_RATE, rate_id, deleted=True) or rate_id


def _old_pricing(unit: UnitOfWork, view: Shown) -> None:
    price_id = text(_inner(view, "pricing", "price_details").get("price"))
    price = unit.find(kinds.PRICE, price_id, deleted=True)
    view.pop("pricing", None)
    view["price"] = amounts.embedded(price) if price else None
    view["plan"] = amounts.plan_of(price) if price and price.get("recurring") else None


def invoice_item_before_basil(unit: UnitOfWork, view: Shown, stored: InvoiceItem) -> None:
    """Show the price and the subscription on the item itself."""
    pricing = stored.get("pricing")
    each = pricing["unit_amount_decimal"] if pricing else None
    details = _inner(view, "parent", "subscription_details")
    view.pop("parent", None)
    _old_pricing(unit, view)
    view["unit_amount_decimal"] = each
    view["unit_amount"] = int(each) if each is not None and "." not in each else None
    view["subscription"] = details.get("subscription")
    if details.get("subscription_item"):
        view["subscription_item"] = details["subscription_item"]


AGGREGATIONS: NodeJson = ["e", "last_during_period", "last_ever", "max", "sum"]
"""How usage that was recorded on subscription items was added up, until meters did it."""


def price_before_basil(unit: UnitOfWork, view: Shown, stored: Price) -> None:
    """Show how usage is added up."""
    del unit
    recurring = stored.get("recurring")
    if recurring is not None:
        view["recurring"] = {"aggregate_usage": None, **recurring}


def plan_before_basil(unit: UnitOfWork, view: Shown, stored: Plan) -> None:
    """Show how usage is added up."""
    del unit, stored
    view.setdefault("aggregate_usage", None)


# Events carry no private members, so the invoice of an intent is found by its InvoicePayment, not by what is stored.


def payment_intent_before_basil(unit: UnitOfWork, view: Shown, stored: PaymentIntent) -> None:
    """Name the invoice the intent pays."""
    view["invoice"] = _invoice_of(unit, stored["id"])


def charge_before_basil(unit: UnitOfWork, view: Shown, stored: Charge) -> None:
    """Name the invoice the charge pays."""
    view["invoice"] = _invoice_of(unit, stored.get("payment_intent"))


def _invoice_of(unit: UnitOfWork, intent_id: object) -> str | None:
    if not isinstance(intent_id, str):
        return None
    payments = unit.list(kinds.INVOICE_PAYMENT, payment_intent=intent_id, limit=1)
    return payments[0]["invoice"] if payments else None


def credit_note_before_basil(unit: UnitOfWork, view: Shown, stored: CreditNote) -> None:
    """Show the tax amounts by their old name, and one refund."""
    del unit
    view.pop("total_taxes", None)
    view["tax_amounts"] = [_tax_amount(tax) for tax in stored.get("total_taxes") or []]
    first = next(iter(stored.get("refunds") or []), None)
    view["refund"] = first["refund"] if first else None


def credit_note_line_before_basil(unit: UnitOfWork, view: Shown, stored: CreditNoteLineItem) -> None:
    """Show the tax amounts by their old name."""
    del unit
    if "taxes" not in stored:
        return
    view.pop("taxes", None)
    view["tax_amounts"] = [_tax_amount(tax) for tax in stored["taxes"] or []]


# --- clover ---------------------------------------------------------------------------------------


def discount_before_clover(unit: UnitOfWork, view: Shown, stored: Discount) -> None:
    """Show the whole coupon of a discount."""
    if "source" not in stored:
        return
    source = _inner(view, "source") or stored["source"]
    view.pop("source", None)
    view["coupon"] = _coupon(unit, text(source.get("coupon")))


def subscription_in_every_version(unit: UnitOfWork, view: Shown, stored: Subscription) -> None:
    """Show the plan and quantity of a subscription with one item on the subscription itself, as Stripe still does."""
    del unit
    if "items" not in stored or "data" not in stored["items"]:  # a part of one: what an event says of it before
        return
    rows = stored["items"]["data"]
    single = rows[0] if len(rows) == 1 else None
    view["plan"] = single["plan"] if single else None
    view["quantity"] = single["quantity"] if single else None


def promotion_code_before_clover(unit: UnitOfWork, view: Shown, stored: PromotionCode) -> None:
    """Show the whole coupon of a promotion code."""
    view.pop("promotion", None)
    view["coupon"] = _coupon(unit, stored["promotion"]["coupon"])


def _coupon(unit: UnitOfWork, coupon_id: str | None) -> Coupon | None:
    coupon = unit.find(kinds.COUPON, coupon_id, deleted=True)
    return public_fields(coupon, without=frozenset({"applies_to", "currency_options"})) if coupon else None


OLD_ANCHOR: dict[str, Ref] = {"billing_cycle_anchor": ["e", "now", "unchanged"]}


OLD_DISCOUNTS: dict[str, Ref] = {"coupon": ["u", ["e", ""], ["s"]], "promotion_code": ["u", ["e", ""], ["s"]]}


OLD_PLAN: dict[str, Ref] = {"prorate": ["b"]}


OLD_PRICE: dict[str, Ref] = {"price": ["s"], "unit_amount": ["i"]}


OLD_RENDERING: dict[str, Ref] = {"rendering_options": ["u", ["e", ""], ["o", {"amount_tax_display": ["s"]}, []]]}
