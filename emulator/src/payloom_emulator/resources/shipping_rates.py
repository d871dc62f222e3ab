"""Shipping rates. https://docs.stripe.com/api/shipping_rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import money
from payloom_emulator.core.schema import Body, Resource, fixed, given, once
from payloom_emulator.protocol.errors import invalid, parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit


def _amount(data: Body, param: str) -> Body:
    amount = data.get("fixed_amount")
    if not amount:
        raise parameter_missing(f"{param}[fixed_amount]" if param else "fixed_amount")
    return {**amount, "currency": money.currency(amount["currency"], "fixed_amount[currency]")}


def _creating(call: Call, draft: Body) -> None:
    draft["fixed_amount"] = _amount(call.params, "")


def make(unit: Unit, data: Body, param: str) -> Body:
    """Make a rate from inline `shipping_rate_data`."""
    if not data.get("display_name"):
        raise parameter_missing(f"{param}[display_name]")
    values = {
        k: v
        for k, v in data.items()
        if k in {"display_name", "delivery_estimate", "metadata", "tax_behavior", "tax_code"}
    }
    return unit.create("shipping_rate", {**values, "fixed_amount": _amount(data, param)})


def amount_of(rate: Body, currency: str) -> int:
    """Return the rate's amount in a currency."""
    fixed_amount = rate["fixed_amount"]
    if fixed_amount["currency"] == currency:
        return fixed_amount["amount"]
    option = (fixed_amount.get("currency_options") or {}).get(currency)
    if option is None:
        raise invalid(f"The shipping rate {rate['id']} has no amount in {currency}.", "shipping_options")
    return option["amount"]


SHIPPING_RATE = Resource(
    object="shipping_rate",
    prefix="shr_1",
    id_length=23,
    path="/v1/shipping_rates",
    fields=(
        given("active", True),
        fixed("created"),
        once("delivery_estimate"),
        once("display_name"),
        fixed("fixed_amount"),
        fixed("livemode", False),
        given("metadata", {}),
        given("tax_behavior", "unspecified"),
        once("tax_code"),
        once("type", "fixed_amount"),
    ),
    creating=_creating,
    filters=("active", ("currency", "fixed_amount.currency")),
)

RESOURCES = (SHIPPING_RATE,)
