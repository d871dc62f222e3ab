"""Proration: to the second, what of a period is given back and what is charged for the rest of it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import invoice_items, lines
from payloom_emulator.billing.pricing import amounts, discounts
from payloom_emulator.billing.pricing.rounding import rounded, share
from payloom_emulator.billing.subscriptions import items

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.invoices import InvoiceItem
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem


def credit(unit: UnitOfWork, subscription: Subscription, item: SubscriptionItem, moment: int) -> InvoiceItem | None:
    """Give back the unused part of what the item was billed for; None when there is nothing. moment: Unix seconds."""
    return _part(unit, subscription, item, moment, sign=-1)


def charge(unit: UnitOfWork, subscription: Subscription, item: SubscriptionItem, moment: int) -> InvoiceItem | None:
    """Charge for the rest of the item's period. moment: Unix seconds."""
    return _part(unit, subscription, item, moment, sign=1)


def _part(
    unit: UnitOfWork, subscription: Subscription, item: SubscriptionItem, moment: int, *, sign: int
) -> InvoiceItem | None:
    price = lines.current_price(unit, item)
    if amounts.is_metered(price) or item["quantity"] is None:
        return None
    start, end = item["current_period_start"], item["current_period_end"]
    whole = amounts.cost(price, item["quantity"], subscription["currency"])
    length = items.full_length(price, end)
    if not start <= moment < end or not length:
        return None
    amount = sign * share(_net(unit, subscription, item, whole), end - max(moment, start), length)
    name = lines.product_name(unit, price["product"])
    counted = name if item["quantity"] == 1 else f"{item['quantity']} × {name}"
    day = dt.datetime.fromtimestamp(moment, dt.UTC)
    when = f"{day.day:02d} {day.strftime('%b %Y')}"
    words = f"{'Unused' if sign < 0 else 'Remaining'} time on {counted} after {when}"
    return invoice_items.proration(
        unit, subscription, item, amount=amount, words=words, start=moment, end=end, quantity=item["quantity"]
    )


def _net(unit: UnitOfWork, subscription: Subscription, item: SubscriptionItem, whole: int) -> int:
    """Return the whole price (minor units) less percentage discounts: prorations carry them inside their amount."""
    product = item["price"]["product"]
    ids = [*(item.get("discounts") or []), *(subscription.get("discounts") or [])]
    left = Decimal(whole)
    for off in discounts.applying(unit, ids, subscription["currency"], unit.now).values():
        if off.percent is not None and (not off.products or product in off.products):
            left -= left * off.percent / 100
    return rounded(left)
