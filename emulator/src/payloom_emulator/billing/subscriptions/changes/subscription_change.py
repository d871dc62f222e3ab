"""What a change of a subscription asks for, and the items it leads to."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import lines
from payloom_emulator.billing.pricing import amounts, discounts, periods
from payloom_emulator.billing.subscriptions import items
from payloom_emulator.protocol.errors import invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.billing.invoices.add_invoice_items import ExtraItem
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.state import ItemChoice
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem


@dataclasses.dataclass(slots=True)
class SubscriptionChange:
    """What a change asks for.

    moment: when proration counts from, in Unix seconds. trial_end: None for unchanged, "now", or Unix seconds.
    fields: further changes of the subscription. extras: `add_invoice_items` of the change's invoice.
    """

    items: list[ItemChoice]
    behavior: str = "create_prorations"
    moment: int = 0
    trial_end: int | str | None = None
    anchor_now: bool = False
    payment_behavior: str = "allow_incomplete"
    off_session: bool = False
    param: str = "items"
    fields: Mapping[str, object] = dataclasses.field(default_factory=dict[str, object])
    extras: Sequence[ExtraItem] = ()


def new_items(
    unit: UnitOfWork, subscription: Subscription, change: SubscriptionChange, before: dict[str, SubscriptionItem]
) -> tuple[list[SubscriptionItem], set[str]]:
    """Change, add and remove items; return (items afterwards, ids of those whose price or quantity changed or went)."""
    rows = {i["id"]: i for i in items.of(unit, subscription)}
    touched: set[str] = set()
    for index, choice in enumerate(change.items):
        param = f"{change.param}[{index}]" if change.param else ""
        item_id = choice.get("id")
        if item_id:
            if item_id not in rows:
                raise missing("subscription_item", item_id, param=f"{param}[id]", status=400)
            row = rows[item_id]
            if choice.get("deleted"):
                del rows[item_id]
                unit.delete(row, emits=())
                touched.add(item_id)
            elif _change_item(unit, subscription, row, choice, param):
                touched.add(item_id)
            continue
        price = items.price_for(unit, choice, param or "items[0]")
        items.check_currency(subscription["currency"], price, param)
        start, end = _period_for(unit, subscription, before, price)
        row = items.build(
            unit,
            subscription["id"],
            choice,
            price,
            param=param,
            customer=subscription["customer"],
            current_period_start=start,
            current_period_end=end,
        )
        rows[row["id"]] = row
    if change.items and not rows:
        raise invalid(
            "A subscription must have at least one active plan. If you would like to cancel the subscription, please use the cancel endpoint.",
            change.param or None,
        )
    items.distinct([r["price"] for r in rows.values()], change.param or "items")
    return list(rows.values()), touched


def _period_for(
    unit: UnitOfWork, subscription: Subscription, before: dict[str, SubscriptionItem], price: Price
) -> tuple[int, int]:
    if subscription["status"] == "trialing" and subscription["trial_end"]:
        return unit.now, subscription["trial_end"]
    alike = next((i for i in before.values() if periods.cycle(i["price"]) == periods.cycle(price)), None)
    if alike is not None:
        return alike["current_period_start"], alike["current_period_end"]
    return unit.now, items.period_end(subscription["billing_cycle_anchor"], price, unit.now)


def _change_item(
    unit: UnitOfWork, subscription: Subscription, row: SubscriptionItem, choice: ItemChoice, param: str
) -> bool:
    changes: dict[str, object] = {}
    if "metadata" in choice:
        changes["metadata"] = merge_metadata(row["metadata"], choice["metadata"])
    if "tax_rates" in choice:
        changes["tax_rates"] = tax_rates(unit, choice["tax_rates"], f"{param}[tax_rates]")
    if "discounts" in choice:
        changes["discounts"] = discounts.attach(
            unit, choice["discounts"], customer=subscription["customer"], param=f"{param}[discounts]",
            subscription_item=row["id"],
        )  # fmt: skip
    price = lines.current_price(unit, row)
    if choice.get("price") or choice.get("plan") or choice.get("price_data"):
        price = items.price_for(unit, choice, param)
        items.check_currency(subscription["currency"], price, param)
    moved = price["id"] != row["price"]["id"]
    if moved:
        changes["price"], changes["plan"] = amounts.embedded(price), amounts.plan_of(price)
    default = 1 if moved and row["quantity"] is None else row["quantity"]
    quantity = items.quantity_of(choice, price, param, default)
    if quantity != row["quantity"]:
        changes["quantity"] = quantity
    unit.change(row, changes, emits=())
    return moved or "quantity" in changes
