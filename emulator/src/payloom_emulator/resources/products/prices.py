"""Prices: how much and how often. https://docs.stripe.com/api/prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.older_shapes import AGGREGATIONS
from payloom_emulator.catalog import prices, products
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.params.prices import PriceCreateParams, PriceListParams, PriceUpdateParams


def _creating(call: RequestContext[PriceCreateParams], draft: Price) -> None:
    params = call.params
    data = params.get("product_data")
    if not params.get("product") and not data:
        raise invalid("You must specify either `product` or `product_data` when creating a price.")
    if params.get("product") and data:
        raise invalid("You may only specify one of these parameters: product, product_data.", "product")
    if data:
        draft["product"] = products.make(call.unit, data)["id"]
    draft.update(cast("Price", prices.terms(_with_aggregation(call), "")))
    _lookup_key(call, draft)


def _with_aggregation(call: RequestContext[PriceCreateParams]) -> PriceCreateParams:
    """Return the parameters with how usage is added up: until basil a metered price needed no meter."""
    cycle = call.params.get("recurring")
    if not cycle or not call.before(BASIL) or cycle.get("usage_type") != "metered" or cycle.get("meter"):
        return call.params
    return cast("PriceCreateParams", {**call.params, "recurring": {"aggregate_usage": "sum", **cycle}})


def _lookup_key(call: RequestContext[PriceCreateParams | PriceUpdateParams], price: Price) -> None:
    key = provided(call.params.get("lookup_key"))
    if not key:
        return
    holders = call.unit.list(kinds.PRICE, lookup_key=key)
    for holder in holders:
        if holder["id"] == price.get("id"):
            continue
        if not call.params.get("transfer_lookup_key"):
            raise invalid(
                f"A price (`{holder['id']}`) already uses that lookup key.",
                "lookup_key",
            )
        call.unit.change(holder, {"lookup_key": None})


def _updating(call: RequestContext[PriceUpdateParams], price: Price, changes: dict[str, object]) -> None:
    _options(call, price, changes)
    if "lookup_key" in changes:
        _lookup_key(call, price)
    if (
        price["tax_behavior"] != "unspecified"
        and changes.get("tax_behavior", price["tax_behavior"]) != price["tax_behavior"]
    ):
        raise invalid("The tax behavior of a price cannot be changed once it was set.", "tax_behavior")


def _options(call: RequestContext[PriceUpdateParams], price: Price, changes: dict[str, object]) -> None:
    if options := provided(call.params.get("currency_options")):
        changes["currency_options"] = prices.changed_options(price, options)


def _listing(call: RequestContext[PriceListParams]) -> Mapping[str, object]:
    filters: dict[str, object] = {}
    if keys := call.params.get("lookup_keys"):
        filters["lookup_key"] = keys
    for name, value in (call.params.get("recurring") or {}).items():
        filters[f"recurring.{name}"] = value
    return filters


PRICE = Resource(
    schema=Schema(
        object="price",
        prefix="price_1",
        id_length=23,
        path="/v1/prices",
        fields=(
            settable("active", True),
            create_only("billing_scheme", "per_unit"),
            read_only("created"),
            create_only("currency"),
            read_only("currency_options"),
            read_only("custom_unit_amount"),
            read_only("livemode", False),
            settable("lookup_key"),
            settable("metadata", {}),
            settable("nickname"),
            create_only("product", ref="product"),
            read_only("recurring"),
            settable("tax_behavior", "unspecified"),
            read_only("tiers_mode"),
            read_only("transform_quantity"),
            read_only("type", "one_time"),
            read_only("unit_amount"),
            read_only("unit_amount_decimal"),
        ),
        on_create=("price.created",),
        on_update=("price.updated",),
        on_delete=("price.deleted",),
        filters=(
            "active",
            "currency",
            "product",
            "type",
            "lookup_key",
            "recurring.interval",
            "recurring.usage_type",
            "recurring.meter",
        ),
        search=("active", "currency", "lookup_key", "metadata", "product", "type"),
        hidden=("currency_options",),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "search"), creating=_creating, updating=_updating, listing=_listing
    ),
    includes={"tiers": prices.tiers},
    versions=(
        Change(BASIL, older_shapes.price_before_basil),
        Accepted(BASIL, "POST", "/v1/prices", {"recurring.aggregate_usage": AGGREGATIONS}),
    ),
)


RESOURCES = (PRICE,)
