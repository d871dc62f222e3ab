"""Transfers to connected accounts and the fees a platform keeps. https://docs.stripe.com/api/transfers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.connect import transfers
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided, required
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.ledger import balance, money
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import below_one, invalid, missing
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.accounts import ApplicationFeeRefund, Transfer, TransferReversal
    from payloom_emulator.objects.params.application_fees import ApplicationFeeRefundCreateParams
    from payloom_emulator.objects.params.shared import ApplicationFeeRefundUpdateParams
    from payloom_emulator.objects.params.transfers import (
        TransferCreateParams,
        TransferReversalCreateParams,
        TransferReversalUpdateParams,
    )


def _create(call: RequestContext[TransferCreateParams]) -> Transfer:
    unit, params = call.unit, call.params
    code = money.currency(params["currency"])
    account = unit.get(kinds.ACCOUNT, params["destination"], "destination")
    amount = required(params.get("amount"), "amount")
    if amount < 1:
        raise below_one("amount")
    source, group = provided(call.params.get("source_transaction")), provided(call.params.get("transfer_group"))
    if source:
        charge = unit.get(kinds.CHARGE, source, "source_transaction")
        transfers.check_source(unit, charge, amount)
        group = group or charge["transfer_group"] or f"group_{charge['payment_intent'] or charge['id']}"
    elif not balance.covers(unit, code, amount):
        raise invalid(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your available balance by creating Charges using the 4000000000000077 test card. See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )
    return transfers.make(
        unit,
        amount=amount,
        currency=code,
        destination=account["id"],
        source=source,
        group=group,
        metadata=params.get("metadata"),
        description=provided(call.params.get("description")),
        source_type=params.get("source_type", "card"),
    )


def _reverse(call: RequestContext[TransferReversalCreateParams]) -> TransferReversal:
    unit, params = call.unit, call.params
    transfer = unit.get(kinds.TRANSFER, call.ids["id"])
    left = transfer["amount"] - transfer["amount_reversed"]
    reversal = transfers.reverse(unit, transfer, params.get("amount"), metadata=params.get("metadata") or None)
    if text := provided(params.get("description")):
        unit.change(transfer, {"description": text}, emits=())
    if params.get("refund_application_fee"):
        _give_fee_back(unit, transfer, reversal["amount"], left)
    return reversal


def _give_fee_back(unit: UnitOfWork, transfer: Transfer, amount: int, left: int) -> None:
    """Refund the share of the application fee that belongs to the reversed part, in minor units."""
    charge = unit.find(kinds.CHARGE, transfer["source_transaction"])
    fee = unit.find(kinds.APPLICATION_FEE, charge["application_fee"] if charge else None)
    if fee is None:
        raise invalid("This transfer has no application fee to refund.", "refund_application_fee")
    rest = fee["amount"] - fee["amount_refunded"]
    share = rest if amount == left else rest * amount // left
    if share:
        transfers.refund_fee(unit, fee["id"], share)


def _one_reversal(call: RequestContext[Params]) -> TransferReversal:
    reversal = call.unit.get(kinds.TRANSFER_REVERSAL, call.ids["id"])
    if reversal["transfer"] != call.ids["transfer"]:
        raise missing("transfer_reversal", call.ids["id"])
    return reversal


def _update_reversal(call: RequestContext[TransferReversalUpdateParams]) -> TransferReversal:
    reversal = _one_reversal(call)
    if "metadata" in call.params:
        metadata = merge_metadata(reversal["metadata"], call.params["metadata"])
        call.unit.change(reversal, {"metadata": metadata})
        transfers.show_reversals(call.unit, call.unit.get(kinds.TRANSFER, reversal["transfer"]))
    return reversal


def _one_fee_refund(call: RequestContext[Params]) -> ApplicationFeeRefund:
    refund = call.unit.get(kinds.FEE_REFUND, call.ids["id"])
    if refund["fee"] != call.ids["fee"]:
        raise missing("fee_refund", call.ids["id"])
    return refund


def _update_fee_refund(call: RequestContext[ApplicationFeeRefundUpdateParams]) -> ApplicationFeeRefund:
    refund = _one_fee_refund(call)
    if "metadata" in call.params:
        call.unit.change(refund, {"metadata": merge_metadata(refund["metadata"], call.params["metadata"])})
        transfers.show_refunds(call.unit, call.unit.get(kinds.APPLICATION_FEE, refund["fee"]))
        call.unit.emit("application_fee.refund.updated", refund)
    return refund


def _refund_fee(call: RequestContext[ApplicationFeeRefundCreateParams]) -> Mapping[str, object]:
    fee = call.unit.get(kinds.APPLICATION_FEE, call.ids["id"])
    left = fee["amount"] - fee["amount_refunded"]
    amount = call.params.get("amount", left)
    if amount > left or not left:
        raise invalid("The refund is more than is left of the application fee.", "amount")
    return transfers.refund_fee(call.unit, fee["id"], amount, metadata=call.params.get("metadata"))


TRANSFER = Resource(
    schema=Schema(
        object="transfer",
        prefix="tr_1",
        id_length=23,
        path="/v1/transfers",
        fields=(
            read_only("amount", 0),
            read_only("amount_reversed", 0),
            read_only("balance_transaction"),
            read_only("created"),
            read_only("currency"),
            settable("description"),
            read_only("destination"),
            read_only("destination_payment"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only(
                "reversals", {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": "/v1/transfers"}
            ),
            read_only("reversed", False),
            read_only("source_transaction"),
            read_only("source_type", "card"),
            read_only("transfer_group"),
        ),
        on_create=("transfer.created",),
        on_update=("transfer.updated",),
        filters=("destination", "source_transaction", "transfer_group"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list"),
        operations=(
            Operation("POST", "/v1/transfers", _create),
            Operation("POST", "/v1/transfers/{id}/reversals", _reverse),
            Operation(
                "GET",
                "/v1/transfers/{id}/reversals",
                lambda call: call.page(kinds.TRANSFER_REVERSAL, transfer=call.ids["id"]),
            ),
            Operation("GET", "/v1/transfers/{transfer}/reversals/{id}", _one_reversal),
            Operation("POST", "/v1/transfers/{transfer}/reversals/{id}", _update_reversal),
        ),
    ),
)


REVERSAL = Resource(
    schema=Schema(
        object="transfer_reversal",
        prefix="trr_1",
        id_length=23,
        fields=(
            read_only("amount", 0),
            read_only("balance_transaction"),
            read_only("created"),
            read_only("currency"),
            read_only("destination_payment_refund"),
            settable("metadata", {}),
            read_only("source_refund"),
            read_only("transfer"),
        ),
        filters=("transfer",),
        has_livemode=False,
    ),
)


APPLICATION_FEE = Resource(
    schema=Schema(
        object="application_fee",
        prefix="fee_1",
        id_length=23,
        path="/v1/application_fees",
        fields=(
            read_only("account"),
            read_only("amount", 0),
            read_only("amount_refunded", 0),
            read_only("application", "ca_LocalStripe00000000000000"),
            read_only("balance_transaction"),
            read_only("charge"),
            read_only("created"),
            read_only("currency"),
            read_only("fee_source"),
            read_only("livemode", False),
            read_only("originating_transaction"),
            read_only("refunded", False),
            read_only(
                "refunds",
                {"object": "list", "data": [], "has_more": False, "total_count": 0, "url": "/v1/application_fees"},
            ),
        ),
        on_create=("application_fee.created",),
        filters=("charge",),
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"),
        operations=(
            Operation("POST", "/v1/application_fees/{id}/refunds", _refund_fee),
            Operation(
                "GET", "/v1/application_fees/{id}/refunds", lambda call: call.page(kinds.FEE_REFUND, fee=call.ids["id"])
            ),
            Operation("GET", "/v1/application_fees/{fee}/refunds/{id}", _one_fee_refund),
            Operation("POST", "/v1/application_fees/{fee}/refunds/{id}", _update_fee_refund),
        ),
    ),
)


FEE_REFUND = Resource(
    schema=Schema(
        object="fee_refund",
        prefix="fr_1",
        id_length=23,
        fields=(
            read_only("amount", 0),
            read_only("balance_transaction"),
            read_only("created"),
            read_only("currency"),
            read_only("fee"),
            settable("metadata", {}),
        ),
        filters=("fee",),
        has_livemode=False,
    ),
)


RESOURCES = (TRANSFER, REVERSAL, APPLICATION_FEE, FEE_REFUND)
