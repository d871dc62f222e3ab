"""Trial offers: a price for a trial, and the price that follows. https://docs.stripe.com/api/product-catalog/trial-offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import below_one, invalid
from payloom_emulator.protocol.json_shapes import integer, members, text, texts

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext

TRIAL_OFFER: Kind[dict[str, object]] = Kind("product_catalog.trial_offer")
_PATH = "/v1/product_catalog/trial_offers"


def _creating(call: RequestContext[Params], draft: dict[str, object]) -> None:
    unit, params = call.unit, call.params
    duration, transition = (
        members(params.get("duration")),
        members(members(params.get("end_behavior")).get("transition")),
    )
    next_param = "end_behavior[transition][price]"
    trial = unit.get(kinds.PRICE, text(params.get("price")), "price")
    following = unit.get(kinds.PRICE, text(transition.get("price")), next_param)
    for price, param in ((trial, "price"), (following, next_param)):
        if price["type"] != "recurring":
            raise invalid(f"The price {price['id']} must be recurring.", param)
    if trial["currency"] != following["currency"]:
        raise invalid("Both prices must have the same currency.", next_param)
    iterations = integer(members(duration.get("relative")).get("iterations"))
    if iterations is None or iterations < 1:
        raise below_one("duration[relative][iterations]")
    draft["duration"] = {"relative": {"iterations": iterations}, "type": "relative"}
    draft["end_behavior"] = {"transition": {"price": following["id"]}, "type": "transition"}


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    prices = texts(call.params.get("prices"))
    active = call.params.get("active")
    rows = [
        row
        for row in call.unit.list(TRIAL_OFFER)
        if (not prices or row["price"] in prices) and active in {None, row["active"]}
    ]
    return list_of(rows, call.path, {"limit": 10, **call.params})


RESOURCES = (
    Resource(
        schema=Schema(
            object="product_catalog.trial_offer",
            prefix="toffer_test_",
            id_length=30,
            path=_PATH,
            fields=(
                settable("active", True),
                read_only("created"),
                read_only("duration"),
                read_only("end_behavior"),
                read_only("livemode", False),
                create_only("nickname"),
                create_only("price", ref="price"),
            ),
            filters=("active", "price"),
        ),
        endpoints=Endpoints(
            can=("create", "retrieve", "update"), creating=_creating, operations=(Operation("GET", _PATH, _list),)
        ),
    ),
)
