"""Extra one-time items of a subscription's next invoice: `add_invoice_items`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import invoice_items
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.objects.customers import Customer

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.unit_of_work import UnitOfWork

MOST = 20


def add(
    unit: UnitOfWork, given: list[Body] | None, customer: Customer, subscription_id: str, currency: str
) -> list[Body]:
    """Store a pending invoice item for each; the subscription's next invoice takes them."""
    made = []
    for index, entry in enumerate((given or [])[:MOST]):
        param = f"add_invoice_items[{index}]"
        values = {
            k: entry[k]
            for k in ("price", "price_data", "quantity", "tax_rates", "discountable", "metadata", "_checked")
            if k in entry
        }
        if values.get("price"):
            values["pricing"] = {"price": values.pop("price")}
        period = entry.get("period") or {}
        values["period"] = {
            "start": (period.get("start") or {}).get("timestamp") or unit.now,
            "end": (period.get("end") or {}).get("timestamp") or unit.now,
        }
        item = invoice_items.build(
            unit, {**values, "currency": currency}, customer, param=param, subscription=subscription_id
        )
        found = discounts.attach(
            unit, entry.get("discounts"), customer=customer["id"], param=f"{param}[discounts]", invoice_item=item["id"]
        )
        made.append(unit.change(item, {"discounts": found}, emits=()) if found else item)
    return made
