"""Refunds: giving back all or a part of a charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.kit.present import present
from payloom_emulator.ledger import balance, money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import capture_cancel, charges, early_fraud_warnings
from payloom_emulator.payments.methods import cash_balances
from payloom_emulator.protocol.errors import below_one, invalid, parameter_missing

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.charges import Charge, Refund
    from payloom_emulator.protocol.errors import StripeError

_SETTLES_AFTER = 2
# Methods that cannot take money back: the customer is asked for an account.
_ASK_FOR_AN_ACCOUNT = frozenset({"konbini", "promptpay"})
_ASKED_FOR = 45 * 86400


def ask_for_account(unit: UnitOfWork, email: str) -> dict[str, object]:
    """Return the `next_action` of a refund whose customer was mailed for an account."""
    details = {"email_sent": {"email_sent_at": unit.now, "email_sent_to": email}, "expires_at": unit.now + _ASKED_FOR}
    return {"display_details": details, "type": "display_details"}


def nothing_paid(intent_id: str) -> StripeError:
    """Return the 400 for a PaymentIntent that has nothing to refund."""
    return invalid(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")


def issue(
    unit: UnitOfWork,
    charge: Charge,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: JsonMapping | None = None,
    instructions_email: str | None = None,
) -> Refund:
    """Refund a charge, all that is left of it by default. Raises Stripe's 400s."""
    left = charge["amount"] - charge["amount_refunded"]
    if charge["status"] == "failed" or not (charge["paid"] or charge["status"] == "pending"):
        if charge["payment_intent"]:
            raise nothing_paid(charge["payment_intent"])
        raise invalid(f"Charge {charge['id']} was not successful and cannot be refunded.", code="charge_not_refundable")
    if charge["refunded"] or left <= 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if charge["disputed"] and not _refundable_dispute(unit, charge):
        raise invalid(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    if amount is not None and amount < 1:
        raise below_one("amount")
    refunded = left if amount is None else amount
    if refunded > left:
        rest = "unrefunded amount on charge" if charge["amount_refunded"] else "charge amount"
        code = charge["currency"]
        raise invalid(
            f"Refund amount ({money.plain(refunded, code)}) is greater than {rest} ({money.plain(left, code)})",
            "amount",
        )
    if not charge["captured"] and charge["payment_intent"]:
        raise invalid(
            f"This uncaptured Charge was created by a PaymentIntent ({charge['payment_intent']}). You must cancel the PaymentIntent to reverse the authorization instead of refunding the Charge directly. For more information, see https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
    money.payable(refunded, charge["currency"])
    if not charge["captured"]:
        return _release(unit, charge, refunded, reason, metadata)
    return _give_back(unit, charge, refunded, reason=reason, metadata=metadata, email=instructions_email)


def _refundable_dispute(unit: UnitOfWork, charge: Charge) -> bool:
    return any(d["is_charge_refundable"] or d["status"] == "won" for d in unit.list(kinds.DISPUTE, charge=charge["id"]))


def _release(unit: UnitOfWork, charge: Charge, amount: int, reason: str | None, metadata: JsonMapping | None) -> Refund:

    if amount != charge["amount"]:
        raise invalid("You cannot partially refund a charge that was not captured.", "amount")
    refund = unit.create(
        kinds.REFUND,
        _values(charge, amount, reason=reason, metadata=metadata, status="succeeded"),
        emits=("refund.created",),
    )
    intent = unit.find(kinds.PAYMENT_INTENT, charge["payment_intent"])
    charges.release(unit, charge, expired=False)
    if intent is not None and intent["status"] == "requires_capture":
        capture_cancel.close(unit, intent, "cancel", None)
    return refund


def _values(
    charge: Charge, amount: int, *, reason: str | None, metadata: JsonMapping | None, status: str
) -> dict[str, object]:
    kind = present(charge["payment_method_details"])["type"]
    member: dict[str, object] = (
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


def _available_on(unit: UnitOfWork, charge: Charge) -> int:
    """Return when a refund's money leaves: with the money of its charge, or at once when that is there."""
    transaction = unit.find(kinds.BALANCE_TRANSACTION, charge["balance_transaction"])
    return transaction["available_on"] if transaction is not None else unit.now


def _give_back(
    unit: UnitOfWork,
    charge: Charge,
    amount: int,
    *,
    reason: str | None,
    metadata: JsonMapping | None,
    email: str | None,
) -> Refund:
    card = charges.card_used(unit, charge)
    kind = present(charge["payment_method_details"])["type"]
    asks = kind in _ASK_FOR_AN_ACCOUNT
    if asks and not email:
        raise parameter_missing("instructions_email")
    pending = not asks and kind != "customer_balance" and (card is None or card.refund == "pending")
    status = "requires_action" if asks else "pending" if pending else "succeeded"
    values = _values(charge, amount, reason=reason, metadata=metadata, status=status)
    if asks:
        values["next_action"] = ask_for_account(unit, present(email))
    if pending:
        values["pending_reason"] = "processing" if charge["paid"] else "charge_pending"
    values["instructions_email"] = email
    charges.booked(unit, charge)
    refund_id = unit.environment.ids.new("re_3" if card is not None else "pyr_1", 23)
    transaction = balance.book(
        unit,
        {"id": refund_id, "currency": charge["currency"]},
        kind="refund" if card else "payment_refund",
        amount=-amount,
        available_on=_available_on(unit, charge),
        description="REFUND FOR CHARGE" + (f" ({charge['description']})" if charge["description"] else ""),
    )
    refund = unit.create(
        kinds.REFUND, {**values, "id": refund_id, "balance_transaction": transaction["id"]}, emits=("refund.created",)
    )
    refunded = charge["amount_refunded"] + amount
    unit.change(
        charge, {"amount_refunded": refunded, "refunded": refunded == charge["amount"]}, emits=("charge.refunded",)
    )
    early_fraud_warnings.charge_changed(unit, charge)
    if kind == "customer_balance" and charge["customer"]:
        refunded_from = {"refund": refund["id"]}
        row = "refunded_from_payment"
        cash_balances.add(
            unit, charge["customer"], charge["currency"], amount, row, refunded_from_payment=refunded_from
        )
    if asks:
        return refund
    if pending:
        unit.schedule_real_time("settle", refund, _SETTLES_AFTER)
    elif card is not None and card.refund == "failed":
        unit.schedule_real_time("fail", refund, _SETTLES_AFTER)
    else:
        unit.schedule_real_time("reference", refund, 1)
    return refund
