"""Refunds: money back. https://docs.stripe.com/api/refunds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.connect import transfers
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided, required
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.ledger import balance, money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import refunds
from payloom_emulator.payments.methods import cash_balances
from payloom_emulator.protocol.errors import invalid, missing, parameter_missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.charges import Charge, Refund
    from payloom_emulator.objects.params.refunds import RefundCreateParams, RefundUpdateParams

_CHANGED = ("refund.updated", "charge.refund.updated")


def _charge_of(unit: UnitOfWork, charge_id: str | None, intent_id: str | None) -> Charge:
    if charge_id:
        return unit.get(kinds.CHARGE, charge_id)
    if not intent_id:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    intent = unit.get(kinds.PAYMENT_INTENT, intent_id, "payment_intent")
    charge = unit.find(kinds.CHARGE, intent["latest_charge"])
    if charge is None or charge["status"] == "failed":
        raise refunds.nothing_paid(intent["id"])
    return charge


def _create(call: RequestContext[RefundCreateParams]) -> Refund:
    if call.params.get("origin") == "customer_balance":
        return _return_cash(call.unit, call.params)
    charge = _charge_of(call.unit, call.params.get("charge"), call.params.get("payment_intent"))
    return _issue(call.unit, charge, call.params)


def _return_cash(unit: UnitOfWork, params: RefundCreateParams) -> Refund:
    """Send what is on a customer's cash balance back: the customer is asked for an account."""
    customer_id = required(params.get("customer"), "customer")
    customer = unit.get(kinds.CUSTOMER, customer_id, "customer")
    amount = required(params.get("amount"), "amount")
    currency = money.currency(required(params.get("currency"), "currency"))
    email = provided(params.get("instructions_email")) or customer["email"]
    if email is None:
        raise parameter_missing("instructions_email")
    if amount < 1 or amount > cash_balances.available(unit, customer["id"], currency):
        raise invalid("The customer's cash balance has not enough funds.", "amount", "cash_balance_insufficient")
    refund = unit.create(
        kinds.REFUND,
        {
            "amount": amount,
            "currency": currency,
            "instructions_email": email,
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "next_action": refunds.ask_for_account(unit, email),
            "status": "requires_action",
            "_customer": customer["id"],
        },
        emits=("refund.created",),
    )
    cash_balances.add(unit, customer["id"], currency, -amount, "return_initiated")
    return refund


def _expire(call: RequestContext[Params]) -> Refund:
    """Let the time end in which a customer could name an account. What was to be sent stays where it was."""
    unit, refund = call.unit, call.unit.get(kinds.REFUND, call.ids["refund"])
    if refund["status"] != "requires_action":
        raise invalid(f"Only a refund with a status of requires_action expires; this one is {refund['status']}.")
    return _end(unit, refund, "fail", {"failure_reason": "unknown"})


def _end(unit: UnitOfWork, refund: Refund, transition: str, changes: dict[str, object]) -> Refund:
    """End a refund that waited for an account, and put the money back."""
    customer_id = refund.get("_customer")
    if customer_id:
        cash_balances.add(unit, customer_id, refund["currency"], refund["amount"], "return_canceled")
    elif refund["charge"]:
        back = balance.book(
            unit, refund, kind="refund_failure", amount=refund["amount"], available=True, description="REFUND FAILURE"
        )
        changes["failure_balance_transaction"] = back["id"]
        charge = unit.get(kinds.CHARGE, refund["charge"])
        unit.change(charge, {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False})
    return unit.transition(refund, transition, {**changes, "next_action": None})


def _issue(unit: UnitOfWork, charge: Charge, params: RefundCreateParams) -> Refund:
    unit.use_clock_of(charge)
    refund = refunds.issue(
        unit,
        charge,
        amount=params.get("amount"),
        reason=params.get("reason"),
        metadata=merge_metadata({}, params.get("metadata") or {}),
        instructions_email=provided(params.get("instructions_email")),
    )
    _take_back(unit, charge, refund, params)
    return refund


def _take_back(unit: UnitOfWork, charge: Charge, refund: Refund, params: RefundCreateParams) -> None:
    """On a Connect charge, take back the account's part and give back the fee, in proportion, when asked to."""
    part = refund["amount"]
    if params.get("reverse_transfer"):
        transfer = unit.find(kinds.TRANSFER, charge.get("transfer"))
        if transfer is None:
            raise invalid("This charge has no transfer to reverse.", "reverse_transfer")
        amount = min(transfer["amount"] * part // charge["amount"], transfer["amount"] - transfer["amount_reversed"])
        reversal = transfers.reverse(unit, transfer, amount, source_refund=refund["id"])
        unit.change(refund, {"transfer_reversal": reversal["id"]}, emits=())
    if params.get("refund_application_fee"):
        fee = unit.find(kinds.APPLICATION_FEE, charge.get("application_fee"))
        if fee is None:
            raise invalid("This charge has no application fee to refund.", "refund_application_fee")
        amount = min(fee["amount"] * part // charge["amount"], fee["amount"] - fee["amount_refunded"])
        if amount:
            transfers.refund_fee(unit, fee["id"], amount)


def _reference(unit: UnitOfWork, refund: Refund) -> None:
    details = present(refund["destination_details"])
    card = {**present(details["card"]), "reference": "1" + refund["id"][-10:].upper(), "reference_status": "available"}
    unit.change(refund, {"destination_details": {**details, "card": card}}, emits=_CHANGED)


def _settle(unit: UnitOfWork, refund: Refund) -> None:
    if refund["status"] == "pending":
        unit.transition(refund, "settle", {"pending_reason": None})


def _fail(unit: UnitOfWork, refund: Refund) -> None:
    if refund["status"] not in {"pending", "succeeded", "requires_action"}:
        return
    charge = unit.get(kinds.CHARGE, refund["charge"])
    back = balance.book(
        unit, refund, kind="refund_failure", amount=refund["amount"], available=True, description="REFUND FAILURE"
    )
    unit.transition(
        refund,
        "fail",
        {
            "failure_reason": "expired_or_canceled_card",
            "failure_balance_transaction": back["id"],
            "pending_reason": None,
        },
    )
    unit.change(charge, {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False})


def _cancel(call: ActionContext[Params, Refund]) -> Refund:
    refund = call.target
    if refund["status"] != "requires_action":
        raise invalid("Canceling this refund is unsupported.")
    return _end(call.unit, refund, "cancel", {})


def _of_charge(call: RequestContext[Params]) -> Mapping[str, object]:
    charge = call.unit.get(kinds.CHARGE, call.ids["charge"])
    return call.page(kinds.REFUND, charge=charge["id"])


def _create_on_charge(call: RequestContext[Params]) -> Refund:
    return _issue(call.unit, call.unit.get(kinds.CHARGE, call.ids["charge"], "charge"), {})


def _refund_charge(call: RequestContext[RefundCreateParams]) -> Charge:
    """Refund a charge by its own URL, which answers the charge."""
    charge = call.unit.get(kinds.CHARGE, call.ids["charge"])
    _issue(call.unit, charge, call.params)
    return charge


def _one_of_charge(call: RequestContext[RefundUpdateParams]) -> Refund:
    """Answer, and change, a refund by the charge's URL."""
    charge = call.unit.get(kinds.CHARGE, call.ids["charge"])
    refund = call.unit.get(kinds.REFUND, call.ids["refund"])
    if refund["charge"] != charge["id"]:
        raise missing(kinds.REFUND, refund["id"], param="refund")
    if "metadata" in call.params:
        call.unit.change(refund, {"metadata": merge_metadata(refund["metadata"], call.params["metadata"])})
    return refund


REFUND = Resource(
    schema=Schema(
        object="refund",
        prefix="re_3",
        id_length=23,
        path="/v1/refunds",
        fields=(
            read_only("amount", 0),
            read_only("balance_transaction"),
            read_only("charge"),
            read_only("created"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("payment_method"),
            read_only("currency"),
            read_only("destination_details"),
            settable("metadata", {}),
            read_only("payment_intent"),
            read_only("reason"),
            read_only("receipt_number"),
            read_only("source_transfer_reversal"),
            read_only("status", "succeeded"),
            read_only("transfer_reversal"),
        ),
        machine=StateMachine(
            initial=("pending", "requires_action", "succeeded"),
            transitions=(
                Transition("settle", {"pending", "requires_action"}, "succeeded", _CHANGED),
                Transition("fail", {"pending", "requires_action", "succeeded"}, "failed", (*_CHANGED, "refund.failed")),
                Transition("cancel", {"requires_action"}, "canceled", _CHANGED),
            ),
            terminal={"failed", "canceled"},
        ),
        on_update=_CHANGED,
        filters=("charge", "payment_intent"),
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list"),
        actions={"cancel": _cancel},
        operations=(
            Operation("POST", "/v1/refunds", _create),
            Operation("POST", "/v1/test_helpers/refunds/{refund}/expire", _expire),
            Operation("GET", "/v1/charges/{charge}/refunds", _of_charge, like="/v1/refunds"),
            Operation("POST", "/v1/charges/{charge}/refunds", _create_on_charge, like="/v1/refunds"),
            Operation("GET", "/v1/charges/{charge}/refunds/{refund}", _one_of_charge, like="/v1/refunds/{refund}"),
            Operation("POST", "/v1/charges/{charge}/refunds/{refund}", _one_of_charge, like="/v1/refunds/{refund}"),
            Operation("POST", "/v1/charges/{charge}/refund", _refund_charge, like="/v1/refunds"),
        ),
    ),
    timers={"settle": _settle, "fail": _fail, "reference": _reference},
)


RESOURCES = (REFUND,)
