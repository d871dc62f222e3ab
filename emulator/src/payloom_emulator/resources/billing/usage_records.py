"""Usage records: what was used, on a subscription item, until basil. https://docs.stripe.com/api/usage-record/object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.billing.invoices import metering
from payloom_emulator.core.declarations.api_changes import Accepted
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import invalid, parameter_missing, unknown_url
from payloom_emulator.protocol.json_shapes import integer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.objects.subscriptions import SubscriptionItem

_RECORDS = "/v1/subscription_items/{}/usage_records"
_SUMMARIES = "/v1/subscription_items/{}/usage_record_summaries"


def _item(call: RequestContext[Params]) -> SubscriptionItem:
    if not call.before(BASIL):
        raise unknown_url("POST", call.path)
    item = call.unit.get(kinds.SUBSCRIPTION_ITEM, call.ids["item"])
    call.unit.use_clock_of(call.unit.get(kinds.SUBSCRIPTION, item["subscription"]))
    if not metering.takes_records(item):
        raise invalid("Usage records can be made for items with a metered price without a meter only.")
    return item


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    item = _item(call)
    quantity = integer(call.params.get("quantity"))
    if quantity is None:
        raise parameter_missing("quantity")
    if quantity < 0:
        raise invalid("This value must be greater than or equal to 0.", "quantity", "parameter_invalid_integer")
    timestamp = integer(call.params.get("timestamp")) or call.unit.now
    if timestamp > call.unit.now + 300:
        raise invalid("Cannot create the usage record with this timestamp because it is in the future.", "timestamp")
    if timestamp < item["current_period_start"]:
        raise invalid(
            "Cannot create the usage record with this timestamp because it is before the current period.", "timestamp"
        )
    same = call.unit.list(metering.USAGE_RECORD, subscription_item=item["id"], timestamp=timestamp)
    if not same:
        values = {"quantity": quantity, "subscription_item": item["id"], "timestamp": timestamp}
        return call.unit.create(metering.USAGE_RECORD, values)
    total = quantity + (0 if call.params.get("action") == "set" else same[0]["quantity"])
    return call.unit.change(same[0], {"quantity": total})


def _summaries(call: RequestContext[Params]) -> Mapping[str, object]:
    item = _item(call)
    start, end = item["current_period_start"], item["current_period_end"]
    summary = {
        "id": f"sis_1{item['id'].removeprefix('si_')}",
        "object": "usage_record_summary",
        "invoice": None,
        "livemode": False,
        "period": {"start": start, "end": None},
        "subscription_item": item["id"],
        "total_usage": int(metering.recorded(call.unit, item, start, end)),
    }
    return list_of([summary], call.path, {"limit": 10, **call.params})


USAGE_RECORD = Resource(
    schema=Schema(
        object="usage_record",
        prefix="mbur_1",
        id_length=23,
        fields=(
            read_only("livemode", False),
            read_only("quantity"),
            read_only("subscription_item"),
            read_only("timestamp"),
        ),
        filters=("subscription_item", "timestamp"),
        has_created=False,
    ),
    endpoints=Endpoints(
        can=(),
        operations=(
            Operation("POST", _RECORDS.replace("{}", "{item}"), _create),
            Operation("GET", _SUMMARIES.replace("{}", "{item}"), _summaries),
        ),
    ),
    versions=(
        Accepted(
            BASIL,
            "POST",
            _RECORDS,
            {"action": ["e", "increment", "set"], "quantity": ["i"], "timestamp": ["u", ["i"], ["e", "now"]]},
        ),
        Accepted(BASIL, "GET", _SUMMARIES, {"ending_before": ["s"], "limit": ["i"], "starting_after": ["s"]}),
    ),
)


RESOURCES = (USAGE_RECORD,)
