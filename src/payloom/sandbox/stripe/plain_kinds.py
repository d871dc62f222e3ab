"""What a sandbox answers by plain values, as the local Stripe cannot make such an object. The list only shrinks."""

from __future__ import annotations

from collections.abc import Mapping

_NOT_EMULATED = "the local Stripe does not have it, or not all of its kind"
_NO_STATE = "it has no identifier, or is only a part of an answer: there is nothing to keep"

PLAIN_KINDS: Mapping[str, str] = {
    "event": "an event is what the local Stripe says has happened; a case delivers its own",
    "balance": "it is the sum of what happened, and a case does not tell all of that; give it under `answers`",
    "account_link": _NO_STATE,
    "billing.alert_triggered": _NO_STATE,
    "billing.credit_balance_summary": _NO_STATE,
    "billing.meter_event_summary": _NO_STATE,
    "connect_collection_transfer": _NO_STATE,
    "entitlements.active_entitlement_summary": _NO_STATE,
    "file_upload": _NO_STATE,
    "funding_instructions": _NO_STATE,
    "item": _NO_STATE,
    "list": _NO_STATE,
    "login_link": _NO_STATE,
    "payment_intent_amount_details_line_item": _NO_STATE,
    "reserve_transaction": _NO_STATE,
    "search_result": _NO_STATE,
    "source_mandate_notification": _NO_STATE,
    "tax_deducted_at_source": _NO_STATE,
    "application": _NOT_EMULATED,
    "apps.*": _NOT_EMULATED,
    "capability": _NOT_EMULATED,
    "climate.*": _NOT_EMULATED,
    "financial_connections.*": _NOT_EMULATED,
    "forwarding.*": _NOT_EMULATED,
    "identity.*": _NOT_EMULATED,
    "issuing.*": _NOT_EMULATED,
    "product_catalog.*": _NOT_EMULATED,
    "radar.*": _NOT_EMULATED,
    "reporting.*": _NOT_EMULATED,
    "reserve.*": _NOT_EMULATED,
    "source_transaction": _NOT_EMULATED,
    "tax.*": _NOT_EMULATED,
    "terminal.*": _NOT_EMULATED,
    "three_d_secure.*": _NOT_EMULATED,
    "treasury.*": _NOT_EMULATED,
    "v2.*": "the answers of its API have other shapes, and cases of it are rare",
}
"""Why a kind of object (`issuing.*`: a whole area) is answered by plain values."""

PLAIN_CALLS: Mapping[str, str] = {
    "given.stripe.answers": "the case says what the call answers",
    "only named": "the case names an object that nothing describes, and the call does not go with the state assumed",
    "not emulated": "the local Stripe does not have the call",
}
"""Why a call about an object that the local Stripe could make is answered by plain values all the same."""


def plain_reason(kind: str) -> str | None:
    """Return why objects of this kind are answered by plain values, None if the local Stripe makes them."""
    return PLAIN_KINDS.get(kind) or PLAIN_KINDS.get(f"{kind.partition('.')[0]}.*" if "." in kind else "")
