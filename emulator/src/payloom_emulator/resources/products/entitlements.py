"""What customers are entitled to by their subscriptions. https://docs.stripe.com/api/entitlements/active-entitlement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import text

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.subscriptions import Subscription

ENTITLEMENT: Kind[dict[str, object]] = Kind("entitlements.active_entitlement")
SUMMARY = "entitlements.active_entitlement_summary"
_ENTITLING = frozenset({"active", "past_due", "trialing"})


def _features(unit: UnitOfWork, customer_id: str) -> dict[str, str]:
    """Return the features that a customer's subscriptions give, with their lookup keys."""
    features: dict[str, str] = {}
    for subscription in unit.list(kinds.SUBSCRIPTION, customer=customer_id):
        if subscription["status"] in _ENTITLING:
            for item in subscription["items"]["data"]:
                for grant in unit.list(kinds.PRODUCT_FEATURE, _product=item["price"]["product"]):
                    feature = grant["entitlement_feature"]
                    features[feature["id"]] = feature["lookup_key"]
    return features


def _sync(unit: UnitOfWork, customer_id: str) -> list[dict[str, object]]:
    """Make the stored entitlements those of the subscriptions. Emits the summary's `updated` if that changed any."""
    features = _features(unit, customer_id)
    rows = unit.list(ENTITLEMENT, _customer=customer_id)
    lost = [row for row in rows if row["feature"] not in features]
    for row in lost:
        unit.delete(row)
    owned = {row["feature"] for row in rows}
    new = [name for name in features if name not in owned]
    for feature in new:
        values = {"feature": feature, "lookup_key": features[feature], "_customer": customer_id}
        unit.create(ENTITLEMENT, values)
    if lost or new:
        unit.flush()
        rows = unit.list(ENTITLEMENT, _customer=customer_id)
        unit.emit(f"{SUMMARY}.updated", _summary(rows, customer_id))
    return rows


def _summary(rows: list[dict[str, object]], customer_id: str) -> dict[str, object]:
    shown_rows = [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]
    url = f"/v1/customers/{customer_id}/entitlements"
    return {
        "object": SUMMARY,
        "customer": customer_id,
        "entitlements": list_of(shown_rows, url),
        "livemode": False,
    }


def _subscription_changed(unit: UnitOfWork, subscription: Subscription) -> None:
    if unit.list(kinds.PRODUCT_FEATURE, limit=1) or unit.list(ENTITLEMENT, limit=1):
        _sync(unit, str(subscription["customer"]))


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    customer_id = required(text(call.params.get("customer")), "customer")
    customer = call.unit.get(kinds.CUSTOMER, customer_id, "customer")
    rows = _sync(call.unit, customer["id"])
    return list_of(rows, call.path, {"limit": 10, **call.params})


RESOURCES = (
    Resource(
        schema=Schema(
            object="entitlements.active_entitlement",
            prefix="ent_test_",
            id_length=30,
            fields=(read_only("feature"), read_only("livemode", False), read_only("lookup_key")),
            filters=("_customer", "feature"),
            has_created=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("GET", "/v1/entitlements/active_entitlements", _list),
                Operation(
                    "GET",
                    "/v1/entitlements/active_entitlements/{id}",
                    lambda call: call.unit.get(ENTITLEMENT, call.ids["id"]),
                ),
            ),
        ),
        reacts={
            f"customer.subscription.{name}": (_subscription_changed,)
            for name in ("created", "deleted", "paused", "resumed", "updated")
        },
    ),
)
