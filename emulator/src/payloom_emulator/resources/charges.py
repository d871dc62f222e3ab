"""Charges: one attempt to move money. https://docs.stripe.com/api/charges."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from payloom_emulator.core import money, test_cards
from payloom_emulator.core.schema import SHIPPING, Body, Machine, Move, Operation, Resource, fixed, given
from payloom_emulator.presentation import versions
from payloom_emulator.presentation.versions import Change
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.metadata import merge as merge_metadata
from payloom_emulator.resources import balance, disputes, payment_methods, transfers

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call
    from payloom_emulator.core.unit_of_work import Unit

_RISK = {"normal": ("normal", 32), "elevated": ("elevated", 72), "highest": ("highest", 99)}


def make(
    unit: Unit,
    intent: Body,
    method: Body,
    *,
    outcome: str,
    captured: bool = True,
    why: test_cards.Decline | None = None,
    three_d_secure: Body | None = None,
    mandate: str | None = None,
) -> Body:
    """Make the charge of a PaymentIntent's attempt. outcome: "succeeded", "pending" or "failed" (then `why`)."""
    card = payment_methods.card_of(method) if method["type"] == "card" else None
    descriptor = (intent.get("statement_descriptor") or unit.emulator.config.business["name"]).upper()[:22]
    values: Body = {
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if outcome == "succeeded" and captured else 0,
        "application_fee_amount": intent.get("application_fee_amount"),
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": descriptor,
        "captured": captured and outcome != "failed",
        "currency": intent["currency"],
        "customer": intent.get("customer"),
        "description": intent.get("description"),
        "failure_code": why.code if why else None,
        "failure_message": why.message if why else None,
        "metadata": dict(intent.get("metadata") or {}),
        "on_behalf_of": intent.get("on_behalf_of"),
        "outcome": _outcome(card, why, outcome),
        "paid": outcome == "succeeded",
        "payment_intent": intent["id"] if intent["object"] == "payment_intent" else None,
        "payment_method": method["id"],
        "payment_method_details": details(intent, method, three_d_secure, mandate, captured=captured, now=unit.now),
        "receipt_email": intent.get("receipt_email"),
        "shipping": intent.get("shipping"),
        "statement_descriptor": intent.get("statement_descriptor"),
        "statement_descriptor_suffix": intent.get("statement_descriptor_suffix"),
        "status": outcome,
        "transfer_data": intent.get("transfer_data"),
        "transfer_group": intent.get("transfer_group"),
        "_captured_amount": None,
    }
    charge_id = unit.emulator.ids.new("ch_3" if method["type"] in {"card", "link"} else "py_3", 23)
    if outcome == "succeeded":
        account = unit.account
        values["receipt_url"] = f"{unit.emulator.base_url}/_emulator/receipts/{account}/{charge_id}"
    charge = unit.create("charge", {"id": charge_id, **values}, emits=(f"charge.{outcome}",))
    if outcome == "succeeded" and captured:
        _after_success(unit, charge, card)
    return charge


def _outcome(card: test_cards.Card | None, why: test_cards.Decline | None, outcome: str) -> Body | None:
    level, score = _RISK[card.risk] if card else ("not_assessed", None)
    base: Body = {
        "advice_code": why.advice_code if why else None,
        "network_advice_code": None,
        "network_decline_code": why.network_decline_code if why else None,
        "network_status": "approved_by_network",
        "reason": None,
        "risk_level": level,
        "risk_score": score,
        "seller_message": "Payment complete.",
        "type": "authorized",
    }
    if outcome == "pending":
        return {**base, "seller_message": None, "network_status": "approved_by_network"}
    if why is None:
        return base
    if card is not None and card.risk == "highest":
        return {
            **base,
            "network_status": "not_sent_to_network",
            "reason": "highest_risk_level",
            "seller_message": "Stripe blocked this payment as too risky.",
            "type": "blocked",
        }
    return {
        **base,
        "network_status": "declined_by_network",
        "reason": why.decline_code or why.code,
        "seller_message": _SELLER.get(
            why.decline_code or why.code, "The bank did not return any further details with this decline."
        ),
        "type": "issuer_declined",
    }


_SELLER = {
    "insufficient_funds": "The bank returned the decline code `insufficient_funds`.",
    "lost_card": "The bank returned the decline code `lost_card`.",
    "stolen_card": "The bank returned the decline code `stolen_card`.",
    "expired_card": "The bank returned the decline code `expired_card`.",
    "incorrect_cvc": "The bank returned the decline code `incorrect_cvc`.",
    "processing_error": "The bank returned the decline code `processing_error`.",
}


def details(
    intent: Body, method: Body, three_d_secure: Body | None, mandate: str | None, *, captured: bool, now: int
) -> Body:
    """Return the charge's `payment_method_details`."""
    kind = method["type"]
    member = dict(method.get(kind) or {})
    if kind == "card":
        checks = dict(member["checks"])
        if checks["cvc_check"] == "unchecked":
            checks["cvc_check"] = "pass"
        member = {
            "amount_authorized": intent["amount"],
            "authorization_code": None,
            "brand": member["brand"],
            "checks": checks,
            "country": member["country"],
            "exp_month": member["exp_month"],
            "exp_year": member["exp_year"],
            "extended_authorization": {"status": "disabled"},
            "fingerprint": member["fingerprint"],
            "funding": member["funding"],
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "last4": member["last4"],
            "mandate": mandate,
            "multicapture": {"status": "unavailable"},
            "network": member["brand"],
            "network_token": {"used": False},
            "network_transaction_id": f"{int(hashlib.sha256(method['id'].encode()).hexdigest(), 16) % 10**15:015d}",
            "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": three_d_secure,
            "wallet": None,
        }
        if not captured:
            member["capture_before"] = now + AUTHORIZED_SECONDS
    elif kind in {"sepa_debit", "us_bank_account", "bacs_debit"}:
        for gone in ("generated_from", "networks", "status_details", "financial_connections_account"):
            member.pop(gone, None)
        member.update({"mandate": mandate, "expected_debit_date": None})
        if kind == "us_bank_account":
            member["payment_reference"] = None
    elif kind == "link":
        member = {"country": None}
    return {kind: member, "type": kind}


AUTHORIZED_SECONDS = 7 * 86400


def _after_success(unit: Unit, charge: Body, card: test_cards.Card | None) -> None:
    unit.soon("book", charge)
    if card is not None and card.dispute:
        unit.soon("dispute", charge, 1)


def _book(unit: Unit, charge: Body) -> None:
    """The balance transaction arrives after the payment, as it does since captures are asynchronous."""
    if charge["balance_transaction"] or not charge["paid"]:
        return
    amount = charge["amount_captured"]
    card = _card(unit, charge)
    kind = "charge" if charge["payment_method_details"]["type"] in {"card", "link"} else "payment"
    transaction = balance.book(
        unit,
        charge,
        kind=kind,
        amount=amount,
        fee=balance.fee_for(amount),
        available=bool(card and card.available),
        description=charge["description"],
    )
    unit.change(charge, {"balance_transaction": transaction["id"], **_pass_on(unit, charge)}, emits=("charge.updated",))


def _pass_on(unit: Unit, charge: Body) -> Body:
    """Give a connected account its part and keep the platform's fee; returns what the charge then says."""
    changes: Body = {}
    if charge["application_fee_amount"]:
        changes["application_fee"] = transfers.keep_fee(unit, charge)["id"]
    data = charge["transfer_data"]
    if data and data.get("destination"):
        amount = data.get("amount") or charge["amount_captured"]
        changes["transfer"] = transfers.make(
            unit,
            amount=amount,
            currency=charge["currency"],
            destination=data["destination"],
            source=charge["id"],
            group=charge["transfer_group"] or f"group_{charge['payment_intent'] or charge['id']}",
        )["id"]
    return changes


def booked(unit: Unit, charge: Body) -> Body:
    """Return the charge with its balance transaction made, now if it had not arrived."""
    unit.unschedule("book", charge)
    _book(unit, charge)
    return charge


def _card(unit: Unit, charge: Body) -> test_cards.Card | None:
    method = unit.any(charge["payment_method"]) if charge["payment_method"] else None
    return payment_methods.card_of(method) if method and method.get("type") == "card" else None


def _dispute(unit: Unit, charge: Body) -> None:
    card = _card(unit, charge)
    if card is not None and card.dispute and not charge["disputed"] and charge["amount_refunded"] < charge["amount"]:
        disputes.open_for(unit, booked(unit, charge), card.dispute, inquiry=card.inquiry)


def _dispute_debit(unit: Unit, charge: Body) -> None:
    if not charge["disputed"]:
        disputes.open_for(unit, booked(unit, charge), "fraudulent", inquiry=False)


def settle(unit: Unit, charge: Body, bank: test_cards.Bank) -> None:
    """A pending debit's money arrives or does not."""
    if bank.outcome == "failed":
        code, message = bank.failure or ("generic_could_not_process", "The payment could not be processed.")
        unit.move(charge, "fail", {"failure_code": code, "failure_message": message, "captured": False})
        return
    unit.move(
        charge,
        "succeed",
        {
            "paid": True,
            "captured": True,
            "amount_captured": charge["amount"],
            "receipt_url": f"{unit.emulator.base_url}/_emulator/receipts/{unit.account}/{charge['id']}",
        },
    )
    unit.soon("book", charge)
    if bank.outcome == "disputed":
        unit.soon("dispute_debit", charge, 1)


def capture(unit: Unit, charge: Body, amount: int) -> Body:
    """Capture an authorised charge; what is left of it is released."""
    rest = charge["amount"] - amount
    unit.change(
        charge,
        {"captured": True, "amount_captured": amount, "amount_refunded": rest, "refunded": False},
        emits=("charge.captured",),
    )
    _after_success(unit, charge, _card(unit, charge))
    return charge


def release(unit: Unit, charge: Body, *, expired: bool) -> Body:
    """Let an authorisation go."""
    event = ("charge.expired",) if expired else ("charge.refunded",)
    return unit.change(charge, {"amount_refunded": charge["amount"], "refunded": True}, emits=event)


def _charge(call: Call) -> Body:
    """The legacy way to pay: a token, a card or a customer's default source, captured at once unless told not to."""
    from payloom_emulator.resources import sources  # noqa: PLC0415 - sources make payment methods of tokens

    call.need("amount", "currency")
    unit = call.unit
    code = money.currency(call.params["currency"])
    amount = money.chargeable(call.params["amount"], code)
    method = sources.method_for_charge(call)
    card = payment_methods.card_of(method)
    intent: Body = {
        "object": "charge",
        "id": None,
        "amount": amount,
        "currency": code,
        "metadata": merge_metadata({}, call.params.get("metadata") or {}),
        **{
            n: call.get(n)
            for n in (
                "customer",
                "description",
                "receipt_email",
                "shipping",
                "statement_descriptor",
                "statement_descriptor_suffix",
                "transfer_data",
                "transfer_group",
                "on_behalf_of",
            )
        },
    }
    captured = call.get("capture", True)
    why = test_cards.DECLINES[card.decline] if card.decline else None
    if why is None and card.authentication == "always":
        why = test_cards.DECLINES["authentication_required"]
    charge = make(unit, intent, method, outcome="failed" if why else "succeeded", captured=captured, why=why)
    unit.change(charge, {"source": method.get("_source_object")}, emits=())
    if why:
        raise payment_methods.decline(why, charge=charge["id"])
    return charge


def _capture(call: Call) -> Body:
    charge = call.target
    if charge["payment_intent"]:
        from payloom_emulator.resources import payment_intents  # noqa: PLC0415 - intents own their charges

        intent = call.unit.get("payment_intent", charge["payment_intent"])
        payment_intents.capture(call.unit, intent, call.get("amount"))
        return charge
    if charge["captured"]:
        raise invalid(f"Charge {charge['id']} has already been captured.", code="charge_already_captured")
    if charge["refunded"]:
        raise StripeError(
            f"Charge {charge['id']} has expired and can no longer be captured.", code="charge_expired_for_capture"
        )
    amount = call.get("amount", charge["amount"])
    if amount > charge["amount"]:
        raise invalid("Amount exceeds the authorised amount.", "amount", "amount_too_large")
    return capture(call.unit, charge, amount)


def _refunds(unit: Unit, charge: Body) -> Body:
    rows = unit.list("refund", charge=charge["id"])
    url = f"/v1/charges/{charge['id']}/refunds"
    return {"object": "list", "data": rows[:10], "has_more": len(rows) > 10, "total_count": len(rows), "url": url}


def _updating(call: Call, charge: Body, changes: Body) -> None:
    report = (call.params.get("fraud_details") or {}).get("user_report")
    if report:
        changes["fraud_details"] = {"user_report": report}
    del charge


CHARGE = Resource(
    object="charge",
    prefix="ch_3",
    id_length=23,
    path="/v1/charges",
    can=("retrieve", "update", "list", "search"),
    fields=(
        fixed("amount", 0),
        fixed("amount_captured", 0),
        fixed("amount_refunded", 0),
        fixed("application"),
        fixed("application_fee"),
        fixed("application_fee_amount"),
        fixed("balance_transaction"),
        fixed("billing_details"),
        fixed("calculated_statement_descriptor"),
        fixed("captured", False),
        fixed("created"),
        fixed("currency"),
        given("customer", ref="customer"),
        given("description"),
        fixed("disputed", False),
        fixed("failure_balance_transaction"),
        fixed("failure_code"),
        fixed("failure_message"),
        fixed("fraud_details", {}),
        fixed("livemode", False),
        given("metadata", {}),
        fixed("on_behalf_of"),
        fixed("outcome"),
        fixed("paid", False),
        fixed("payment_intent"),
        fixed("payment_method"),
        fixed("payment_method_details"),
        fixed("presentment_details"),
        fixed("radar_options", {}),
        given("receipt_email"),
        fixed("receipt_number"),
        fixed("receipt_url"),
        fixed("refunded", False),
        fixed("review"),
        given("shipping", shape=SHIPPING),
        fixed("source"),
        fixed("source_transfer"),
        fixed("statement_descriptor"),
        fixed("statement_descriptor_suffix"),
        fixed("status", "succeeded"),
        fixed("transfer_data"),
        given("transfer_group"),
    ),
    machine=Machine(
        initial=("succeeded", "pending", "failed"),
        moves=(
            Move("succeed", {"pending"}, "succeeded", ("charge.succeeded",)),
            Move("fail", {"pending"}, "failed", ("charge.failed",)),
        ),
        terminal={"succeeded", "failed"},
    ),
    on_update=("charge.updated",),
    updating=_updating,
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
    includes={"refunds": _refunds},
    actions={"capture": _capture},
    operations=(Operation("POST", "/v1/charges", _charge),),
    timers={"book": _book, "dispute": _dispute, "dispute_debit": _dispute_debit},
)


RESOURCES = (CHARGE,)


def _refunds_on_charge(unit: Unit, shown: Body, stored: Body) -> None:
    """Until 2022-11-15 a charge came with its refunds."""
    listed = _refunds(unit, stored)
    shown["refunds"] = {**listed, "data": [unit.snapshot(r) for r in listed["data"]]}


def _invoice_on_charge(unit: Unit, shown: Body, stored: Body) -> None:
    """Until basil a charge named the invoice it paid."""
    intent = unit.any(stored["payment_intent"]) if stored["payment_intent"] else None
    shown["invoice"] = intent.get("_invoice") if intent else None


versions.register(
    Change("2022-11-15", "charge", _refunds_on_charge),
    Change(versions.BASIL, "charge", _invoice_on_charge, expandable=("invoice",)),
)
