"""Transfers to connected accounts and the fees a platform keeps. https://docs.stripe.com/api/transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.core import money
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.schema import Body, Operation, Resource, fixed, given
from payloom_emulator.protocol.errors import invalid, parameter_missing
from payloom_emulator.resources import balance

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit


def make(
    unit: Unit,
    *,
    amount: int,
    currency: str,
    destination: str,
    source: str | None = None,
    group: str | None = None,
    metadata: Body | None = None,
    description: str | None = None,
) -> Body:
    """Move money from the platform's balance to a connected account's. Emits transfer.created."""
    transfer = unit.create(
        "transfer",
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
    theirs = unit.emulator.unit(destination, now=unit.now)
    income = balance.book(
        theirs,
        {"id": transfer["id"], "currency": currency},
        kind="payment",
        amount=amount,
        available=True,
        category="transfer",
    )
    theirs.change(income, {"description": f"Transfer {transfer['id']}"}, emits=())
    theirs.flush()
    return transfer


def _create(call: Call) -> Body:
    unit, params = call.unit, call.params
    code = money.currency(params["currency"])
    account = unit.get("account", params["destination"], "destination")
    if params.get("amount") is None:
        raise parameter_missing("amount")
    if params["amount"] < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    source = call.get("source_transaction")
    if source:
        unit.get("charge", source, "source_transaction")
    return make(
        unit,
        amount=params["amount"],
        currency=code,
        destination=account["id"],
        source=source,
        group=call.get("transfer_group"),
        metadata=params.get("metadata"),
        description=call.get("description"),
    )


def _reverse(call: Call) -> Body:
    transfer = call.unit.get("transfer", call.ids["id"])
    return reverse(call.unit, transfer, call.params.get("amount"), metadata=call.params.get("metadata"))


def reverse(
    unit: Unit,
    transfer: Body,
    amount: int | None = None,
    *,
    metadata: Body | None = None,
    source_refund: str | None = None,
) -> Body:
    """Take a transfer back, or a part of it."""
    left = transfer["amount"] - transfer["amount_reversed"]
    wanted = left if amount is None else amount
    if wanted > left or left == 0:
        raise invalid(
            f"Reversal amount ({money.plain(wanted, transfer['currency'])}) is greater than unreversed amount on "
            f"transfer ({money.plain(left, transfer['currency'])})",
            "amount",
        )
    booked = balance.book(unit, transfer, kind="transfer_refund", amount=wanted, available=True)
    made = unit.create(
        "transfer_reversal",
        {
            "amount": wanted,
            "balance_transaction": booked["id"],
            "currency": transfer["currency"],
            "metadata": metadata or {},
            "source_refund": source_refund,
            "transfer": transfer["id"],
        },
    )
    total = transfer["amount_reversed"] + wanted
    reversals = list_of([_plain(r) for r in unit.list("transfer_reversal", transfer=transfer["id"])], _url(transfer))
    changes = {"amount_reversed": total, "reversed": total == transfer["amount"], "reversals": reversals}
    unit.change(transfer, changes, emits=("transfer.reversed",))
    return made


def _plain(obj: Body) -> Body:
    return {k: v for k, v in obj.items() if not k.startswith("_")}


def _url(transfer: Body) -> str:
    return f"/v1/transfers/{transfer['id']}/reversals"


def _one_reversal(call: Call) -> Body:
    return call.unit.get("transfer_reversal", call.ids["reversal"])


TRANSFER = Resource(
    object="transfer",
    prefix="tr_1",
    id_length=23,
    path="/v1/transfers",
    can=("retrieve", "update", "list"),
    fields=(
        fixed("amount", 0),
        fixed("amount_reversed", 0),
        fixed("balance_transaction"),
        fixed("created"),
        fixed("currency"),
        given("description"),
        fixed("destination"),
        fixed("destination_payment"),
        fixed("livemode", False),
        given("metadata", {}),
        fixed("reversals", {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": "/v1/transfers"}),
        fixed("reversed", False),
        fixed("source_transaction"),
        fixed("source_type", "card"),
        fixed("transfer_group"),
    ),
    on_create=("transfer.created",),
    on_update=("transfer.updated",),
    filters=("destination", "transfer_group"),
    operations=(
        Operation("POST", "/v1/transfers", _create),
        Operation("POST", "/v1/transfers/{id}/reversals", _reverse),
        Operation(
            "GET", "/v1/transfers/{id}/reversals", lambda call: call.page("transfer_reversal", transfer=call.ids["id"])
        ),
        Operation("GET", "/v1/transfers/{transfer}/reversals/{reversal}", _one_reversal),
    ),
)

REVERSAL = Resource(
    object="transfer_reversal",
    prefix="trr_1",
    id_length=23,
    fields=(
        fixed("amount", 0),
        fixed("balance_transaction"),
        fixed("created"),
        fixed("currency"),
        fixed("destination_payment_refund"),
        given("metadata", {}),
        fixed("source_refund"),
        fixed("transfer"),
    ),
    filters=("transfer",),
    has_livemode=False,
)


def keep_fee(unit: Unit, charge: Body) -> Body:
    """Make the application fee of a charge on a connected account, or of a destination charge."""
    transfer_data = charge.get("transfer_data") or {}
    return unit.create(
        "application_fee",
        {
            "account": transfer_data.get("destination") or unit.account,
            "amount": charge["application_fee_amount"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "originating_transaction": charge["id"],
        },
    )


def _refund_fee(call: Call) -> Body:
    fee = call.unit.get("application_fee", call.ids["id"])
    left = fee["amount"] - fee["amount_refunded"]
    wanted = call.params.get("amount", left)
    if wanted > left or not left:
        raise invalid("The refund is more than is left of the application fee.", "amount")
    return refund_fee(call.unit, fee, wanted, metadata=call.params.get("metadata"))


def refund_fee(unit: Unit, fee: Body, amount: int, *, metadata: Body | None = None) -> Body:
    """Give back `amount` of an application fee. Emits application_fee.refunded."""
    made = unit.create(
        "fee_refund", {"amount": amount, "currency": fee["currency"], "fee": fee["id"], "metadata": metadata or {}}
    )
    total = fee["amount_refunded"] + amount
    rows = [_plain(r) for r in unit.list("fee_refund", fee=fee["id"])]
    listed = list_of(rows, f"/v1/application_fees/{fee['id']}/refunds")
    changes = {"amount_refunded": total, "refunded": total == fee["amount"], "refunds": listed}
    unit.change(fee, changes, emits=("application_fee.refunded",))
    return made


APPLICATION_FEE = Resource(
    object="application_fee",
    prefix="fee_1",
    id_length=23,
    path="/v1/application_fees",
    can=("retrieve", "list"),
    fields=(
        fixed("account"),
        fixed("amount", 0),
        fixed("amount_refunded", 0),
        fixed("application", "ca_LocalStripe00000000000000"),
        fixed("balance_transaction"),
        fixed("charge"),
        fixed("created"),
        fixed("currency"),
        fixed("fee_source"),
        fixed("livemode", False),
        fixed("originating_transaction"),
        fixed("refunded", False),
        fixed(
            "refunds",
            {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": "/v1/application_fees"},
        ),
    ),
    on_create=("application_fee.created",),
    filters=("charge",),
    operations=(
        Operation("POST", "/v1/application_fees/{id}/refunds", _refund_fee),
        Operation("GET", "/v1/application_fees/{id}/refunds", lambda call: call.page("fee_refund", fee=call.ids["id"])),
        Operation(
            "GET", "/v1/application_fees/{fee}/refunds/{id}", lambda call: call.unit.get("fee_refund", call.ids["id"])
        ),
    ),
)

FEE_REFUND = Resource(
    object="fee_refund",
    prefix="fr_1",
    id_length=23,
    fields=(
        fixed("amount", 0),
        fixed("balance_transaction"),
        fixed("created"),
        fixed("currency"),
        fixed("fee"),
        given("metadata", {}),
    ),
    filters=("fee",),
    has_livemode=False,
)

RESOURCES = (TRANSFER, REVERSAL, APPLICATION_FEE, FEE_REFUND)
