"""Payment records: payments that other processors took, as a shop reports them. https://docs.stripe.com/api/payment-record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, cast

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import ADDRESS, Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork


class Amount(TypedDict):
    """An amount in minor units."""

    currency: str
    value: int


class Record(TypedDict):
    """What a payment record and an attempt have of their amounts, and how far they came."""

    id: str
    amount: Amount
    amount_guaranteed: Amount
    amount_refunded: Amount
    created: int
    latest_payment_attempt_record: str
    metadata: dict[str, str]
    payment_record: str
    _outcome: str | None


RECORD: Kind[Record] = Kind("payment_record")
ATTEMPT: Kind[Record] = Kind("payment_attempt_record")
_PATH = "/v1/payment_records"
_AMOUNTS = ("authorized", "canceled", "failed", "guaranteed", "refunded")
_ENDS = {"canceled": "canceled_at", "failed": "failed_at", "guaranteed": "guaranteed_at"}


def _report(call: RequestContext[Params]) -> Record:
    """Report a payment with its first attempt."""
    unit, params = call.unit, call.params
    asked_for = members(params.get("amount_requested"))
    currency = money.currency(required(text(asked_for.get("currency")), "amount_requested[currency]"))
    value = required(integer(asked_for.get("value")), "amount_requested[value]")
    if value < 1:
        raise invalid("Must be greater than 0.", "amount_requested[value]", "parameter_invalid_integer")
    zero: Amount = {"currency": currency, "value": 0}
    amount: Amount = {"currency": currency, "value": value}
    customer = members(params.get("customer_details"))
    if text(customer.get("customer")):
        unit.get(kinds.CUSTOMER, text(customer.get("customer")), "customer_details[customer]")
    values: dict[str, object] = {
        "amount": amount,
        **{f"amount_{name}": zero for name in _AMOUNTS},
        "amount_requested": amount,
        "customer_details": {name: customer.get(name) for name in ("customer", "email", "name", "phone")}
        if customer
        else None,
        "customer_presence": params.get("customer_presence"),
        "description": params.get("description"),
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "processor_details": params.get("processor_details")
        or {"custom": {"payment_reference": None}, "type": "custom"},
        "reported_by": "self",
        **_how(unit, params),
    }
    record = unit.create(RECORD, values)
    _attempt(unit, record, params, values)
    return record


def _how(unit: UnitOfWork, params: Params) -> dict[str, object]:
    """Return how it was paid and where it goes."""
    details, shipping = members(params.get("payment_method_details")), params.get("shipping_details")
    if text(details.get("payment_method")):
        unit.get(kinds.PAYMENT_METHOD, text(details.get("payment_method")), "payment_method_details[payment_method]")
    billing = members(details.get("billing_details"))
    details_shown: dict[str, object] = {
        "billing_details": {
            "address": {**ADDRESS, **members(billing.get("address"))},
            **{name: billing.get(name) for name in ("email", "name", "phone")},
        },
        "payment_method": details.get("payment_method"),
        "type": details.get("type", "custom"),
    }
    if details.get("custom"):
        details_shown["custom"] = {"display_name": "Custom", "type": None, **members(details.get("custom"))}
    place = members(shipping)
    return {
        "payment_method_details": details_shown,
        "shipping_details": {
            "address": {**ADDRESS, **members(place.get("address"))},
            "name": place.get("name"),
            "phone": place.get("phone"),
        }
        if place
        else None,
    }


def _attempt(unit: UnitOfWork, record: Record, params: Params, values: Mapping[str, object]) -> None:
    """Add an attempt to a record, with the outcome that is known."""
    attempt = unit.create(ATTEMPT, {**values, "payment_record": record["id"], "_outcome": None})
    unit.change(record, {"latest_payment_attempt_record": attempt["id"], "_outcome": None})
    outcome = text(params.get("outcome"))
    if outcome is None:
        return
    if not members(params.get(outcome)).get(_ENDS[outcome]):
        raise parameter_missing(f"{outcome}[{_ENDS[outcome]}]")
    _end(unit, record, outcome)


def _end(unit: UnitOfWork, record: Record, outcome: str) -> Record:
    """Give the latest attempt its outcome. A guaranteed one can still be refunded."""
    attempt = unit.get(ATTEMPT, record["latest_payment_attempt_record"])
    if attempt["_outcome"] is not None:
        raise invalid(f"The latest attempt of this payment record is {attempt['_outcome']} already.")
    zero: Amount = {"currency": record["amount"]["currency"], "value": 0}
    changes: dict[str, object] = {f"amount_{name}": zero for name in ("canceled", "failed", "guaranteed")}
    changes |= {f"amount_{outcome}": record["amount"], "_outcome": outcome}
    unit.change(attempt, changes)
    return unit.change(record, changes)


def _record(call: RequestContext[Params]) -> Record:
    return call.unit.get(RECORD, call.ids["id"])


def _report_attempt(call: RequestContext[Params]) -> Record:
    """Report a further attempt at a payment whose last one failed or was canceled."""
    unit, record = call.unit, _record(call)
    if record["_outcome"] not in {"canceled", "failed"}:
        state = record["_outcome"] or "pending"
        raise invalid(f"The latest attempt of this payment record is {state}: there can be no further one.")
    names = ("amount", "amount_requested", "customer_details", "customer_presence", "processor_details", "reported_by")
    whole: Mapping[str, object] = {**record}
    zero: Amount = {"currency": record["amount"]["currency"], "value": 0}
    values = {
        **{name: whole[name] for name in names},
        **{f"amount_{name}": zero for name in _AMOUNTS},
        "description": call.params.get("description", whole["description"]),
        "metadata": merge_metadata({}, call.params.get("metadata") or {}),
        **_how(unit, {**whole, **call.params}),
    }
    _attempt(unit, record, call.params, values)
    return record


def _ended(outcome: str) -> Operation:
    def run(call: RequestContext[Params]) -> Record:
        record = _end(call.unit, _record(call), outcome)
        return _annotate(call, record)

    return Operation("POST", f"{_PATH}/{{id}}/report_payment_attempt_{outcome}", run)


def _annotate(call: RequestContext[Params], record: Record) -> Record:
    if "metadata" in call.params:
        call.unit.change(record, {"metadata": merge_metadata(record["metadata"], call.params["metadata"])})
    return record


def _inform(call: RequestContext[Params]) -> Record:
    """Add what became known of a payment."""
    unit, record, params = call.unit, _record(call), call.params
    changes: dict[str, object] = {}
    if "customer_details" in params:
        before = members(cast("Mapping[str, object]", record).get("customer_details"))
        blank = dict.fromkeys(("customer", "email", "name", "phone"))
        changes["customer_details"] = {**blank, **before, **members(params["customer_details"])}
    if "description" in params:
        changes["description"] = params["description"] or None
    if "shipping_details" in params:
        changes["shipping_details"] = _how(unit, params)["shipping_details"]
    unit.change(unit.get(ATTEMPT, record["latest_payment_attempt_record"]), changes)
    unit.change(record, changes)
    return _annotate(call, record)


def _refund(call: RequestContext[Params]) -> Record:
    unit, record, params = call.unit, _record(call), call.params
    if record["_outcome"] != "guaranteed":
        raise invalid("Only a payment that was guaranteed can be refunded.")
    if not members(params.get("refunded")).get("refunded_at"):
        raise parameter_missing("refunded[refunded_at]")
    left = record["amount_guaranteed"]["value"] - record["amount_refunded"]["value"]
    given_amount = members(params.get("amount"))
    value = integer(given_amount.get("value")) if given_amount else left
    if given_amount and given_amount.get("currency") != record["amount"]["currency"]:
        raise invalid("The currency must be the payment's.", "amount[currency]")
    if value is None or not 1 <= value <= left:
        raise invalid("The refund is more than is left of the payment.", "amount[value]")
    total: Amount = {"currency": record["amount"]["currency"], "value": record["amount_refunded"]["value"] + value}
    unit.change(unit.get(ATTEMPT, record["latest_payment_attempt_record"]), {"amount_refunded": total})
    unit.change(record, {"amount_refunded": total})
    return _annotate(call, record)


def _list(call: RequestContext[Params]) -> Mapping[str, object]:
    after, before = integer(call.params.get("created_after")), integer(call.params.get("created_before"))
    rows = [
        row
        for row in call.unit.list(RECORD)
        if (after is None or row["created"] > after) and (before is None or row["created"] < before)
    ]
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _attempts(call: RequestContext[Params]) -> Mapping[str, object]:
    record = call.unit.get(
        RECORD, required(text(call.params.get("payment_record")), "payment_record"), "payment_record"
    )
    return call.page(ATTEMPT, payment_record=record["id"])


RESOURCES = (
    Resource(
        schema=Schema(
            object="payment_record",
            prefix="pr_1",
            id_length=23,
            fields=(
                read_only("application"),
                read_only("created"),
                read_only("latest_payment_attempt_record"),
                read_only("livemode", False),
                read_only("metadata", {}),
            ),
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("GET", _PATH, _list),
                Operation("GET", f"{_PATH}/{{id}}", _record),
                Operation("POST", f"{_PATH}/report_payment", _report),
                Operation("POST", f"{_PATH}/{{id}}/report_payment_attempt", _report_attempt),
                *(_ended(outcome) for outcome in _ENDS),
                Operation("POST", f"{_PATH}/{{id}}/report_payment_attempt_informational", _inform),
                Operation("POST", f"{_PATH}/{{id}}/report_refund", _refund),
            ),
        ),
    ),
    Resource(
        schema=Schema(
            object="payment_attempt_record",
            prefix="par_1",
            id_length=23,
            path="/v1/payment_attempt_records",
            fields=(read_only("application"), read_only("created"), read_only("livemode", False)),
            filters=("payment_record",),
        ),
        endpoints=Endpoints(
            can=("retrieve",), operations=(Operation("GET", "/v1/payment_attempt_records", _attempts),)
        ),
    ),
)
