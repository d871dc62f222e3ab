"""Disputes: a cardholder asks the bank for the money back. https://docs.stripe.com/api/disputes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, StateMachine, Transition, read_only, settable
from payloom_emulator.ledger import balance
from payloom_emulator.objects import kinds
from payloom_emulator.payments import disputes
from payloom_emulator.protocol.errors import StripeError, invalid
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.charges import Dispute
    from payloom_emulator.objects.params.disputes import DisputeUpdateParams

_DECIDED_AFTER = 2


def _updating(call: RequestContext[DisputeUpdateParams], dispute: Dispute, changes: dict[str, object]) -> None:
    if dispute["status"] not in {"needs_response", "warning_needs_response"}:
        raise invalid("This dispute is already closed")
    given_evidence = call.params.get("evidence") or {}
    method = call.params.get("intended_submission_method")
    if method:
        changes["intended_submission_method"] = method
    if given_evidence:
        evidence = {**dispute["evidence"], **{k: v if v != "" else None for k, v in given_evidence.items()}}
        details = {
            **dispute["evidence_details"],
            "enhanced_eligibility": disputes.eligibility(dispute, members(evidence.get("enhanced_evidence"))),
            "has_evidence": any(v for v in evidence.values()),
        }
        changes.update({"evidence": evidence, "evidence_details": details})


def _updated(call: RequestContext[DisputeUpdateParams], dispute: Dispute) -> None:
    if call.params.get("submit", bool(call.params.get("evidence"))):
        details = dispute["evidence_details"]
        submitted = {**details, "submission_count": details["submission_count"] + 1, "submission_method": "manual"}
        call.unit.transition(dispute, "submit", {"evidence_details": submitted})
        call.unit.schedule_real_time("decide", dispute, _DECIDED_AFTER)


def _decide(unit: UnitOfWork, dispute: Dispute) -> None:
    """Stripe's test mode decides by what the evidence says: `winning_evidence`, `losing_evidence` and the like."""
    text = dispute["evidence"].get("uncategorized_text") or ""
    if dispute["status"] == "warning_under_review" and text == "escalate_inquiry_evidence":
        unit.transition(dispute, "escalate", disputes.as_chargeback(dispute))
        disputes.withdraw(unit, dispute)
    elif dispute["status"] == "warning_under_review":
        unit.transition(dispute, "close_inquiry")
    elif text == "winning_evidence":
        _won(unit, dispute)
    elif text == "losing_evidence" and dispute["status"] == "under_review":
        unit.transition(dispute, "lose")


def _won(unit: UnitOfWork, dispute: Dispute) -> None:
    unit.transition(dispute, "win", emits=())
    back = balance.book(
        unit,
        dispute,
        kind="adjustment",
        amount=dispute["amount"],
        available=True,
        category="dispute_reversal",
        description=f"Chargeback reversal for {dispute['charge']}",
    )
    unit.change(
        dispute,
        {"balance_transactions": [*dispute["balance_transactions"], disputes.plain_transaction(back)]},
        emits=("charge.dispute.funds_reinstated",),
    )
    unit.emit("charge.dispute.closed", dispute)


def _close(call: ActionContext[Params, Dispute]) -> Mapping[str, object]:
    move = "close_inquiry" if call.target["status"].startswith("warning") else "lose"
    if not call.unit.environment.schema("dispute").machine.allows(move, call.target["status"]):  # type: ignore[union-attr] - disputes have a machine
        raise invalid("This dispute is already closed")
    call.unit.unschedule("decide", call.target)
    return call.unit.transition(call.target, move)


def _expire(unit: UnitOfWork, dispute: Dispute) -> None:
    if dispute["status"] == "needs_response":
        unit.transition(dispute, "lose", {"evidence_details": {**dispute["evidence_details"], "past_due": True}})
    elif dispute["status"] == "warning_needs_response":
        unit.transition(dispute, "close_inquiry")


def _close_by_charge(call: RequestContext[Params]) -> Mapping[str, object]:
    return _close(call.with_target(_of_charge(call)))


def _of_charge(call: RequestContext[Params]) -> Dispute:
    charge = call.unit.get(kinds.CHARGE, call.ids["charge"])
    disputes_of_it = call.unit.list(kinds.DISPUTE, charge=charge["id"], limit=1)
    if not disputes_of_it:
        raise StripeError(f"No dispute for charge: {charge['id']}", status=404)
    return disputes_of_it[0]


DISPUTE = Resource(
    schema=Schema(
        object="dispute",
        prefix="du_1",
        id_length=23,
        path="/v1/disputes",
        fields=(
            read_only("amount", 0),
            read_only("balance_transactions", []),
            read_only("charge"),
            read_only("created"),
            read_only("currency"),
            read_only("enhanced_eligibility_types", []),
            read_only("evidence", {}),
            read_only("evidence_details", {}),
            read_only("intended_submission_method"),
            read_only("is_charge_refundable", False),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("network_reason_code"),
            read_only("payment_intent"),
            read_only("payment_method_details"),
            read_only("reason"),
            read_only("status"),
        ),
        machine=StateMachine(
            initial=("needs_response", "warning_needs_response"),
            transitions=(
                Transition("submit", {"needs_response"}, "under_review", ("charge.dispute.updated",)),
                Transition("submit", {"warning_needs_response"}, "warning_under_review", ("charge.dispute.updated",)),
                Transition("escalate", {"warning_under_review"}, "needs_response", ("charge.dispute.updated",)),
                Transition("win", {"needs_response", "under_review"}, "won", ("charge.dispute.closed",)),
                Transition("lose", {"needs_response", "under_review"}, "lost", ("charge.dispute.closed",)),
                Transition(
                    "close_inquiry",
                    {"warning_needs_response", "warning_under_review"},
                    "warning_closed",
                    ("charge.dispute.closed",),
                ),
            ),
            terminal={"won", "lost", "warning_closed"},
        ),
        on_create=("charge.dispute.created",),
        on_update=("charge.dispute.updated",),
        filters=("charge", "payment_intent"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "update", "list"),
        updating=_updating,
        updated=_updated,
        actions={"close": _close},
        operations=(
            Operation(
                "POST", "/v1/charges/{charge}/dispute/close", _close_by_charge, like="/v1/disputes/{dispute}/close"
            ),
            Operation("GET", "/v1/charges/{charge}/dispute", _of_charge, like="/v1/disputes/{dispute}"),
        ),
    ),
    timers={"decide": _decide, "expire": _expire},
)


RESOURCES = (DISPUTE,)
