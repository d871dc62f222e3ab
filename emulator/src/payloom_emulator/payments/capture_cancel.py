"""How an intent is closed: captured, canceled, or released when it was not captured in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.schemas import facts
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import charges, descriptors
from payloom_emulator.payments.methods import cash_balances
from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import is_object, members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.intents import PaymentIntent


# What a capture or an increment may say of the payment anew.
_SAID = (
    "application_fee_amount",
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
)


def said(params: Mapping[str, object], current: Mapping[str, object] | None = None) -> dict[str, object]:
    """Return what a capture or an increment changes of the payment besides the amount. current: the payment before."""
    changes = {name: params[name] for name in _SAID if params.get(name) not in (None, "")}
    if is_object(transfer := changes.get("transfer_data")):
        changes["transfer_data"] = {**members((current or {}).get("transfer_data")), **transfer}
    for name in ("statement_descriptor", "statement_descriptor_suffix"):
        descriptors.check(changes.get(name), name)
    return changes


def capture(
    unit: UnitOfWork, intent: PaymentIntent, amount: int | None = None, changes: Mapping[str, object] | None = None
) -> PaymentIntent:
    """Take an authorised amount, or a part of it (the rest is released). changes: what the capture says anew."""
    if intent["status"] != "requires_capture":
        raise unexpected(
            intent,
            "The remaining amount on this PaymentIntent could not be captured because the remainder of the authorized amount has been released."
            if intent["status"] == "succeeded"
            else f"This PaymentIntent could not be captured because it has a status of {intent['status']}. Only a PaymentIntent with one of the following statuses may be captured: requires_capture.",
        )
    captured: int = intent["amount_capturable"] if amount is None else amount
    _check_captured(intent, captured)
    money.payable(captured, intent["currency"], "amount_to_capture")
    of_charge = {name: value for name, value in (changes or {}).items() if name in _SAID}
    charges.capture(unit, unit.get(kinds.CHARGE, intent["latest_charge"]), captured, of_charge)
    unit.unschedule("lapse", intent)
    new = {name: value for name, value in (changes or {}).items() if name in intent or name[0] == "_"}
    unit.transition(intent, "succeed", {**new, "amount_capturable": 0, "amount_received": captured})
    unit.publish(facts.INTENT_CHANGED, intent)
    return intent


def close(unit: UnitOfWork, intent: PaymentIntent, transition: str, reason: str | None) -> PaymentIntent:
    """Cancel the intent by a transition of its state machine."""
    unit.unschedule("lapse", intent)
    cash_balances.give_back(unit, intent)
    unit.transition(
        intent,
        transition,
        {"amount_capturable": 0, "canceled_at": unit.now, "cancellation_reason": reason, "next_action": None},
    )
    unit.publish(facts.INTENT_CHANGED, intent)
    return intent


def _check_captured(intent: PaymentIntent, captured: int) -> None:
    if captured > intent["amount_capturable"]:
        raise StripeError(
            "The payment could not be captured because the requested capture amount is greater than the amount you can capture for this charge.",
            code="amount_too_large",
            payment_intent=intent,
        )
    if captured < 0:
        raise StripeError("Invalid non-negative integer", param="amount_to_capture", payment_intent=intent)
    if captured < 1:
        raise StripeError(
            "This value must be greater than or equal to 1.",
            code="parameter_invalid_integer",
            param="amount",
            payment_intent=intent,
        )


def cancel(unit: UnitOfWork, intent: PaymentIntent, reason: str | None = None) -> PaymentIntent:
    """Cancel an intent that has not succeeded; an authorisation is let go."""
    machine = unit.environment.schema(intent["object"]).machine
    assert machine is not None
    if not machine.allows("cancel", intent["status"]):
        raise unexpected(
            intent,
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. Only a PaymentIntent with one of the following statuses may be canceled: requires_payment_method, requires_capture, requires_reauthorization, requires_confirmation, requires_action, expired, processing.",
        )
    authorization = unit.find(kinds.CHARGE, intent["latest_charge"]) if intent["status"] == "requires_capture" else None
    if authorization is not None:
        charges.release(unit, authorization, expired=False)
    return close(unit, intent, "cancel", reason)


def lapse(unit: UnitOfWork, intent: PaymentIntent) -> None:
    """Seven days after it was authorised, an uncaptured payment is let go."""
    if intent["status"] == "requires_capture":
        charges.release(unit, unit.get(kinds.CHARGE, intent["latest_charge"]), expired=True)
        close(unit, intent, "cancel", "automatic")


def unexpected(intent: PaymentIntent, message: str, param: str | None = None) -> StripeError:
    """Return the 400 for an intent in the wrong state; it carries the intent."""
    return StripeError(message, code="payment_intent_unexpected_state", param=param, payment_intent=intent)
