"""Shipping rates. https://docs.stripe.com/api/shipping_rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.catalog import shipping_rates
from payloom_emulator.core.resource import Endpoints, Resource
from payloom_emulator.core.schema import Body, Schema, fixed, given, once

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call


def _creating(call: Call, draft: Body) -> None:
    draft["fixed_amount"] = shipping_rates.fixed_amount(call.params, "")


SHIPPING_RATE = Resource(
    schema=Schema(
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
        filters=("active", ("currency", "fixed_amount.currency")),
    ),
    endpoints=Endpoints(creating=_creating),
)


RESOURCES = (SHIPPING_RATE,)
