"""Confirmation tokens: an intent takes the payment method a token stands for, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.payment_methods import PaymentMethod


def use(unit: UnitOfWork, token_id: str, kind: str, intent_id: str | None) -> PaymentMethod:
    """Return the payment method of a token, which pays once."""
    token = unit.get(kinds.CONFIRMATION_TOKEN, token_id, "confirmation_token")
    if token["payment_intent"] or token["setup_intent"] or token.get("_used"):
        raise invalid(f"This ConfirmationToken ({token_id}) has already been used.", "confirmation_token")
    if present(token["expires_at"]) < unit.now:
        raise invalid(f"This ConfirmationToken ({token_id}) has expired.", "confirmation_token")
    unit.change(token, {kind: intent_id, "_used": True}, emits=())
    method = unit.get(kinds.PAYMENT_METHOD, token["_method"])
    if token["setup_future_usage"]:
        unit.change(method, {"_future_usage": token["setup_future_usage"]}, emits=())
    return method
