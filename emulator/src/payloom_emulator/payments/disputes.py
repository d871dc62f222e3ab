"""Disputes: a cardholder takes a charge's money back until the dispute is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.kit.present import present
from payloom_emulator.ledger import balance
from payloom_emulator.objects import kinds
from payloom_emulator.payments import early_fraud_warnings
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.charges import BalanceTransaction, Charge, Dispute

FEE = 1500


_RESPOND_WITHIN = 9 * 86400


EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "enhanced_evidence",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


_ENHANCED: dict[str, dict[str, object]] = {
    "visa_compelling_evidence_3": {
        "required_actions": [
            "missing_customer_identifiers",
            "missing_disputed_transaction_description",
            "missing_merchandise_or_services",
            "missing_prior_undisputed_transactions",
            "missing_prior_undisputed_transaction_description",
        ],
        "status": "requires_action",
    },
    "visa_compliance": {"status": "requires_fee_acknowledgement"},
    "mastercard_compliance": {"status": "requires_fee_acknowledgement"},
}
_REASON_CODES = {"fraudulent": "10.4", "noncompliant": "98", "product_not_received": "13.1"}
"""Of the card's network, for the reasons that have one here."""


def open_for(unit: UnitOfWork, charge: Charge, reason: str, *, inquiry: bool, evidence: str | None = None) -> Dispute:
    """Open a dispute about a charge; unless it is an inquiry the money is withdrawn at once.

    evidence: the network's own rules that the evidence can follow.
    """
    details = charge["payment_method_details"]
    card = present(details).get("card")
    dispute = unit.create(
        kinds.DISPUTE,
        {
            "amount": charge["amount_captured"],
            "charge": charge["id"],
            "currency": charge["currency"],
            "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
            "evidence_details": {
                "due_by": unit.now + _RESPOND_WITHIN,
                "enhanced_eligibility": {evidence: dict(_ENHANCED[evidence])} if evidence else {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
                "submission_method": "not_submitted",
            },
            "enhanced_eligibility_types": [evidence] if evidence else [],
            "is_charge_refundable": inquiry,
            "payment_intent": charge["payment_intent"],
            "payment_method_details": {
                "card": {
                    "brand": card["brand"],
                    "case_type": "inquiry" if inquiry else "compliance" if reason == "noncompliant" else "chargeback",
                    "network": card["brand"],
                    "network_reason_code": _REASON_CODES.get(reason),
                },
                "type": "card",
            }
            if card
            else None,
            "reason": reason,
            "status": "warning_needs_response" if inquiry else "needs_response",
        },
    )
    unit.change(charge, {"dispute": dispute["id"], "disputed": True}, emits=("charge.updated",))
    early_fraud_warnings.charge_changed(unit, charge)
    if not inquiry:
        withdraw(unit, dispute)
    unit.schedule("expire", dispute, unit.now + _RESPOND_WITHIN)
    return dispute


def eligibility(dispute: Dispute, evidence: JsonMapping) -> dict[str, object]:
    """Return what the network's own rules still ask for. evidence: the `enhanced_evidence`."""
    rules = members(dispute["evidence_details"]["enhanced_eligibility"])
    return {
        rule: {"status": "fee_acknowledged"} if members(evidence.get(rule)).get("fee_acknowledged") else state
        for rule, state in rules.items()
    }


def as_chargeback(dispute: Dispute) -> dict[str, object]:
    """Return what an inquiry says once it is a dispute of its own."""
    details = members(dispute["payment_method_details"])
    card = {**members(details.get("card")), "case_type": "chargeback"}
    return {"is_charge_refundable": False, "payment_method_details": {**details, "card": card}}


def withdraw(unit: UnitOfWork, dispute: Dispute) -> None:
    """Take the money of a dispute, and its fee."""
    transaction = balance.book(
        unit,
        dispute,
        kind="adjustment",
        amount=-dispute["amount"],
        fee=FEE,
        available=True,
        description=f"Chargeback withdrawal for {dispute['charge']}",
        exchange="Dispute fee",
    )
    unit.change(
        dispute, {"balance_transactions": [plain_transaction(transaction)]}, emits=("charge.dispute.funds_withdrawn",)
    )


def plain_transaction(transaction: BalanceTransaction) -> dict[str, object]:
    """Return a balance transaction without its private members."""
    return {k: v for k, v in transaction.items() if not k.startswith("_")}
