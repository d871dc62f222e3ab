"""Extra one-time items of a subscription's next invoice: `add_invoice_items`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.billing.invoices import invoice_items
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.kit.named_members import with_named

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import InvoiceItem
    from payloom_emulator.objects.params.invoiceitems import InvoiceItemCreateParams
    from payloom_emulator.objects.params.shared import PhaseAddInvoiceItemParams
    from payloom_emulator.objects.params.subscriptions import AddInvoiceItemParams

MOST = 20


ExtraItem: TypeAlias = "AddInvoiceItemParams | PhaseAddInvoiceItemParams"
"""An entry of `add_invoice_items`, of a subscription or of a schedule's phase."""


def add(
    unit: UnitOfWork,
    extras: Sequence[ExtraItem] | None,
    customer: Customer,
    subscription_id: str,
    currency: str,
    *,
    inactive_prices: bool = False,
) -> list[InvoiceItem]:
    """Store a pending invoice item for each; the subscription's next invoice takes them.

    inactive_prices: take them too, because the caller looked at the prices before.
    """
    stored: list[InvoiceItem] = []
    for index, extra in enumerate((extras or [])[:MOST]):
        param = f"add_invoice_items[{index}]"
        item = invoice_items.build(
            unit,
            _item_params(unit, extra, currency),
            customer,
            param=param,
            subscription=subscription_id,
            inactive_price=inactive_prices,
        )
        discount_ids = discounts.attach(
            unit, extra.get("discounts"), customer=customer["id"], param=f"{param}[discounts]", invoice_item=item["id"]
        )
        stored.append(unit.change(item, {"discounts": discount_ids}, emits=()) if discount_ids else item)
    return stored


def _item_params(unit: UnitOfWork, extra: ExtraItem, currency: str) -> InvoiceItemCreateParams:
    period = extra.get("period")
    params: InvoiceItemCreateParams = {
        "currency": currency,
        "period": {
            "start": (period["start"].get("timestamp") if period else None) or unit.now,
            "end": (period["end"].get("timestamp") if period else None) or unit.now,
        },
    }
    if "price" in extra:
        params["pricing"] = {"price": extra["price"]}
    return with_named(params, extra, "price_data", "quantity", "tax_rates", "discountable", "metadata")
