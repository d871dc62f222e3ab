"""What became of a payment: one rule, for the list of payments, for a journey, for every page that names a state.

Stripe delivers events in any order, and its times have whole seconds. So the newest report of an object isn't the last
one received: a final state beats all others, then the later second, then what is further along its life.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from payloom.kit.json_types import is_map
from payloom.kit.secrets.redaction import redact_text

_STAGES: Mapping[str, tuple[str, ...]] = {
    "payment_intent": (
        *("requires_payment_method", "requires_confirmation", "requires_action", "processing", "failed"),
        *("requires_capture", "canceled", "succeeded"),
    ),
    "charge": ("pending", "failed", "succeeded", "partially_refunded", "refunded", "disputed"),
    "refund": ("pending", "requires_action", "succeeded", "canceled", "failed"),
    "checkout.session": ("open", "expired", "unpaid", "no_payment_required", "paid"),
    "invoice": ("draft", "open", "uncollectible", "void", "paid"),
    "setup_intent": (
        *("requires_payment_method", "requires_confirmation", "requires_action", "processing", "failed"),
        *("canceled", "succeeded"),
    ),
    "subscription": (
        *("incomplete", "trialing", "active", "paused", "past_due", "unpaid", "incomplete_expired", "canceled"),
    ),
    "dispute": (
        *("warning_needs_response", "warning_under_review", "warning_closed", "needs_response", "under_review"),
        *("prevented", "lost", "won"),
    ),
    "credit_note": ("issued", "void"),
}
"""The states of each kind of object in the order in which they follow each other within one second."""
STATES: tuple[str, ...] = tuple(dict.fromkeys(state for stages in _STAGES.values() for state in stages))
"""Every state of an object, also those that its refunds and disputes give it. The studio has a word for each."""
_FINAL: Mapping[str, frozenset[str]] = {
    "payment_intent": frozenset({"succeeded", "canceled"}),
    "setup_intent": frozenset({"succeeded", "canceled"}),
    "checkout.session": frozenset({"paid", "no_payment_required", "expired"}),
    "invoice": frozenset({"paid", "void"}),
    "subscription": frozenset({"canceled", "incomplete_expired"}),
    "dispute": frozenset({"won", "lost"}),
    "credit_note": frozenset({"void"}),
}
"""The states that an object never leaves."""
_NO_LONGER_DISPUTED = frozenset({"won", "prevented", "warning_closed"})


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What an event or a step says of an object. at: Unix seconds. order: which of two reports was received later."""

    stripe_object: Mapping[str, Any]
    at: float
    order: float = 0


def newest_of(reports: Iterable[Report]) -> dict[str, Mapping[str, Any]]:
    """Return the state of each object that is true now, by the object's id."""
    best: dict[str, Report] = {}
    for report in reports:
        key = str(report.stripe_object.get("id"))
        if key not in best or _age(report) >= _age(best[key]):
            best[key] = report
    return {key: report.stripe_object for key, report in best.items()}


def _age(report: Report) -> tuple[bool, int, int, int, float]:
    kind = str(report.stripe_object.get("object"))
    state = own_state(report.stripe_object) or ""
    stages = _STAGES.get(kind, ())
    stage = stages.index(state) if state in stages else -1
    refunded = _whole(report.stripe_object, "amount_refunded")
    return state in _FINAL.get(kind, frozenset()), int(report.at), stage, refunded, report.order


def own_state(stripe_object: Mapping[str, Any]) -> str | None:
    """Return the state that an object has by itself, in one word of Stripe's."""
    status = stripe_object.get("status")
    match stripe_object.get("object"):
        case "charge":
            status = _charge_state(stripe_object)
        case "payment_intent" | "setup_intent" if status == "requires_payment_method":
            error = stripe_object.get("last_payment_error") or stripe_object.get("last_setup_error")
            status = "failed" if error else status
        case "checkout.session" if status == "complete":
            status = stripe_object.get("payment_status") or status
        case _:
            pass
    return status if isinstance(status, str) else None


def payment_state(stripe_object: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the state of an object with regard to what else is known: a refund and a dispute change a payment.

    known: the newest states of the objects around it, in any order; the object itself may be among them.
    """
    kind, key = stripe_object.get("object"), stripe_object.get("id")
    state = own_state(stripe_object)
    if kind not in {"payment_intent", "charge"} or stripe_object.get("status") != "succeeded":
        return state
    of_this = [related for related in known if _id_of(related.get(str(kind))) == key and related.get("id") != key]
    charges = (
        [stripe_object] if kind == "charge" else [related for related in of_this if related.get("object") == "charge"]
    )
    disputes = [related.get("status") for related in of_this if related.get("object") == "dispute"]
    if disputes and not all(status in _NO_LONGER_DISPUTED for status in disputes):
        return "disputed"
    if not disputes and any(related.get("disputed") for related in charges):
        return "disputed"
    refunds = [
        related for related in of_this if related.get("object") == "refund" and related.get("status") == "succeeded"
    ]
    back = max(
        sum(_whole(related, "amount") for related in refunds),
        sum(_whole(related, "amount_refunded") for related in charges),
    )
    amount = _whole(stripe_object, "amount_received") or _whole(stripe_object, "amount")
    if back >= amount > 0 or (kind == "charge" and stripe_object.get("refunded")):
        return "refunded"
    return "partially_refunded" if back else "succeeded"


def why_failed(stripe_object: Mapping[str, Any]) -> str | None:
    """Return why an attempt failed, in Stripe's words with its code; None if nothing failed."""
    match stripe_object.get("object"):
        case "payment_intent" | "setup_intent":
            last = stripe_object.get("last_payment_error") or stripe_object.get("last_setup_error")
            error: Mapping[str, Any] = last if is_map(last) and stripe_object.get("status") != "succeeded" else {}
            words, code = error.get("message"), error.get("decline_code") or error.get("code")
        case "charge":
            words, code = stripe_object.get("failure_message"), stripe_object.get("failure_code")
            outcome = stripe_object.get("outcome")
            code = (outcome.get("reason") if is_map(outcome) and words else None) or code
        case "refund" | "payout":
            words, code = stripe_object.get("failure_reason"), None
        case _:
            words, code = None, None
    if not isinstance(words, str) and not isinstance(code, str):
        return None
    return redact_text(" ".join([str(words or code), *([f"({code})"] if words and code else [])]))


def _charge_state(charge: Mapping[str, Any]) -> Any:
    if charge.get("disputed"):
        return "disputed"
    if charge.get("refunded"):
        return "refunded"
    back = _whole(charge, "amount_refunded")
    return "partially_refunded" if back else charge.get("status")


def _id_of(reference: Any) -> Any:
    """Return the id behind a field that holds an id or, expanded, the object itself."""
    return reference.get("id") if is_map(reference) else reference


def _whole(stripe_object: Mapping[str, Any], name: str) -> int:
    number = stripe_object.get(name)
    return number if type(number) is int else 0
