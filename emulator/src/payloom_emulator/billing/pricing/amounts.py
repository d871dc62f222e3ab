"""What a quantity of a price costs, and how Stripe words it. Exact decimals inside, whole minor units outside."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from payloom_emulator.catalog import prices
from payloom_emulator.core.differences import public_fields, with_changes
from payloom_emulator.kit.money import Amount, exponent
from payloom_emulator.kit.present import present

if TYPE_CHECKING:
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.catalog import PlanTransformUsage, Price
    from payloom_emulator.objects.subscriptions import Plan


def in_currency(price: Price, currency: str | None) -> Price:
    """Return the price with its terms in another of its currencies."""
    if not currency or currency == price["currency"]:
        return price
    option = (price.get("currency_options") or {}).get(currency)
    return with_changes(price, option) if option else price


def unit_amount(price: Price, currency: str | None = None) -> Decimal | None:
    """Return the price of one unit in minor units, or None when it depends on the quantity."""
    text = in_currency(price, currency)["unit_amount_decimal"]
    return None if text is None else Decimal(text)


def cost(price: Price, quantity: int, currency: str | None = None) -> int:
    """Return what `quantity` units cost, in minor units of `currency` (the price's own by default)."""
    return prices.amount_for(price, quantity, currency)


def money(amount: int, currency: str) -> str:
    """Return an amount of minor units as Stripe writes it in descriptions, e.g. `$20.00`."""
    return Amount(amount, currency).format()


def every(price: Price) -> str:
    """Return the price's rhythm in words: `month`, `every 3 months`."""
    interval, count = present(price["recurring"])["interval"], present(price["recurring"])["interval_count"]
    return interval if count == 1 else f"every {count} {interval}s"


def wording(price: Price, quantity: int | None, name: str, currency: str | None = None) -> str:
    """Return a subscription line's description, e.g. `2 × Gold (at $20.00 / month)`."""
    each = unit_amount(price, currency)
    units = 0 if quantity is None else quantity
    if each is None:
        return f"{units} × {name} (per {every(price)})"
    code = currency or price["currency"]
    written = money(int(each), code) if each == int(each) else _exactly(each, code)
    return f"{units} × {name} (at {written} / {every(price)})"


def _exactly(each: Decimal, currency: str) -> str:
    """Return a price below the minor unit, e.g. `$0.0025`."""
    symbol = money(0, currency).translate({ord(c): None for c in "0.,"})
    return f"{symbol}{each.scaleb(-exponent(currency)).normalize():f}"


def plan_of(price: Price) -> Plan:
    """Return the legacy plan object of a recurring price."""
    recurring = present(price["recurring"])
    transform = price.get("transform_quantity")
    usage: PlanTransformUsage | None = transform
    aggregate = cast("JsonMapping", recurring).get("aggregate_usage")
    older = {"aggregate_usage": aggregate} if aggregate else {}
    plan: Plan = {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price.get("unit_amount"),
        "amount_decimal": price.get("unit_amount_decimal"),
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price.get("metadata") or {},
        "meter": recurring.get("meter"),
        "nickname": price.get("nickname"),
        "product": price["product"],
        "tiers_mode": price.get("tiers_mode"),
        "transform_usage": usage,
        "trial_period_days": recurring.get("trial_period_days"),
        "usage_type": recurring.get("usage_type", "licensed"),
    }
    return cast("Plan", {**plan, **older})


def embedded(price: Price) -> Price:
    """Return the price as subscription items and lines carry it: without what must be expanded."""
    return public_fields(price, without=frozenset({"currency_options"}))


def is_metered(price: Price) -> bool:
    """Return whether usage, not a quantity, decides the amount."""
    recurring = price["recurring"]
    return recurring is not None and recurring["usage_type"] == "metered"
