"""Payouts and top-ups: money to and from the bank. https://docs.stripe.com/api/payouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schema import Body, Machine, Move, Schema, fixed, given, once
from payloom_emulator.ledger import balance, money
from payloom_emulator.protocol.errors import StripeError, invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit

_ARRIVES_AFTER = 2 * 86400


_TOPUP_AFTER = 3


def _available(unit: Unit, currency: str) -> int:
    unit.flush()
    (total,) = unit.store.query(
        "SELECT coalesce(sum(json_extract(body, '$.net')), 0) FROM objects WHERE object = 'balance_transaction' AND "
        "account = ? AND json_extract(body, '$.currency') = ? AND json_extract(body, '$.available_on') <= ?",
        (unit.account, currency, unit.now),
    )[0]
    return total


def _creating(call: Call, draft: Body) -> None:
    unit, params = call.unit, call.params
    code = money.currency(params["currency"])
    if params["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if params["amount"] > _available(unit, code):
        raise StripeError(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You "
            "can use the /v1/balance endpoint to view your Stripe balance (for more details, see "
            "stripe.com/docs/api#balance).",
            code="balance_insufficient",
            param="amount",
        )
    draft.update({"currency": code, "status": "pending", "arrival_date": unit.now + _ARRIVES_AFTER})
    draft["destination"] = call.get("destination") or "ba_1LocalStripeBank000000000"


def _created(call: Call, payout: Body) -> None:
    unit = call.unit
    booked = balance.book(
        unit, payout, kind="payout", amount=-payout["amount"], available=True, description="STRIPE PAYOUT"
    )
    unit.change(payout, {"balance_transaction": booked["id"]}, emits=())
    unit.schedule("arrive", payout, payout["arrival_date"])


def _arrive(unit: Unit, payout: Body) -> None:
    if payout["status"] == "pending":
        unit.move(payout, "send", emits=())
    if payout["status"] == "in_transit":
        unit.move(payout, "arrive")


def _cancel(call: Call) -> Body:
    if call.target["status"] != "pending":
        raise invalid("Payouts can only be canceled while they are pending.", code="payout_not_cancelable")
    call.unit.unschedule("arrive", call.target)
    back = balance.book(call.unit, call.target, kind="payout_cancel", amount=call.target["amount"], available=True)
    return call.unit.move(call.target, "cancel", {"failure_balance_transaction": back["id"]})


def _reverse(call: Call) -> Body:
    payout = call.target
    if payout["status"] != "paid":
        raise invalid("Only payouts that were paid can be reversed.")
    unit = call.unit
    reversal = unit.create(
        "payout",
        {
            "amount": -payout["amount"],
            "arrival_date": unit.now + _ARRIVES_AFTER,
            "currency": payout["currency"],
            "destination": payout["destination"],
            "metadata": call.params.get("metadata") or {},
            "original_payout": payout["id"],
            "status": "pending",
        },
    )
    unit.change(payout, {"reversed_by": reversal["id"]})
    return reversal


def _topup(call: Call) -> Body:
    unit, params = call.unit, call.params
    code = money.currency(params["currency"])
    if params["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    names = ("amount", "description", "metadata", "statement_descriptor", "transfer_group")
    values = {n: params[n] for n in names if n in params}
    when = unit.now + _TOPUP_AFTER
    made = unit.create("topup", {**values, "currency": code, "status": "pending", "expected_availability_date": when})
    unit.soon("succeed", made, _TOPUP_AFTER)
    return made


def _succeed(unit: Unit, topup: Body) -> None:
    if topup["status"] == "pending":
        booked = balance.book(unit, topup, kind="topup", amount=topup["amount"], available=True)
        unit.move(topup, "succeed", {"balance_transaction": booked["id"]})


def _cancel_topup(call: Call) -> Body:
    if call.target["status"] != "pending":
        raise invalid("Only pending top-ups can be canceled.")
    return call.unit.move(call.target, "cancel")


PAYOUT = Resource(
    schema=Schema(
        object="payout",
        prefix="po_1",
        id_length=23,
        path="/v1/payouts",
        fields=(
            once("amount", 0),
            fixed("application_fee"),
            fixed("application_fee_amount"),
            fixed("arrival_date"),
            fixed("automatic", False),
            fixed("balance_transaction"),
            fixed("created"),
            fixed("currency"),
            once("description"),
            fixed("destination"),
            fixed("failure_balance_transaction"),
            fixed("failure_code"),
            fixed("failure_message"),
            fixed("livemode", False),
            given("metadata", {}),
            once("method", "standard"),
            fixed("original_payout"),
            fixed("payout_method"),
            fixed("reconciliation_status", "not_applicable"),
            fixed("reversed_by"),
            once("source_type", "card"),
            once("statement_descriptor"),
            fixed("status"),
            fixed("trace_id"),
            fixed("type", "bank_account"),
        ),
        machine=Machine(
            initial=("pending",),
            moves=(
                Move("send", {"pending"}, "in_transit", ("payout.updated",)),
                Move("arrive", {"in_transit"}, "paid", ("payout.paid",)),
                Move("fail", {"pending", "in_transit", "paid"}, "failed", ("payout.failed",)),
                Move("cancel", {"pending"}, "canceled", ("payout.canceled",)),
            ),
            terminal={"paid", "failed", "canceled"},
        ),
        on_create=("payout.created",),
        on_update=("payout.updated",),
        filters=("status", "destination"),
    ),
    endpoints=Endpoints(creating=_creating, created=_created, actions={"cancel": _cancel, "reverse": _reverse}),
    timers={"arrive": _arrive},
)


TOPUP = Resource(
    schema=Schema(
        object="topup",
        prefix="tu_1",
        id_length=23,
        path="/v1/topups",
        fields=(
            fixed("amount", 0),
            fixed("balance_transaction"),
            fixed("created"),
            fixed("currency"),
            given("description"),
            fixed("expected_availability_date"),
            fixed("failure_code"),
            fixed("failure_message"),
            fixed("initiated_by", "user"),
            fixed("livemode", False),
            given("metadata", {}),
            fixed("source"),
            fixed("statement_descriptor"),
            fixed("status"),
            fixed("transfer_group"),
        ),
        machine=Machine(
            initial=("pending",),
            moves=(
                Move("succeed", {"pending"}, "succeeded", ("topup.succeeded",)),
                Move("fail", {"pending"}, "failed", ("topup.failed",)),
                Move("cancel", {"pending"}, "canceled", ("topup.canceled",)),
                Move("reverse", {"succeeded"}, "reversed", ("topup.reversed",)),
            ),
            terminal={"failed", "canceled", "reversed"},
        ),
        on_create=("topup.created",),
        filters=("status",),
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list"),
        operations=(Operation("POST", "/v1/topups", _topup),),
        actions={"cancel": _cancel_topup},
    ),
    timers={"succeed": _succeed},
)


RESOURCES = (PAYOUT, TOPUP)
