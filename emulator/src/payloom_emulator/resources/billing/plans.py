"""Plans: recurring prices as older integrations know them. https://docs.stripe.com/api/plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.pricing.amounts import plan_of
from payloom_emulator.catalog import prices, products
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema
from payloom_emulator.kit.named_members import with_filled, with_named
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid, missing, parameter_missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.params.plans import PlanCreateParams, PlanListParams, PlanUpdateParams
    from payloom_emulator.objects.params.prices import PriceCreateParams, PriceCreateParamsRecurring


def _create(call: RequestContext[PlanCreateParams]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    product = params.get("product")
    if not product:
        raise parameter_missing("product")
    product_id = product if isinstance(product, str) else products.make(unit, product)["id"]
    plan_id = params.get("id")
    if plan_id and unit.is_taken(plan_id):
        raise invalid("Plan already exists.", "id", "resource_already_exists")
    data: PriceCreateParams = {
        "currency": params["currency"],
        "product": product_id,
        "recurring": _recurring(params, older=call.before(BASIL)),
    }
    data = with_filled(data, params, "billing_scheme", "tiers", "tiers_mode")
    if (amount := params.get("amount")) is not None:
        data["unit_amount"] = amount
    elif (amount_decimal := params.get("amount_decimal")) is not None:
        data["unit_amount_decimal"] = amount_decimal
    if transform := params.get("transform_usage"):
        data["transform_quantity"] = transform
    price = prices.make(unit, data, "plan", price_id=plan_id)
    changes: dict[str, object] = {
        "active": params.get("active", True),
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "nickname": params.get("nickname"),
    }
    unit.change(price, changes, emits=())
    plan = plan_of(price)
    unit.emit("plan.created", plan)
    return plan


def _recurring(params: PlanCreateParams, *, older: bool) -> PriceCreateParamsRecurring:
    cycle: PriceCreateParamsRecurring = {
        "interval": params["interval"],
        "interval_count": params.get("interval_count", 1),
        "usage_type": params.get("usage_type", "licensed"),
    }
    cycle = with_named(cycle, params, "meter", "trial_period_days")
    aggregate = cast("JsonMapping", params).get("aggregate_usage")
    if older and cycle.get("usage_type") == "metered" and not cycle.get("meter"):
        return cast("PriceCreateParamsRecurring", {**cycle, "aggregate_usage": aggregate or "sum"})
    return cycle


def find(unit: UnitOfWork, plan_id: str) -> Price:
    """Return the recurring price behind a plan id, or raise."""
    price = unit.find(kinds.PRICE, plan_id)
    if price is None or price["type"] != "recurring":
        raise missing("plan", plan_id)
    return price


def _retrieve(call: RequestContext[Params]) -> Mapping[str, object]:
    return plan_of(find(call.unit, call.ids["id"]))


def _update(call: RequestContext[PlanUpdateParams]) -> Mapping[str, object]:
    price = find(call.unit, call.ids["id"])
    params = call.params
    changes: dict[str, object] = {n: value for n, value in params.items() if n in ("active", "nickname")}
    if product := params.get("product"):
        changes["product"] = call.unit.get(kinds.PRODUCT, product, "product")["id"]
    if "trial_period_days" in params:
        changes["recurring"] = {**present(price["recurring"]), "trial_period_days": params["trial_period_days"]}
    if "metadata" in params:
        changes["metadata"] = merge_metadata(price["metadata"], params["metadata"])
    previous = plan_of(price)
    call.unit.change(price, changes, emits=("price.updated",))
    plan = plan_of(price)
    changed = {k: v for k, v in previous.items() if plan[k] != v}
    if changed:
        call.unit.emit("plan.updated", plan, changed)
    return plan


def _delete(call: RequestContext[Params]) -> Mapping[str, object]:
    price = find(call.unit, call.ids["id"])
    plan = plan_of(price)
    call.unit.delete(price)
    call.unit.emit("plan.deleted", plan)
    return {"id": plan["id"], "object": "plan", "deleted": True}


def _list(call: RequestContext[PlanListParams]) -> Mapping[str, object]:
    page = call.page(
        kinds.PRICE, type="recurring", **{n: value for n, value in call.params.items() if n in ("active", "product")}
    )
    return {**page, "data": [plan_of(p) for p in page["data"]]}


PLAN = Resource(
    schema=Schema(object="plan", prefix="plan_"),
    endpoints=Endpoints(
        can=(),
        operations=(
            Operation("POST", "/v1/plans", _create),
            Operation("GET", "/v1/plans", _list),
            Operation("GET", "/v1/plans/{id}", _retrieve),
            Operation("POST", "/v1/plans/{id}", _update),
            Operation("DELETE", "/v1/plans/{id}", _delete),
        ),
    ),
    versions=(
        Change(BASIL, older_shapes.plan_before_basil),
        Accepted(BASIL, "POST", "/v1/plans", {"aggregate_usage": older_shapes.AGGREGATIONS}),
    ),
    includes={"tiers": lambda unit, plan: prices.tiers(unit, cast("Price", unit.find_any(plan["id"]) or {}))},
)


RESOURCES = (PLAN,)
