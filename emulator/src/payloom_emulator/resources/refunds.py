"""Refunds: money back. https://docs.stripe.com/api/refunds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import money
from payloom_emulator.core.schema import Body, Machine, Move, Operation, Resource, fixed, given
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.metadata import merge as merge_metadata
from payloom_emulator.resources import balance, charges, payment_methods, transfers

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit

_SETTLES_AFTER = 2
_CHANGED = ("refund.updated", "charge.refund.updated")


def _charge_of(call: Call) -> Body:
    unit = call.unit
    if call.get("charge"):
        return unit.get("charge", call.params["charge"], "charge")
    if not call.get("payment_intent"):
        raise invalid(
            "One of the following params should be provided for this request: payment_intent or charge.",
            "payment_intent",
            "parameter_missing",
        )
    intent = unit.get("payment_intent", call.params["payment_intent"], "payment_intent")
    charge = unit.find("charge", intent["latest_charge"])
    if charge is None or charge["status"] == "failed":
        raise invalid(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            "payment_intent",
            "payment_intent_unexpected_state" if intent["status"] == "requires_capture" else None,
        )
    return charge


def _create(call: Call) -> Body:
    charge = _charge_of(call)
    call.unit.follow(charge)
    refund = issue(
        call.unit,
        charge,
        amount=call.params.get("amount"),
        reason=call.get("reason"),
        metadata=merge_metadata({}, call.params.get("metadata") or {}),
        instructions_email=call.get("instructions_email"),
    )
    _take_back(call, charge, refund)
    return refund


def _take_back(call: Call, charge: Body, refund: Body) -> None:
    """On a Connect charge, take back the account's part and give back the fee, in proportion, when asked to."""
    unit, part = call.unit, refund["amount"]
    if call.params.get("reverse_transfer"):
        transfer = unit.find("transfer", charge.get("transfer"))
        if transfer is None:
            raise invalid("This charge has no transfer to reverse.", "reverse_transfer")
        amount = min(transfer["amount"] * part // charge["amount"], transfer["amount"] - transfer["amount_reversed"])
        reversal = transfers.reverse(unit, transfer, amount, source_refund=refund["id"])
        unit.change(refund, {"transfer_reversal": reversal["id"]}, emits=())
    if call.params.get("refund_application_fee"):
        fee = unit.find("application_fee", charge.get("application_fee"))
        if fee is None:
            raise invalid("This charge has no application fee to refund.", "refund_application_fee")
        amount = min(fee["amount"] * part // charge["amount"], fee["amount"] - fee["amount_refunded"])
        if amount:
            transfers.refund_fee(unit, fee, amount)


def issue(
    unit: Unit,
    charge: Body,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: Body | None = None,
    instructions_email: str | None = None,
) -> Body:
    """Refund a charge, all that is left of it by default. Raises Stripe's 400s."""
    left = charge["amount"] - charge["amount_refunded"]
    if charge["status"] == "failed" or not (charge["paid"] or charge["status"] == "pending"):
        raise invalid(f"Charge {charge['id']} was not successful and cannot be refunded.", code="charge_not_refundable")
    if charge["refunded"] or left <= 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if charge["disputed"] and not _refundable_dispute(unit, charge):
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if amount is not None and amount < 1:
        raise invalid("Invalid positive integer", "amount", "parameter_invalid_integer")
    wanted = left if amount is None else amount
    if wanted > left:
        rest = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        code = charge["currency"]
        raise invalid(
            f"Refund amount ({money.plain(wanted, code)}) is greater than {rest} ({money.plain(left, code)})", "amount"
        )
    if not charge["captured"]:
        return _release(unit, charge, wanted, reason, metadata)
    return _give_back(unit, charge, wanted, reason=reason, metadata=metadata, email=instructions_email)


def _refundable_dispute(unit: Unit, charge: Body) -> bool:
    return any(d["is_charge_refundable"] or d["status"] == "won" for d in unit.list("dispute", charge=charge["id"]))


def _release(unit: Unit, charge: Body, amount: int, reason: str | None, metadata: Body | None) -> Body:
    from payloom_emulator.resources import payment_intents  # noqa: PLC0415 - intents know refunds only through here

    if amount != charge["amount"]:
        raise invalid("You cannot partially refund a charge that was not captured.", "amount")
    refund = unit.create(
        "refund", _values(charge, amount, reason=reason, metadata=metadata, status="succeeded"), emits=("refund.created",)
    )
    intent = unit.find("payment_intent", charge["payment_intent"])
    charges.release(unit, charge, expired=False)
    if intent is not None and intent["status"] == "requires_capture":
        payment_intents.close(unit, intent, "cancel", None)
    return refund


def _values(charge: Body, amount: int, *, reason: str | None, metadata: Body | None, status: str) -> Body:
    kind = charge["payment_method_details"]["type"]
    member: Body = (
        {"card": {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}}
        if kind == "card"
        else {kind: {}}
    )
    return {
        "amount": amount,
        "charge": charge["id"],
        "currency": charge["currency"],
        "destination_details": {**member, "type": kind},
        "metadata": metadata or {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": status,
    }


def _give_back(
    unit: Unit, charge: Body, amount: int, *, reason: str | None, metadata: Body | None, email: str | None
) -> Body:
    method = unit.any(charge["payment_method"]) or {}
    card = payment_methods.card_of(method) if method.get("type") == "card" else None
    pending = (card is not None and card.refund == "pending") or card is None
    values = _values(charge, amount, reason=reason, metadata=metadata, status="pending" if pending else "succeeded")
    if pending:
        values["pending_reason"] = "processing" if charge["paid"] else "charge_pending"
    values["instructions_email"] = email
    charges.booked(unit, charge)
    refund_id = unit.emulator.ids.new("re_3" if method.get("type") == "card" else "pyr_1", 23)
    transaction = balance.book(
        unit,
        {"id": refund_id, "currency": charge["currency"]},
        kind="refund" if card else "payment_refund",
        amount=-amount,
        available=True,
        description="REFUND FOR CHARGE" + (f" ({charge['description']})" if charge["description"] else ""),
    )
    refund = unit.create(
        "refund", {**values, "id": refund_id, "balance_transaction": transaction["id"]}, emits=("refund.created",)
    )
    refunded = charge["amount_refunded"] + amount
    unit.change(
        charge, {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}, emits=("charge.refunded",)
    )
    if pending:
        unit.soon("settle", refund, _SETTLES_AFTER)
    elif card is not None and card.refund == "failed":
        unit.soon("fail", refund, _SETTLES_AFTER)
    else:
        unit.soon("reference", refund, 1)
    return refund


def _reference(unit: Unit, refund: Body) -> None:
    details = refund["destination_details"]
    card = {**details["card"], "reference": "1" + refund["id"][-10:].upper(), "reference_status": "available"}
    unit.change(refund, {"destination_details": {**details, "card": card}}, emits=_CHANGED)


def _settle(unit: Unit, refund: Body) -> None:
    if refund["status"] == "pending":
        unit.move(refund, "settle", {"pending_reason": None})


def _fail(unit: Unit, refund: Body) -> None:
    if refund["status"] not in {"pending", "succeeded", "requires_action"}:
        return
    charge = unit.get("charge", refund["charge"])
    back = balance.book(
        unit, refund, kind="refund_failure", amount=refund["amount"], available=True, description="REFUND FAILURE"
    )
    unit.move(
        refund,
        "fail",
        {
            "failure_reason": "expired_or_canceled_card",
            "failure_balance_transaction": back["id"],
            "pending_reason": None,
        },
    )
    unit.change(charge, {"amount_refunded": charge["amount_refunded"] - refund["amount"], "refunded": False})


def _cancel(call: Call) -> Body:
    refund = call.target
    if refund["status"] != "requires_action":
        raise StripeError(
            f"This refund cannot be canceled because it has a status of {refund['status']}. Only refunds "
            "with a status "
            "of requires_action can be canceled.",
            code="refund_not_cancelable",
        )
    return call.unit.move(refund, "cancel")


def _of_charge(call: Call) -> Body:
    charge = call.unit.get("charge", call.ids["charge"])
    return call.page("refund", charge=charge["id"])


def _create_on_charge(call: Call) -> Body:
    call.params["charge"] = call.ids["charge"]
    return _create(call)


REFUND = Resource(
    object="refund",
    prefix="re_3",
    id_length=23,
    path="/v1/refunds",
    can=("retrieve", "update", "list"),
    fields=(
        fixed("amount", 0),
        fixed("balance_transaction"),
        fixed("charge"),
        fixed("created"),
        fixed("currency"),
        fixed("destination_details"),
        given("metadata", {}),
        fixed("payment_intent"),
        fixed("reason"),
        fixed("receipt_number"),
        fixed("source_transfer_reversal"),
        fixed("status", "succeeded"),
        fixed("transfer_reversal"),
    ),
    machine=Machine(
        initial=("pending", "requires_action", "succeeded"),
        moves=(
            Move("settle", {"pending", "requires_action"}, "succeeded", _CHANGED),
            Move("fail", {"pending", "requires_action", "succeeded"}, "failed", (*_CHANGED, "refund.failed")),
            Move("cancel", {"requires_action"}, "canceled", _CHANGED),
        ),
        terminal={"failed", "canceled"},
    ),
    on_update=_CHANGED,
    actions={"cancel": _cancel},
    filters=("charge", "payment_intent"),
    has_livemode=False,
    operations=(
        Operation("POST", "/v1/refunds", _create),
        Operation("GET", "/v1/charges/{charge}/refunds", _of_charge),
        Operation("POST", "/v1/charges/{charge}/refunds", _create_on_charge),
    ),
    timers={"settle": _settle, "fail": _fail, "reference": _reference},
)

RESOURCES = (REFUND,)
