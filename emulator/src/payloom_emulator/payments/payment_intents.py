"""PaymentIntents that another object asks for, and the amounts of microdeposits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds
from payloom_emulator.payments import intent_requests, test_cards
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import texts

if TYPE_CHECKING:
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.intents import PaymentIntent, SetupIntent
    from payloom_emulator.objects.params.setup_intents import SetupIntentVerifyMicrodepositsParams
    from payloom_emulator.objects.params.shared import PaymentIntentVerifyMicrodepositsParams

    VerifyParams = PaymentIntentVerifyMicrodepositsParams | SetupIntentVerifyMicrodepositsParams

    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork


def create(
    unit: UnitOfWork,
    *,
    amount: int,
    currency: str,
    customer: str | None = None,
    payment_method: str | None = None,
    invoice: str | None = None,
    **more: object,
) -> PaymentIntent:
    """Make a PaymentIntent for another object (an invoice, a session). `more`: further fields in their newest shape."""
    values: dict[str, object] = {
        "amount": amount,
        "currency": currency,
        "customer": customer,
        "payment_method": payment_method,
        "payment_method_types": ["card"],
        "status": "requires_confirmation" if payment_method else "requires_payment_method",
        "_invoice": invoice,
        **({"capture_method": "automatic"} if invoice else {}),
        **more,
    }
    return _store(unit, values)


def _store(unit: UnitOfWork, values: JsonMapping) -> PaymentIntent:
    intent_id, secret = intent_requests.identity(unit)
    options = intent_requests.default_options(texts(values["payment_method_types"]))
    fields = {"id": intent_id, "client_secret": secret, "payment_method_options": options, **values}
    return unit.create(kinds.PAYMENT_INTENT, fields)


def not_waiting(intent: PaymentIntent | SetupIntent, noun: str) -> StripeError:
    """Return the 400 for an intent that waits for no deposits; it carries the intent. noun: its kind in messages."""
    error = StripeError(
        f'This {noun} cannot be actioned on because it has a status of {intent["status"]}. Only a {noun} with one of the following statuses may be actioned on: ["requires_action"].',
        code="intent_invalid_state",
    )
    error.more[intent["object"]] = intent
    return error


def check_microdeposits(call: RequestContext[VerifyParams]) -> None:
    """Raise unless the amounts or the descriptor code are those of the test deposits."""
    amounts, code = test_cards.MICRODEPOSITS
    if (
        call.params.get("amounts") in (list(amounts), list(reversed(amounts)))
        or call.params.get("descriptor_code") == code
    ):
        return
    raise invalid(
        "The amounts provided do not match the amounts that were sent to the bank account.",
        "amounts",
        "payment_method_microdeposit_verification_amounts_mismatch",
    )
