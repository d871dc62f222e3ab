"""Shipping rates and what they cost in a currency."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from payloom_emulator.kit.present import present
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import ShippingRate
    from payloom_emulator.objects.params.shared import ShippingRateDataParams
    from payloom_emulator.objects.params.shipping_rates import ShippingRateCreateParams


RateParams: TypeAlias = "ShippingRateCreateParams | ShippingRateDataParams"


def fixed_amount(data: RateParams, param: str) -> dict[str, object]:
    """Return the `fixed_amount` that the parameters ask for, or raise when there is none."""
    amount = data.get("fixed_amount")
    if not amount:
        raise parameter_missing(f"{param}[fixed_amount]" if param else "fixed_amount")
    return {**amount, "currency": money.currency(amount["currency"], "fixed_amount[currency]")}


def make(unit: UnitOfWork, data: ShippingRateDataParams, param: str) -> ShippingRate:
    """Make a rate from inline `shipping_rate_data`."""
    if not data.get("display_name"):
        raise parameter_missing(f"{param}[display_name]")
    values = {
        k: v
        for k, v in data.items()
        if k in {"display_name", "delivery_estimate", "metadata", "tax_behavior", "tax_code"}
    }
    return unit.create(kinds.SHIPPING_RATE, {**values, "fixed_amount": fixed_amount(data, param)})


def amount_of(rate: ShippingRate, currency: str) -> int:
    """Return the rate's amount in minor units of a currency."""
    fixed = present(rate["fixed_amount"])
    if fixed["currency"] == currency:
        return fixed["amount"]
    option = (fixed.get("currency_options") or {}).get(currency)
    if option is None:
        raise invalid(f"The shipping rate {rate['id']} has no amount in {currency}.", "shipping_options")
    return option["amount"]
