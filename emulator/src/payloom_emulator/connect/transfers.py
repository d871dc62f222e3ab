"""Transfers and application fees: how platforms and connected accounts share a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core.differences import public_fields
from payloom_emulator.core.paging import list_of
from payloom_emulator.kit.present import present
from payloom_emulator.ledger import balance, money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.accounts import ApplicationFee, ApplicationFeeRefund, Transfer, TransferReversal
    from payloom_emulator.objects.charges import Charge


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
    application_fee: int = 0,
    source_type: str = "card",
) -> Transfer:
    """Move money from the platform's balance to a connected account's. Emits transfer.created.

    application_fee: the part of it that goes back to the platform at once.
    """
    transfer = unit.create(
        kinds.TRANSFER,
        {
            "amount": amount,
            "currency": currency,
            "description": description,
            "destination": destination,
            "metadata": metadata or {},
            "source_transaction": source,
            "source_type": source_type,
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
        application_fee=application_fee,
    )
    recipient.change(income, {"description": f"Transfer {transfer['id']}"}, emits=())
    recipient.flush()
    return transfer


def check_source(unit: UnitOfWork, charge: Charge, amount: int) -> None:
    """Raise Stripe's 400 for a transfer of more than a charge brought, or of one that failed."""
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(f"Charge {charge['id']} was not successful and cannot be transferred.", "source_transaction")
    before = unit.list(kinds.TRANSFER, source_transaction=charge["id"])
    sent = sum(t["amount"] - t["amount_reversed"] for t in before)
    if amount + sent > charge["amount"]:
        code = charge["currency"]
        there = "is already an existing transfer" if len(before) == 1 else "are already existing transfers"
        already = f" (There {there} using this source, totalling {money.plain(sent, code)}.)" if before else ""
        raise invalid(
            f"Transfers using this transaction as a source must not exceed the source amount of {money.plain(charge['amount'], code)}.{already}",
            "amount",
        )


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
    _book_at(
        unit,
        present(transfer["destination"]),
        transfer,
        kind="payment_refund",
        amount=-reversed_amount,
        description=f"Reversal of transfer {transfer['id']}",
    )
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
    changes = {
        "amount_reversed": total,
        "reversed": total == transfer["amount"],
        "reversals": _reversals(unit, transfer),
    }
    unit.change(transfer, changes, emits=("transfer.reversed",))
    return reversal


def _reversals(unit: UnitOfWork, transfer: Transfer) -> JsonMapping:
    rows = [public_fields(r) for r in unit.list(kinds.TRANSFER_REVERSAL, transfer=transfer["id"])]
    return list_of(rows, f"/v1/transfers/{transfer['id']}/reversals")


def show_reversals(unit: UnitOfWork, transfer: Transfer) -> None:
    """Write the list of reversals that a transfer shows."""
    unit.change(transfer, {"reversals": _reversals(unit, transfer)}, emits=())


def _refunds(unit: UnitOfWork, fee: ApplicationFee) -> JsonMapping:
    rows = [public_fields(r) for r in unit.list(kinds.FEE_REFUND, fee=fee["id"])]
    return list_of(rows, f"/v1/application_fees/{fee['id']}/refunds")


def show_refunds(unit: UnitOfWork, fee: ApplicationFee) -> None:
    """Write the list of refunds that an application fee shows."""
    unit.change(fee, {"refunds": _refunds(unit, fee)}, emits=())


def keep_fee(unit: UnitOfWork, charge: Charge) -> ApplicationFee:
    """Make the application fee of a charge on a connected account, or of a destination charge.

    It is the platform's. A charge on a connected account shows it, too, so that account finds it by its id.
    """
    transfer_data = charge.get("transfer_data") or {}
    platform = _platform(unit)
    fee = platform.create(
        kinds.APPLICATION_FEE,
        {
            "account": transfer_data.get("destination") or unit.account,
            "amount": charge["application_fee_amount"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "originating_transaction": charge["id"],
        },
    )
    booked = balance.book(
        platform, fee, kind="application_fee", amount=fee["amount"], available=True, category="platform_earning"
    )
    platform.change(fee, {"balance_transaction": booked["id"]}, emits=())
    if platform is not unit:
        unit.create(kinds.APPLICATION_FEE, dict(fee), emits=())
        platform.flush()
    return fee


def _platform(unit: UnitOfWork) -> UnitOfWork:
    home = unit.environment.config.account
    return unit if unit.account == home else unit.at(home)


def _book_at(
    unit: UnitOfWork, account: str, source: Mapping[str, object], *, kind: str, amount: int, description: str
) -> None:
    """Book what comes to a connected account, or goes from it, because of something of the platform's."""
    connected = unit if unit.account == account else unit.at(account)
    named = {"id": source["id"], "currency": source["currency"]}
    balance.book(connected, named, kind=kind, amount=amount, available=True, description=description)
    if connected is not unit:
        connected.flush()


def refund_fee(
    unit: UnitOfWork, fee_id: str, amount: int, *, metadata: JsonMapping | None = None
) -> ApplicationFeeRefund:
    """Give back `amount` of an application fee, from the platform's balance to the account's.

    Emits application_fee.refunded.
    """
    platform = _platform(unit)
    fee = platform.get(kinds.APPLICATION_FEE, fee_id)
    source = {"id": fee["id"], "currency": fee["currency"]}
    booked = balance.book(
        platform,
        source,
        kind="application_fee_refund",
        amount=-amount,
        available=True,
        category="platform_earning_refund",
    )
    fee_refund = platform.create(
        kinds.FEE_REFUND,
        {
            "amount": amount,
            "balance_transaction": booked["id"],
            "currency": fee["currency"],
            "fee": fee["id"],
            "metadata": metadata or {},
        },
    )
    total = fee["amount_refunded"] + amount
    changes = {"amount_refunded": total, "refunded": total == fee["amount"], "refunds": _refunds(platform, fee)}
    platform.change(fee, changes, emits=("application_fee.refunded",))
    text = f"Refund of application fee {fee['id']}"
    _book_at(unit, fee["account"], source, kind="application_fee_refund", amount=amount, description=text)
    if platform is not unit:
        unit.change(unit.get(kinds.APPLICATION_FEE, fee_id), changes, emits=())
        platform.flush()
    return fee_refund
