"""Entitlement features and which products grant them. https://docs.stripe.com/api/entitlements/feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.catalog import EntitlementsFeature, ProductFeature
    from payloom_emulator.objects.params.products import ProductFeatureCreateParams


def _creating(call: RequestContext[Params], draft: EntitlementsFeature) -> None:
    if call.unit.list(kinds.ENTITLEMENTS_FEATURE, lookup_key=draft["lookup_key"], limit=1):
        raise invalid(
            f"An active feature with lookup_key '{draft['lookup_key']}' already exists.",
            "lookup_key",
            "resource_already_exists",
        )


def _grant(call: RequestContext[ProductFeatureCreateParams]) -> Mapping[str, object]:
    unit = call.unit
    product = unit.get(kinds.PRODUCT, call.ids["product"])
    feature = unit.get(kinds.ENTITLEMENTS_FEATURE, call.params["entitlement_feature"], "entitlement_feature")
    if any(
        g["entitlement_feature"]["id"] == feature["id"]
        for g in unit.list(kinds.PRODUCT_FEATURE, _product=product["id"])
    ):
        raise invalid("The product has this feature already.", "entitlement_feature", "resource_already_exists")
    return unit.create(
        kinds.PRODUCT_FEATURE, {"entitlement_feature": unit.snapshot(feature), "_product": product["id"]}
    )


def _granted(call: RequestContext[Params]) -> Mapping[str, object]:
    product = call.unit.get(kinds.PRODUCT, call.ids["product"])
    return call.page(kinds.PRODUCT_FEATURE, _product=product["id"])


def _one(call: RequestContext[Params]) -> ProductFeature:
    grant = call.unit.get(kinds.PRODUCT_FEATURE, call.ids["id"])
    if grant["_product"] != call.ids["product"]:
        raise missing("product_feature", call.ids["id"])
    return grant


FEATURE = Resource(
    schema=Schema(
        object="entitlements.feature",
        prefix="feat_test_",
        id_length=30,
        path="/v1/entitlements/features",
        fields=(
            settable("active", True),
            read_only("livemode", False),
            create_only("lookup_key", emptyable=False),
            settable("metadata", {}),
            settable("name", emptyable=False),
        ),
        filters=("lookup_key", ("archived", "_archived")),
        has_created=False,
    ),
    endpoints=Endpoints(creating=_creating),
)


PRODUCT_FEATURE = Resource(
    schema=Schema(
        object="product_feature",
        prefix="prodft_1",
        id_length=23,
        fields=(read_only("entitlement_feature"), read_only("livemode", False)),
        filters=("_product",),
        has_created=False,
    ),
    endpoints=Endpoints(
        operations=(
            Operation("POST", "/v1/products/{product}/features", _grant),
            Operation("GET", "/v1/products/{product}/features", _granted),
            Operation("GET", "/v1/products/{product}/features/{id}", _one),
            Operation("DELETE", "/v1/products/{product}/features/{id}", lambda call: call.unit.delete(_one(call))),
        )
    ),
)


RESOURCES = (FEATURE, PRODUCT_FEATURE)
