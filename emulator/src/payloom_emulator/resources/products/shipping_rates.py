"""Shipping rates. https://docs.stripe.com/api/shipping_rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.catalog import shipping_rates
from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.ledger import money
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.catalog import ShippingRate, ShippingRateFixedAmount
    from payloom_emulator.objects.params.shipping_rates import ShippingRateCreateParams, ShippingRateUpdateParams


def _creating(call: RequestContext[ShippingRateCreateParams], draft: ShippingRate) -> None:
    draft["fixed_amount"] = cast("ShippingRateFixedAmount", shipping_rates.fixed_amount(call.params, ""))


def _updating(call: RequestContext[ShippingRateUpdateParams], rate: ShippingRate, changes: dict[str, object]) -> None:
    fixed = call.params.get("fixed_amount")
    if fixed is None:
        return
    before = present(rate["fixed_amount"])
    options = {code: {**option} for code, option in (before.get("currency_options") or {}).items()}
    for code, option in fixed.get("currency_options", {}).items():
        currency = money.currency(code, "fixed_amount[currency_options]")
        fields: dict[str, object] = {"tax_behavior": "unspecified", **options.get(currency, {}), **option}
        if currency == before["currency"] and fields.get("amount", before["amount"]) != before["amount"]:
            raise invalid("The amount in a shipping rate's own currency cannot be changed.", "fixed_amount")
        options[currency] = fields
    changes["fixed_amount"] = {**before, "currency_options": options}


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
    endpoints=Endpoints(creating=_creating, updating=_updating),
)


RESOURCES = (SHIPPING_RATE,)
