"""Subscription items: which price, how many, and the period each has been billed for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

from payloom_emulator.billing.embedded_objects import embedded, tax_rates
from payloom_emulator.billing.pricing import amounts, discounts, periods
from payloom_emulator.catalog import prices
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing, parameter_missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import ListOf
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.state import ItemChoice
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem

MOST = 20


def price_for(unit: UnitOfWork, choice: ItemChoice, param: str, *, inactive_too: bool = False) -> Price:
    """Return the recurring price that `{price | plan | price_data}` names, or raise.

    inactive_too: take an inactive price too, because it was looked at before.
    """
    price_data = choice.get("price_data")
    if price_data:
        price = prices.make(unit, price_data, f"{param}[price_data]")
    else:
        name = "price" if choice.get("price") else "plan"
        price_id = choice.get("price") or choice.get("plan")
        if not price_id:
            raise parameter_missing(f"{param}[price]")
        stored = unit.find(kinds.PRICE, price_id)
        if stored is None:
            raise missing(name, price_id, param=f"{param}[{name}]", status=400)
        price = stored
        if not price["active"] and not inactive_too:
            raise invalid(
                "The price specified is inactive. This field only accepts active prices.",
                f"{param}[{name}]",
            )
    if price["type"] != "recurring":
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            f"{param}[price]",
        )
    return price


def check_currency(subscription_currency: str, price: Price, param: str) -> None:
    """Raise when a price cannot be charged in the subscription's currency."""
    if price["currency"] == subscription_currency or subscription_currency in (price.get("currency_options") or {}):
        return
    raise invalid(
        f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency: `{subscription_currency}`.",
        f"{param}[price]",
    )


def quantity_of(choice: ItemChoice, price: Price, param: str, default: int | None = 1) -> int | None:
    """Return the quantity, None for metered prices, or raise for one that cannot be."""
    if amounts.is_metered(price):
        if choice.get("quantity") is not None:
            raise invalid("Quantity should not be specified where usage_type is `metered`.", f"{param}[quantity]")
        return None
    quantity = choice.get("quantity", default)
    if quantity is not None and quantity < 0:
        raise invalid(
            "This value must be greater than or equal to 0.", f"{param}[quantity]", "parameter_invalid_integer"
        )
    return quantity


class Period(TypedDict):
    """The period an item is billed for, in Unix seconds."""

    current_period_start: int
    current_period_end: int


def build(
    unit: UnitOfWork,
    subscription_id: str,
    choice: ItemChoice,
    price: Price,
    *,
    param: str,
    customer: str,
    **period: Unpack[Period],
) -> SubscriptionItem:
    """Store a new item. period: current_period_start=, current_period_end=, in Unix seconds."""
    fields: dict[str, object] = {
        "metadata": merge_metadata({}, choice.get("metadata") or {}),
        "plan": amounts.plan_of(price),
        "price": amounts.embedded(price),
        "quantity": quantity_of(choice, price, param),
        "subscription": subscription_id,
        "tax_rates": tax_rates(unit, choice.get("tax_rates"), f"{param}[tax_rates]"),
        **period,
    }
    if choice.get("billing_thresholds"):
        fields["billing_thresholds"] = choice.get("billing_thresholds")
    item = unit.create(kinds.SUBSCRIPTION_ITEM, fields, emits=())
    discount_ids = discounts.attach(
        unit, choice.get("discounts"), customer=customer, param=f"{param}[discounts]", subscription_item=item["id"]
    )
    return unit.change(item, {"discounts": discount_ids}) if discount_ids else item


def of(unit: UnitOfWork, subscription: Subscription) -> list[SubscriptionItem]:
    """Return the subscription's items in order, as stored."""
    return [unit.find(kinds.SUBSCRIPTION_ITEM, i["id"]) or i for i in subscription["items"]["data"]]


def listed(subscription_id: str, rows: list[SubscriptionItem]) -> ListOf[SubscriptionItem]:
    """Return the `items` list a subscription carries."""
    return embedded([r.copy() for r in rows], f"/v1/subscription_items?subscription={subscription_id}")


def period_end(anchor: int, price: Price, moment: int) -> int:
    """Return the end of the period of this price that `moment` falls in, all in Unix seconds."""
    interval, count = periods.cycle(price)
    return periods.after(anchor, interval, count, moment)


def full_length(price: Price, end: int) -> int:
    """Return how long a whole period that ends at `end` is, in seconds."""
    interval, count = periods.cycle(price)
    return end - periods.at(end, interval, count, -1)


def next_end(rows: list[SubscriptionItem]) -> int:
    """Return when the first of the items' periods ends, in Unix seconds."""
    return min(r["current_period_end"] for r in rows)


def distinct(item_prices: list[Price], param: str, *, new: bool = False) -> None:
    """Raise for too many items or the same price twice. new: the items are those of a new subscription."""
    if len(item_prices) > MOST:
        raise invalid(f"A subscription can have at most {MOST} items.", param)
    seen: set[str] = set()
    for price in item_prices:
        if price["id"] in seen:
            if new:
                raise invalid(
                    f"Cannot create a Subscription with multiple Subscription Items with the same Price: {price['id']}",
                    "plan",
                )
            raise invalid(f"Cannot add multiple subscription items with the same plan: {price['id']}", param)
        seen.add(price["id"])
