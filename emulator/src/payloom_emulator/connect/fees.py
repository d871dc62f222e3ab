"""What a platform may keep of a payment, and what of an invoice goes to whom."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import integer, members, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork

_NOBODY = {
    "application_fee": "Can only apply an application_fee when the request is made on behalf of another account (using an OAuth key, the Stripe-Account header, or the destination parameter).",
    "payment_intent": "Can only apply an application_fee_amount when the PaymentIntent is attempting a direct payment (using an OAuth key or Stripe-Account header) or destination payment (using `transfer_data[destination]`).",
}


def check(
    unit: UnitOfWork, fee: object, transfer_data: object, *, param: str, payment: str = "application_fee"
) -> None:
    """Refuse a fee that no connected account is there to pay, and a transfer to an account that does not exist."""
    destination = text(members(transfer_data).get("destination"))
    if destination:
        unit.get(kinds.ACCOUNT, destination, "transfer_data[destination]")
    if fee not in (None, "") and not destination and unit.account == unit.environment.config.account:
        raise invalid(_NOBODY[payment].replace("an application_fee ", f"an {param} "), param)


def shared(
    invoice: Mapping[str, object], subscription: Mapping[str, object], amount: int, *, connected: bool
) -> dict[str, object]:
    """Return what the payment of an invoice says of fee, transfer and account; the invoice's own words win.

    amount: what is to be paid. connected: the invoice is a connected account's.
    """
    parts: dict[str, object] = {}
    transfer = members(invoice.get("_transfer_data")) or members(subscription.get("transfer_data"))
    if destination := text(transfer.get("destination")):
        parts["transfer_data"] = {"destination": destination}
        sent_value, percent = integer(transfer.get("amount")), transfer.get("amount_percent")
        part = sent_value if sent_value is not None else _part(amount, percent, down=True)
        if part is not None:
            parts["transfer_data"] = {"amount": part, "destination": destination}
    if owner := text(invoice.get("on_behalf_of")) or text(subscription.get("on_behalf_of")):
        parts["on_behalf_of"] = owner
    fee = integer(invoice.get("_application_fee_amount"))
    if fee is None:
        fee = _part(amount, subscription.get("application_fee_percent"))
    if fee and (destination or connected):
        parts["application_fee_amount"] = min(fee, amount)
    return parts


def _part(amount: int, percent: object, *, down: bool = False) -> int | None:
    if percent in (None, ""):
        return None
    part = Decimal(amount) * Decimal(str(percent)) / 100
    return int(part.quantize(Decimal(1), ROUND_FLOOR if down else ROUND_HALF_UP))
