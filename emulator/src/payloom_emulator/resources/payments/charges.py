"""Charges: one attempt to move money. https://docs.stripe.com/api/charges."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from payloom_emulator.billing import older_shapes
from payloom_emulator.connect import fees
from payloom_emulator.core.declarations.api_changes import Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import provided, required
from payloom_emulator.core.schemas.schema import (
    SHIPPING,
    Schema,
    StateMachine,
    Transition,
    read_only,
    settable,
)
from payloom_emulator.ledger import money
from payloom_emulator.objects import kinds
from payloom_emulator.payments import capture_cancel, charges, disputes, early_fraud_warnings, test_cards
from payloom_emulator.payments.methods import card_sources, payment_methods
from payloom_emulator.protocol.api_versions import BASIL
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import members
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import CountedListOf
    from payloom_emulator.objects.charges import Charge, Refund
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.params.charges import ChargeCaptureParams, ChargeCreateParams, ChargeUpdateParams


def _dispute(unit: UnitOfWork, charge: Charge) -> None:
    card = charges.card_used(unit, charge)
    if card is not None and card.dispute and not charge["disputed"] and charge["amount_refunded"] < charge["amount"]:
        disputes.open_for(
            unit, charges.booked(unit, charge), card.dispute, inquiry=card.inquiry, evidence=card.evidence
        )


def _dispute_debit(unit: UnitOfWork, charge: Charge) -> None:
    if not charge["disputed"]:
        disputes.open_for(unit, charges.booked(unit, charge), "fraudulent", inquiry=False)


def _charge(call: RequestContext[ChargeCreateParams]) -> Charge:
    """The legacy way to pay: a token, a card or a customer's default source, captured at once unless told not to."""
    unit = call.unit
    requested, currency = (
        required(call.params.get("amount"), "amount"),
        required(call.params.get("currency"), "currency"),
    )
    code = money.currency(currency)
    amount = money.chargeable(requested, code)
    shared = _shared(call)
    method = card_sources.method_for_charge(call)
    card = payment_methods.card_of(method)
    intent: dict[str, object] = {
        "object": "charge",
        "id": None,
        "amount": amount,
        "currency": code,
        "metadata": merge_metadata({}, call.params.get("metadata") or {}),
        **{
            n: provided(call.params.get(n))
            for n in (
                "application_fee_amount",
                "customer",
                "description",
                "receipt_email",
                "shipping",
                "statement_descriptor",
                "statement_descriptor_suffix",
                "transfer_group",
                "on_behalf_of",
            )
        },
        **shared,
    }
    captured = call.params.get("capture", True)
    why = test_cards.DECLINES[card.decline] if card.decline else None
    if why is None and card.authentication == "broken":
        why = test_cards.DECLINES["generic_decline"]
    if why is None and card.authentication == "always":
        why = test_cards.DECLINES["authentication_required"]
    charge = charges.make(
        unit,
        cast("PaymentIntent", intent),
        method,
        outcome="failed" if why else "succeeded",
        captured=captured,
        why=why,
    )
    if why:
        raise payment_methods.decline(why, charge=charge["id"])
    return charge


def _shared(call: RequestContext[ChargeCreateParams]) -> dict[str, object]:
    """Return what a platform keeps of a charge, and who gets the rest; `destination` was the word before."""
    params = call.params
    transfer: object = provided(params.get("transfer_data"))
    if older := provided(params.get("destination")):
        if transfer:
            raise invalid("You may only specify one of these parameters: destination, transfer_data.", "destination")
        transfer = {"amount": older.get("amount"), "destination": older["account"]}
    if transfer:
        transfer = {"amount": None, **members(transfer)}
    fee, older_fee = params.get("application_fee_amount"), params.get("application_fee")
    param = "application_fee_amount" if fee is not None else "application_fee"
    fees.check(call.unit, fee if fee is not None else older_fee, transfer, param=param)
    amount = fee if fee is not None else older_fee
    if amount is not None and amount > params.get("amount", amount):
        raise invalid(f"The {param} cannot be greater than the amount of the charge.", param)
    return {"application_fee_amount": amount, "transfer_data": transfer}


def _said(call: ActionContext[ChargeCaptureParams, Charge]) -> dict[str, object]:
    changes = capture_cancel.said(call.params, call.target)
    older = call.params.get("application_fee")
    if older is not None:
        changes.setdefault("application_fee_amount", older)
    return changes


def _capture(call: ActionContext[ChargeCaptureParams, Charge]) -> Charge:
    charge = call.target
    if charge["captured"]:
        raise invalid(f"Charge {charge['id']} has already been captured.", code="charge_already_captured")
    if charge["payment_intent"]:
        raise invalid(
            f"This uncaptured Charge was created by a PaymentIntent ({charge['payment_intent']}). You must capture the PaymentIntent instead. For more information, see https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
    if charge["refunded"]:
        raise StripeError(
            f"Charge {charge['id']} has expired and can no longer be captured.", code="charge_expired_for_capture"
        )
    amount = call.params.get("amount", charge["amount"])
    if amount > charge["amount"]:
        raise invalid("Amount exceeds the authorised amount.", "amount", "amount_too_large")
    return charges.capture(call.unit, charge, amount, _said(call))


def _refunds(unit: UnitOfWork, charge: Charge) -> CountedListOf[Refund]:
    rows = unit.list(kinds.REFUND, charge=charge["id"])
    url = f"/v1/charges/{charge['id']}/refunds"
    return {"object": "list", "data": rows[:10], "has_more": len(rows) > 10, "total_count": len(rows), "url": url}


def _updating(call: RequestContext[ChargeUpdateParams], charge: Charge, changes: dict[str, object]) -> None:
    report = (call.params.get("fraud_details") or {}).get("user_report")
    if report:
        changes["fraud_details"] = {"user_report": report}
    del charge


def _refunds_on_charge(unit: UnitOfWork, view: dict[str, object], stored: dict[str, object]) -> None:
    """Until 2022-11-15 a charge came with its refunds."""
    page = _refunds(unit, cast("Charge", stored))
    view["refunds"] = {**page, "data": [unit.snapshot(refund) for refund in page["data"]]}


CHARGE = Resource(
    schema=Schema(
        object="charge",
        prefix="ch_3",
        id_length=23,
        path="/v1/charges",
        fields=(
            read_only("amount", 0),
            read_only("amount_captured", 0),
            read_only("amount_refunded", 0),
            read_only("application"),
            read_only("application_fee"),
            read_only("application_fee_amount"),
            read_only("balance_transaction"),
            read_only("billing_details"),
            read_only("calculated_statement_descriptor"),
            read_only("captured", False),
            read_only("created"),
            read_only("currency"),
            settable("customer", ref="customer"),
            settable("description"),
            read_only("destination"),
            read_only("dispute"),
            read_only("disputed", False),
            read_only("failure_balance_transaction"),
            read_only("failure_code"),
            read_only("failure_message"),
            read_only("fraud_details", {}),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("on_behalf_of"),
            read_only("order"),
            read_only("outcome"),
            read_only("paid", False),
            read_only("payment_intent"),
            read_only("payment_method"),
            read_only("payment_method_details"),
            read_only("presentment_details"),
            read_only("radar_options", {}),
            settable("receipt_email"),
            read_only("receipt_number"),
            read_only("receipt_url"),
            read_only("refunded", False),
            read_only("review"),
            settable("shipping", shape=SHIPPING),
            read_only("source"),
            read_only("source_transfer"),
            read_only("statement_descriptor"),
            read_only("statement_descriptor_suffix"),
            read_only("status", "succeeded"),
            read_only("transfer_data"),
            settable("transfer_group"),
        ),
        machine=StateMachine(
            initial=("succeeded", "pending", "failed"),
            transitions=(
                Transition("succeed", {"pending"}, "succeeded", ("charge.succeeded",)),
                Transition("fail", {"pending"}, "failed", ("charge.failed",)),
            ),
            terminal={"succeeded", "failed"},
        ),
        on_update=("charge.updated",),
        filters=("customer", "payment_intent", "transfer_group"),
        search=(
            "amount",
            "currency",
            "customer",
            "disputed",
            "metadata",
            "refunded",
            "status",
            "payment_method_details.card.last4",
            "payment_method_details.card.brand",
            "payment_method_details.card.exp_month",
            "payment_method_details.card.exp_year",
            "payment_method_details.card.fingerprint",
            "billing_details.address.postal_code",
        ),
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list", "search"),
        updating=_updating,
        actions={"capture": _capture},
        operations=(Operation("POST", "/v1/charges", _charge),),
    ),
    includes={"refunds": _refunds},
    timers={
        "book": charges.book,
        "dispute": _dispute,
        "dispute_debit": _dispute_debit,
        "fraud_record": early_fraud_warnings.report,
    },
    versions=(
        Change("2022-11-15", _refunds_on_charge),
        Change(BASIL, older_shapes.charge_before_basil, expandable=("invoice", "destination", "dispute")),
    ),
)


RESOURCES = (CHARGE,)
