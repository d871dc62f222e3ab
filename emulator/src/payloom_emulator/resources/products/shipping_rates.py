"""Shipping rates. https://docs.stripe.com/api/shipping_rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.catalog import shipping_rates
from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.declarations.schema import Schema, create_only, read_only, settable

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.catalog import ShippingRate, ShippingRateFixedAmount
    from payloom_emulator.objects.params.shipping_rates import ShippingRateCreateParams


def _creating(call: RequestContext[ShippingRateCreateParams], draft: ShippingRate) -> None:
    draft["fixed_amount"] = cast("ShippingRateFixedAmount", shipping_rates.fixed_amount(call.params, ""))


SHIPPING_RATE = Resource(
    schema=Schema(
        object="shipping_rate",
        prefix="shr_1",
        id_length=23,
        path="/v1/shipping_rates",
        fields=(
            settable("active", True),
            read_only("created"),
            create_only("delivery_estimate"),
            create_only("display_name"),
            read_only("fixed_amount"),
            read_only("livemode", False),
            settable("metadata", {}),
            settable("tax_behavior", "unspecified"),
            create_only("tax_code"),
            create_only("type", "fixed_amount"),
        ),
        filters=("active", ("currency", "fixed_amount.currency")),
    ),
    endpoints=Endpoints(creating=_creating),
)


RESOURCES = (SHIPPING_RATE,)
