"""Products: what is sold. https://docs.stripe.com/api/products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.catalog import prices
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.payments import descriptors
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Product, ProductMarketingFeature
    from payloom_emulator.objects.params.products import ProductCreateParams, ProductListParams
    from payloom_emulator.protocol.param_types import Ref


def _creating(call: RequestContext[ProductCreateParams], draft: Product) -> None:
    if product_id := call.params.get("id"):
        if call.unit.is_taken(product_id):
            raise invalid("Product already exists.", "id", "resource_already_exists")
        draft["id"] = product_id
    descriptors.check(call.params.get("statement_descriptor"), "statement_descriptor")
    draft["updated"] = call.unit.now
    _older(call, cast("dict[str, object]", draft))
    if features := call.params.get("features"):
        draft["marketing_features"] = cast("list[ProductMarketingFeature]", features)
    if draft["name"] == "":
        raise invalid(
            "You passed an empty string for 'name'. We assume empty values are an attempt to unset a parameter; however 'name' cannot be unset. You should remove 'name' from your request or supply a non-empty value.",
            "name",
            "parameter_invalid_empty",
        )


def _created(call: RequestContext[ProductCreateParams], product: Product) -> None:

    data = provided(call.params.get("default_price_data"))
    if data:
        price = prices.make(call.unit, data, "default_price_data", product_id=product["id"])
        call.unit.change(product, {"default_price": price["id"]}, emits=())


def _updating(call: RequestContext[Params], product: Product, changes: dict[str, object]) -> None:
    if changes.get("default_price"):
        price = call.unit.get(kinds.PRICE, str(changes["default_price"]), "default_price")
        if price["product"] != product["id"]:
            raise invalid("The price specified does not belong to this product.", "default_price")
    changes["updated"] = call.unit.now
    _older(call, changes)


def _deleting(call: RequestContext[Params], product: Product) -> None:
    if call.unit.list(kinds.PRICE, product=product["id"], limit=1):
        raise invalid(
            "This product cannot be deleted because it has one or more user-created prices.",
        )


def _listing(call: RequestContext[ProductListParams]) -> Mapping[str, object]:
    ids = call.params.get("ids")
    return {"id": ids} if ids else {}


def _features(unit: UnitOfWork, view: dict[str, object], stored: dict[str, object]) -> None:
    """Marketing features were called features until 2024-04-10."""
    del unit, stored
    view["features"] = view.pop("marketing_features")


def _texts(unit: UnitOfWork, view: dict[str, object], stored: Product) -> None:
    """Goods had a caption and attributes, and could be taken off by an app, until 2023-08-16."""
    del unit
    view["caption"] = stored.get("_caption")
    if "_deactivate_on" in stored:
        view["deactivate_on"] = stored["_deactivate_on"]


def _older(call: RequestContext[Params], product: dict[str, object]) -> None:
    for name in ("attributes", "caption", "deactivate_on"):
        if name in call.params:
            value = call.params[name]
            cleared: object = None if name == "caption" else []
            product[name if name == "attributes" else f"_{name}"] = cleared if value == "" else value


_TEXTS: list[object] = ["u", ["e", ""], ["a", ["s"]]]
_GOODS: dict[str, Ref] = {"attributes": _TEXTS, "caption": ["s"], "deactivate_on": _TEXTS}
_NAMED: dict[str, list[object]] = {"features": ["a", ["o", {"name": ["s"]}, []]]}


PRODUCT = Resource(
    schema=Schema(
        object="product",
        prefix="prod_",
        id_length=14,
        path="/v1/products",
        fields=(
            settable("active", True),
            read_only("attributes", []),
            read_only("created"),
            settable("default_price", ref="price"),
            settable("description"),
            settable("images", []),
            read_only("livemode", False),
            settable("marketing_features", []),
            settable("metadata", {}),
            settable("name"),
            settable("package_dimensions"),
            settable("shippable"),
            settable("statement_descriptor"),
            settable("tax_code"),
            settable("tax_details"),
            create_only("type", "service"),
            settable("unit_label"),
            read_only("updated"),
            settable("url"),
        ),
        on_create=("product.created",),
        on_update=("product.updated",),
        on_delete=("product.deleted",),
        filters=("active", "shippable", "url", "type", "id"),
        search=("active", "description", "metadata", "name", "shippable", "url"),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "update", "list", "delete", "search"),
        creating=_creating,
        created=_created,
        updating=_updating,
        deleting=_deleting,
        listing=_listing,
    ),
    versions=(
        Change("2024-04-10", _features),
        Change("2023-08-16", _texts),
        Accepted("2023-08-16", "POST", "/v1/products", _GOODS),
        Accepted("2023-08-16", "POST", "/v1/products/{}", _GOODS),
        Accepted("2024-04-10", "POST", "/v1/products", _NAMED),
        Accepted("2024-04-10", "POST", "/v1/products/{}", _NAMED),
    ),
)


RESOURCES = (PRODUCT,)
