"""Charges: how an attempt becomes a charge, and what follows when its money arrives."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from payloom_emulator.connect import transfers
from payloom_emulator.kit.present import present
from payloom_emulator.ledger import balance
from payloom_emulator.objects import kinds
from payloom_emulator.payments import early_fraud_warnings
from payloom_emulator.payments.methods import debited_accounts, mandates, payment_methods, test_banks
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.charges import Charge
    from payloom_emulator.objects.intents import PaymentIntent
    from payloom_emulator.objects.payment_methods import PaymentMethod
    from payloom_emulator.payments import test_cards

_RISK = {"normal": ("normal", 32), "elevated": ("elevated", 72), "highest": ("highest", 99)}


def make(
    unit: UnitOfWork,
    intent: PaymentIntent,
    method: PaymentMethod,
    *,
    outcome: str,
    captured: bool = True,
    why: test_cards.Decline | None = None,
    three_d_secure: JsonMapping | None = None,
    mandate: str | None = None,
) -> Charge:
    """Make the charge of a PaymentIntent's attempt. outcome: "succeeded", "pending" or "failed" (then `why`)."""
    card = payment_methods.card_of(method) if method["type"] == "card" else None
    descriptor = (intent.get("statement_descriptor") or unit.environment.config.business["name"]).upper()[:22]
    values: dict[str, object] = {
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if outcome == "succeeded" and captured else 0,
        "application_fee_amount": intent.get("application_fee_amount"),
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": descriptor,
        "captured": captured and outcome != "failed",
        "currency": intent["currency"],
        "customer": intent.get("customer"),
        "description": intent.get("description"),
        "destination": members(intent.get("transfer_data")).get("destination"),
        "failure_code": why.code if why else None,
        "failure_message": why.message if why else None,
        "metadata": dict(intent.get("metadata") or {}),
        "on_behalf_of": intent.get("on_behalf_of"),
        "outcome": _outcome(card, why, outcome),
        "paid": outcome == "succeeded",
        "payment_intent": intent["id"] if intent["object"] == "payment_intent" else None,
        "payment_method": method["id"],
        "payment_method_details": details(
            intent, method, three_d_secure, mandate, paid=outcome == "succeeded", captured=captured, now=unit.now
        ),
        "receipt_email": intent.get("receipt_email"),
        "shipping": intent.get("shipping"),
        "source": method.get("_source_object"),
        "statement_descriptor": intent.get("statement_descriptor"),
        "statement_descriptor_suffix": intent.get("statement_descriptor_suffix"),
        "status": outcome,
        "transfer_data": {"amount": None, **members(sent)} if (sent := intent.get("transfer_data")) else None,
        "transfer_group": intent.get("transfer_group"),
        "_captured_amount": None,
    }
    charge_id = unit.environment.ids.new("ch_3" if method["type"] in {"card", "link"} else "py_3", 23)
    if outcome == "succeeded":
        account = unit.account
        values["receipt_url"] = f"{unit.environment.base_url}/_emulator/receipts/{account}/{charge_id}"
    charge = unit.create(kinds.CHARGE, {"id": charge_id, **values}, emits=())
    if outcome == "succeeded" and captured:
        _after_success(unit, charge, card, later=intent.get("capture_method") == "automatic_async")
    unit.emit(f"charge.{outcome}", charge)
    return charge


def _outcome(card: test_cards.Card | None, why: test_cards.Decline | None, outcome: str) -> dict[str, object] | None:
    level, score = _RISK[card.risk] if card else ("not_assessed", None)
    base: dict[str, object] = {
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
    intent: PaymentIntent,
    method: PaymentMethod,
    three_d_secure: JsonMapping | None,
    mandate: str | None,
    *,
    paid: bool,
    captured: bool,
    now: int,
) -> dict[str, object]:
    """Return the charge's `payment_method_details`."""
    kind = method["type"]
    member = dict(method.get(kind) or {})
    if kind == "card":
        checks = dict(member["checks"])
        if checks["cvc_check"] == "unchecked":
            checks["cvc_check"] = "pass"
        member = {
            "amount_authorized": intent["amount"],
            "authorization_code": _digits(f"{method['id']} {intent['id']} {now}", 6) if paid else None,
            "brand": member["brand"],
            "checks": checks,
            "country": member["country"],
            "electronic_commerce_indicator": (three_d_secure or {}).get("electronic_commerce_indicator") or "07",
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
            "network_transaction_id": _digits(method["id"], 15),
            "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": three_d_secure,
            "transaction_link_id": None,
            "wallet": None,
        }
        if not captured:
            member["capture_before"] = now + AUTHORIZED_SECONDS
    elif kind in debited_accounts.KINDS:
        for name in ("generated_from", "networks", "status_details", "financial_connections_account"):
            member.pop(name, None)
        member["expected_debit_date"] = None
        if kind in mandates.SHOWN_BY_CHARGES:
            member["mandate"] = mandate
        if kind == "us_bank_account":
            member["payment_reference"] = None
    elif kind == "link":
        member = {"country": None}
    return {kind: member, "type": kind}


def _digits(text: str, length: int) -> str:
    """Return a number of this length that is always the same for a text."""
    return str(int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10**length).zfill(length)


AUTHORIZED_SECONDS = 7 * 86400


def _after_success(unit: UnitOfWork, charge: Charge, card: test_cards.Card | None, *, later: bool = False) -> None:
    """Book the money, and let the cardholder act. later: the balance transaction arrives after the payment."""
    if later:
        unit.schedule_real_time("book", charge)
    else:
        book(unit, charge, emits=())
    if card is not None and card.dispute:
        unit.schedule_last("dispute", charge)
    if card is not None and card.fraud_record:
        unit.schedule_real_time("fraud_record", charge, early_fraud_warnings.DELAY_SECONDS)


def book(unit: UnitOfWork, charge: Charge, *, emits: tuple[str, ...] = ("charge.updated",)) -> None:
    """Book the money of a charge: after the payment where captures are asynchronous, else with it."""
    if charge["balance_transaction"] or not charge["paid"]:
        return
    amount = charge["amount_captured"]
    card = card_used(unit, charge)
    kind = "charge" if present(charge["payment_method_details"])["type"] in {"card", "link"} else "payment"
    transaction = balance.book(
        unit,
        charge,
        kind=kind,
        amount=amount,
        fee=balance.fee_for(amount),
        available=bool(card and card.available),
        description=charge["description"],
        application_fee=0 if charge["transfer_data"] else charge["application_fee_amount"] or 0,
    )
    unit.change(charge, {"balance_transaction": transaction["id"], **_pass_on(unit, charge)}, emits=emits)
    if transaction["status"] == "available":
        unit.schedule_real_time("become_available", transaction)


def _pass_on(unit: UnitOfWork, charge: Charge) -> dict[str, object]:
    """Give a connected account its part and keep the platform's fee; returns what the charge then says."""
    changes: dict[str, object] = {}
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
            application_fee=charge["application_fee_amount"] or 0,
        )["id"]
    return changes


def booked(unit: UnitOfWork, charge: Charge) -> Charge:
    """Return the charge with its balance transaction made, now if it had not arrived."""
    unit.unschedule("book", charge)
    book(unit, charge)
    return charge


def card_used(unit: UnitOfWork, charge: Charge) -> test_cards.Card | None:
    """Return the test card a charge was made with, or None when it was no card."""
    method = unit.find(kinds.PAYMENT_METHOD, charge["payment_method"], deleted=True)
    return payment_methods.card_of(method) if method and method["type"] == "card" else None


def settle(unit: UnitOfWork, charge: Charge, bank: test_banks.Bank) -> None:
    """A pending debit's money arrives or does not."""
    if bank.outcome == "failed":
        code, message = bank.failure or ("generic_could_not_process", "The payment could not be processed.")
        unit.transition(charge, "fail", {"failure_code": code, "failure_message": message, "captured": False})
        return
    unit.transition(
        charge,
        "succeed",
        {
            "paid": True,
            "captured": True,
            "amount_captured": charge["amount"],
            "receipt_url": f"{unit.environment.base_url}/_emulator/receipts/{unit.account}/{charge['id']}",
        },
    )
    book(unit, charge)
    if bank.outcome == "disputed":
        unit.schedule_last("dispute_debit", charge)


def capture(unit: UnitOfWork, charge: Charge, amount: int, changes: Mapping[str, object] | None = None) -> Charge:
    """Capture an authorised charge; what is left of it is released. changes: what the capture says of the charge."""
    rest = charge["amount"] - amount
    captured = {"captured": True, "amount_captured": amount, "amount_refunded": rest, "refunded": False}
    before = {name: charge.get(name) for name in (*captured, "balance_transaction")}
    unit.change(charge, {**captured, **(changes or {})}, emits=())
    _after_success(unit, charge, card_used(unit, charge))
    unit.emit("charge.captured", charge, before)
    return charge


def release(unit: UnitOfWork, charge: Charge, *, expired: bool) -> Charge:
    """Let an authorisation go."""
    event = ("charge.expired",) if expired else ("charge.refunded",)
    return unit.change(charge, {"amount_refunded": charge["amount"], "refunded": True}, emits=event)
