"""Transfers and application fees: how platforms and connected accounts share a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.differences import public_fields
from payloom_emulator.core.paging import list_of
from payloom_emulator.ledger import balance, money
from payloom_emulator.objects import kinds
from payloom_emulator.objects.accounts import ApplicationFee, ApplicationFeeRefund, Transfer, TransferReversal
from payloom_emulator.objects.charges import Charge
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping


def make(
    unit: UnitOfWork,
    *,
    amount: int,
    currency: str,
    destination: str,
    source: str | None = None,
    group: str | None = None,
    metadata: JsonMapping | None = None,
    description: str | None = None,
) -> Transfer:
    """Move money from the platform's balance to a connected account's. Emits transfer.created."""
    transfer = unit.create(
        kinds.TRANSFER,
        {
            "amount": amount,
            "currency": currency,
            "description": description,
            "destination": destination,
            "metadata": metadata or {},
            "source_transaction": source,
            "transfer_group": group,
        },
    )
    booked = balance.book(unit, transfer, kind="transfer", amount=-amount, available=True)
    unit.change(transfer, {"balance_transaction": booked["id"]}, emits=())
    recipient = unit.at(destination)
    income = balance.book(
        recipient,
        {"id": transfer["id"], "currency": currency},
        kind="payment",
        amount=amount,
        available=True,
        category="transfer",
    )
    recipient.change(income, {"description": f"Transfer {transfer['id']}"}, emits=())
    recipient.flush()
    return transfer


def reverse(
    unit: UnitOfWork,
    transfer: Transfer,
    amount: int | None = None,
    *,
    metadata: JsonMapping | None = None,
    source_refund: str | None = None,
) -> TransferReversal:
    """Take a transfer back, or a part of it."""
    left = transfer["amount"] - transfer["amount_reversed"]
    reversed_amount = left if amount is None else amount
    if reversed_amount > left or left == 0:
        raise invalid(
            f"Reversal amount ({money.plain(reversed_amount, transfer['currency'])}) is greater than unreversed amount on transfer ({money.plain(left, transfer['currency'])})",
            "amount",
        )
    booked = balance.book(unit, transfer, kind="transfer_refund", amount=reversed_amount, available=True)
    reversal = unit.create(
        kinds.TRANSFER_REVERSAL,
        {
            "amount": reversed_amount,
            "balance_transaction": booked["id"],
            "currency": transfer["currency"],
            "metadata": metadata or {},
            "source_refund": source_refund,
            "transfer": transfer["id"],
        },
    )
    total = transfer["amount_reversed"] + reversed_amount
    reversals = list_of(
        [public_fields(r) for r in unit.list(kinds.TRANSFER_REVERSAL, transfer=transfer["id"])], _url(transfer)
    )
    changes = {"amount_reversed": total, "reversed": total == transfer["amount"], "reversals": reversals}
    unit.change(transfer, changes, emits=("transfer.reversed",))
    return reversal


def _url(transfer: Transfer) -> str:
    return f"/v1/transfers/{transfer['id']}/reversals"


def keep_fee(unit: UnitOfWork, charge: Charge) -> ApplicationFee:
    """Make the application fee of a charge on a connected account, or of a destination charge."""
    transfer_data = charge.get("transfer_data") or {}
    return unit.create(
        kinds.APPLICATION_FEE,
        {
            "account": transfer_data.get("destination") or unit.account,
            "amount": charge["application_fee_amount"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "originating_transaction": charge["id"],
        },
    )


def refund_fee(
    unit: UnitOfWork, fee: ApplicationFee, amount: int, *, metadata: JsonMapping | None = None
) -> ApplicationFeeRefund:
    """Give back `amount` of an application fee. Emits application_fee.refunded."""
    fee_refund = unit.create(
        kinds.FEE_REFUND, {"amount": amount, "currency": fee["currency"], "fee": fee["id"], "metadata": metadata or {}}
    )
    total = fee["amount_refunded"] + amount
    rows = [public_fields(r) for r in unit.list(kinds.FEE_REFUND, fee=fee["id"])]
    listed = list_of(rows, f"/v1/application_fees/{fee['id']}/refunds")
    changes = {"amount_refunded": total, "refunded": total == fee["amount"], "refunds": listed}
    unit.change(fee, changes, emits=("application_fee.refunded",))
    return fee_refund
