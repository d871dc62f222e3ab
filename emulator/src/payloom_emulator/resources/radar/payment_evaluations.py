"""Evaluations of payments that other processors take. https://docs.stripe.com/api/radar/payment-evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import below_one, invalid, parameter_missing
from payloom_emulator.protocol.json_shapes import integer, members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext

EVALUATION: Kind[dict[str, object]] = Kind("radar.payment_evaluation")
# The score of each test card's risk, of 100.
_SCORES = {"elevated": 72.0, "highest": 97.0, "normal": 12.0}


def _create(call: RequestContext[Params]) -> Mapping[str, object]:
    unit, params = call.unit, call.params
    payment = members(params.get("payment_details"))
    code = money.currency(text(payment.get("currency")) or "", "payment_details[currency]")
    amount = integer(payment.get("amount"))
    if amount is None or amount < 1:
        raise below_one("payment_details[amount]")
    details = members(payment.get("payment_method_details"))
    param = "payment_details[payment_method_details][payment_method]"
    method = unit.get(kinds.PAYMENT_METHOD, text(details.get("payment_method")), param)
    if method["type"] != "card":
        raise invalid("Only cards are evaluated.", param)
    customer = members(params.get("customer_details"))
    if not any(customer.get(name) for name in ("customer", "customer_account", "email")):
        raise parameter_missing("customer_details[email]")
    if text(customer.get("customer")):
        unit.get(kinds.CUSTOMER, text(customer.get("customer")), "customer_details[customer]")
    risk = payment_methods.card_of(method).risk
    signal = {"evaluated_at": unit.now, "risk_level": risk, "score": _SCORES[risk]}
    names = ("customer", "customer_account", "email", "name", "phone")
    return unit.create(
        EVALUATION,
        {
            "client_device_metadata_details": params.get("client_device_metadata_details"),
            "created_at": unit.now,
            "customer_details": {name: customer.get(name) for name in names},
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "payment_details": {
                **payment,
                "currency": code,
                "payment_method_details": {**details, "payment_method": method["id"]},
            },
            "recommended_action": "block" if risk == "highest" else "continue",
            "signals": {"fraudulent_payment": signal},
        },
    )


RESOURCES = (
    Resource(
        schema=Schema(
            object="radar.payment_evaluation",
            prefix="peval_1",
            id_length=23,
            fields=(read_only("livemode", False), read_only("metadata", {})),
            has_created=False,
        ),
        endpoints=Endpoints(can=(), operations=(Operation("POST", "/v1/radar/payment_evaluations", _create),)),
    ),
)
