"""Payouts and top-ups: money to and from the bank. https://docs.stripe.com/api/payouts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import (
    Schema,
    StateMachine,
    Transition,
    create_only,
    read_only,
    settable,
)
from payloom_emulator.ledger import balance, money
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import external_accounts
from payloom_emulator.protocol.errors import StripeError, below_one, invalid, missing

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.accounts import Payout, Topup
    from payloom_emulator.objects.params.payouts import PayoutCreateParams, PayoutReverseParams
    from payloom_emulator.objects.params.topups import TopupCreateParams

_ARRIVES_AFTER = 2 * balance.DAY


_TOPUP_AFTER = 3


def _arrival(now: int) -> int:
    """Return the day, as its first second, on which money that leaves now is at the bank."""
    return balance.day_begins(now + _ARRIVES_AFTER)


def _creating(call: RequestContext[PayoutCreateParams], draft: Payout) -> None:
    unit, params = call.unit, call.params
    code = money.currency(params["currency"])
    if params["amount"] < 1:
        raise below_one("amount")
    if not balance.covers(unit, code, params["amount"]):
        raise StripeError(
            "You have insufficient funds in your Stripe account for this transfer. Your card balance is too low. You can use the /v1/balance endpoint to view your Stripe balance (for more details, see stripe.com/docs/api#balance).",
            code="balance_insufficient",
            param="amount",
        )
    draft.update({"currency": code, "status": "pending", "arrival_date": _arrival(unit.now)})
    named = provided(call.params.get("destination"))
    external = external_accounts.for_payout(unit, code, named)
    connected = unit.account != unit.environment.config.account
    if named and external is None and connected:
        raise missing("external account", named, param="destination", status=400)
    if external is None and connected:
        raise invalid(f"Sorry, you don't have any external accounts in that currency ({code})")
    if external is not None:
        if external["currency"] != code:
            raise invalid(f"The external account {external['id']} does not take {code}.", "destination")
        draft["type"] = "card" if external["object"] == "card" else "bank_account"
    if draft["method"] == "instant" and (external is None or external["object"] != "card"):
        raise invalid(
            "Instant payouts need a debit card as their destination.", "method", "instant_payouts_unsupported"
        )
    draft["destination"] = external["id"] if external else named or "ba_1LocalStripeBank000000000"


def _created(call: RequestContext[Params], payout: Payout) -> None:
    unit = call.unit
    booked = balance.book(
        unit, payout, kind="payout", amount=-payout["amount"], available=True, description="STRIPE PAYOUT"
    )
    unit.change(payout, {"balance_transaction": booked["id"]}, emits=())
    unit.schedule("arrive", payout, payout["arrival_date"])


def _arrive(unit: UnitOfWork, payout: Payout) -> None:
    external = external_accounts.for_payout(unit, payout["currency"], str(payout["destination"]))
    failure = external_accounts.failure_of(external) if external is not None else None
    if failure is not None and payout["status"] in {"pending", "in_transit"}:
        back = balance.book(unit, payout, kind="payout_failure", amount=payout["amount"], available=True)
        values = {"failure_balance_transaction": back["id"], "failure_code": failure[0], "failure_message": failure[1]}
        unit.transition(payout, "fail", values)
        return
    if payout["status"] == "pending":
        unit.transition(payout, "send", emits=())
    if payout["status"] == "in_transit":
        unit.transition(payout, "arrive")


def _cancel(call: ActionContext[Params, Payout]) -> Mapping[str, object]:
    if call.target["status"] != "pending":
        raise invalid("Payouts can only be canceled while they are pending.", code="payout_not_cancelable")
    call.unit.unschedule("arrive", call.target)
    back = balance.book(call.unit, call.target, kind="payout_cancel", amount=call.target["amount"], available=True)
    return call.unit.transition(call.target, "cancel", {"failure_balance_transaction": back["id"]})


def _reverse(call: ActionContext[PayoutReverseParams, Payout]) -> Payout:
    payout = call.target
    if payout["status"] != "paid":
        raise invalid("Only payouts that were paid can be reversed.")
    unit = call.unit
    reversal = unit.create(
        kinds.PAYOUT,
        {
            "amount": -payout["amount"],
            "arrival_date": _arrival(unit.now),
            "currency": payout["currency"],
            "destination": payout["destination"],
            "metadata": call.params.get("metadata") or {},
            "original_payout": payout["id"],
            "status": "pending",
        },
    )
    unit.change(payout, {"reversed_by": reversal["id"]})
    return reversal


def _topup(call: RequestContext[TopupCreateParams]) -> Topup:
    unit, params = call.unit, call.params
    code = money.currency(params["currency"])
    if params["amount"] < 1:
        raise below_one("amount")
    names = (
        "amount",
        "description",
        "metadata",
        "payment_method",
        "payment_method_options",
        "statement_descriptor",
        "transfer_group",
    )
    if (source_id := provided(params.get("source"))) and unit.find_any(source_id) is None:
        raise missing("source", source_id, param="source", status=400)
    values = {name: params.get(name) for name in names if name in params}
    when = unit.now + _TOPUP_AFTER
    payout = unit.create(
        kinds.TOPUP, {**values, "currency": code, "status": "pending", "expected_availability_date": when}
    )
    unit.schedule_real_time("succeed", payout, _TOPUP_AFTER)
    return payout


def _succeed(unit: UnitOfWork, topup: Topup) -> None:
    if topup["status"] == "pending":
        booked = balance.book(unit, topup, kind="topup", amount=topup["amount"], available=True)
        unit.transition(topup, "succeed", {"balance_transaction": booked["id"]})


def _cancel_topup(call: ActionContext[Params, Topup]) -> Mapping[str, object]:
    if call.target["status"] != "pending":
        raise invalid("Only pending top-ups can be canceled.")
    return call.unit.transition(call.target, "cancel")


PAYOUT = Resource(
    schema=Schema(
        object="payout",
        prefix="po_1",
        id_length=23,
        path="/v1/payouts",
        fields=(
            create_only("amount", 0),
            read_only("application_fee"),
            read_only("application_fee_amount"),
            read_only("arrival_date"),
            read_only("automatic", False),
            read_only("balance_transaction"),
            read_only("created"),
            read_only("currency"),
            create_only("description"),
            read_only("destination"),
            read_only("failure_balance_transaction"),
            read_only("failure_code"),
            read_only("failure_message"),
            read_only("livemode", False),
            settable("metadata", {}),
            create_only("method", "standard"),
            read_only("original_payout"),
            read_only("payout_method"),
            read_only("reconciliation_status", "not_applicable"),
            read_only("reversed_by"),
            create_only("source_type", "card"),
            create_only("statement_descriptor"),
            read_only("status"),
            read_only("trace_id"),
            read_only("type", "bank_account"),
        ),
        machine=StateMachine(
            initial=("pending",),
            transitions=(
                Transition("send", {"pending"}, "in_transit", ("payout.updated",)),
                Transition("arrive", {"in_transit"}, "paid", ("payout.paid",)),
                Transition("fail", {"pending", "in_transit", "paid"}, "failed", ("payout.failed",)),
                Transition("cancel", {"pending"}, "canceled", ("payout.canceled",)),
            ),
            terminal={"paid", "failed", "canceled"},
        ),
        on_create=("payout.created",),
        on_update=("payout.updated",),
        filters=("status", "destination", "arrival_date"),
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
            read_only("amount", 0),
            read_only("balance_transaction"),
            read_only("created"),
            read_only("currency"),
            settable("description"),
            read_only("expected_availability_date"),
            read_only("payment_method"),
            read_only("payment_method_options"),
            read_only("failure_code"),
            read_only("failure_message"),
            read_only("initiated_by", "user"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("source"),
            read_only("statement_descriptor"),
            read_only("status"),
            read_only("transfer_group"),
        ),
        machine=StateMachine(
            initial=("pending",),
            transitions=(
                Transition("succeed", {"pending"}, "succeeded", ("topup.succeeded",)),
                Transition("fail", {"pending"}, "failed", ("topup.failed",)),
                Transition("cancel", {"pending"}, "canceled", ("topup.canceled",)),
                Transition("reverse", {"succeeded"}, "reversed", ("topup.reversed",)),
            ),
            terminal={"failed", "canceled", "reversed"},
        ),
        on_create=("topup.created",),
        filters=("status", "amount"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list"),
        operations=(Operation("POST", "/v1/topups", _topup),),
        actions={"cancel": _cancel_topup},
    ),
    timers={"succeed": _succeed},
)


RESOURCES = (PAYOUT, TOPUP)
