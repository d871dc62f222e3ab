"""Parameters that Stripe takes and no rule here reads: they answer 501, in every API version."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

from payloom_emulator.protocol.errors import not_covered
from payloom_emulator.protocol.form import bracket
from payloom_emulator.protocol.json_shapes import is_array, is_object

_OF_ITEM = ("billing_thresholds", "current_trial")
_OF_SUBSCRIPTION = (
    "billing_schedules",
    "billing_thresholds",
    "pending_invoice_item_interval",
    *(f"items.{name}" for name in _OF_ITEM),
)

UNCOVERED: dict[str, tuple[str, ...]] = {
    "*": (
        "account_holder.customer_account",
        "account_token",
        "customer_account",
        "nz_bank_account.reference",
        "payment_method_data.nz_bank_account.reference",
        "payment_record",
        "person_token",
    ),
    "POST /v1/accounts": ("documents", "groups"),
    "POST /v1/accounts/{}": ("documents", "groups"),
    "POST /v1/accounts/{}/external_accounts/{}": ("documents",),
    "POST /v1/accounts/{}/persons": ("documents",),
    "POST /v1/accounts/{}/persons/{}": ("documents",),
    "POST /v1/accounts/{}/reject": ("payouts_action",),
    "GET /v1/credit_notes/preview": ("shipping_cost",),
    "GET /v1/credit_notes/preview/lines": ("shipping_cost",),
    "POST /v1/credit_notes": ("shipping_cost",),
    "POST /v1/ephemeral_keys": ("issuing_card", "verification_session"),
    "GET /v1/events": ("delivery_success",),
    "POST /v1/invoices": ("from_invoice", "shipping_cost"),
    "POST /v1/invoices/{}": ("shipping_cost",),
    "POST /v1/invoices/{}/add_lines": ("lines.tax_amounts",),
    "POST /v1/invoices/{}/update_lines": ("lines.tax_amounts",),
    "POST /v1/invoices/{}/lines/{}": ("tax_amounts",),
    "POST /v1/invoices/{}/pay": ("mandate",),
    "POST /v1/invoices/create_preview": (
        "schedule",
        "schedule_details",
        *(f"subscription_details.items.{name}" for name in _OF_ITEM),
        "subscription_details.billing_schedules",
        "subscription_details.billing_mode",
        "subscription_details.cancel_at",
        "subscription_details.metadata",
        "subscription_details.pause",
        "subscription_details.resume_at",
        "subscription_details.start_date",
    ),
    "POST /v1/payment_intents/{}/capture": ("hooks",),
    "POST /v1/payment_intents/{}/confirm": ("hooks",),
    "POST /v1/payment_intents/{}/increment_authorization": ("hooks",),
    "POST /v1/payouts": ("payout_method",),
    "POST /v1/sources": ("flow", "mandate", "original_source", "receiver", "redirect", "source_order"),
    "POST /v1/sources/{}": ("amount", "mandate", "source_order"),
    "POST /v1/subscription_items": _OF_ITEM,
    "POST /v1/subscription_items/{}": _OF_ITEM,
    "POST /v1/subscription_schedules": ("pause_schedules",),
    "POST /v1/subscription_schedules/{}": ("pause_schedules",),
    "POST /v1/subscriptions": _OF_SUBSCRIPTION,
    "POST /v1/subscriptions/{}": _OF_SUBSCRIPTION,
    "POST /v1/subscriptions/{}/pause": ("bill_for", "invoicing_behavior"),
}
"""By operation, the parameters that answer 501; a path leads inside. `*`: of every operation."""


# Operations that read what no other does.
READ: dict[str, tuple[str, ...]] = {
    "GET /v1/payment_attempt_records": ("payment_record",),
    "POST /v2/core/accounts": ("account_token",),
    "POST /v2/core/accounts/{}": ("account_token",),
    "POST /v2/core/accounts/{}/persons": ("person_token",),
    "POST /v2/core/accounts/{}/persons/{}": ("person_token",),
}


@functools.cache
def uncovered(operation: tuple[str, str]) -> tuple[str, ...]:
    """Return the parameters of an operation that answer 501."""
    name = " ".join(operation)
    everywhere = (path for path in UNCOVERED["*"] if path not in READ.get(name, ()))
    return (*everywhere, *UNCOVERED.get(name, ()))


def refuse(operation: tuple[str, str], params: Mapping[str, object]) -> None:
    """Answer 501 for the first parameter that no rule reads; "" and empty lists ask for nothing."""
    for path in uncovered(operation):
        for name in _at(params, path.split("."), []):
            reason = f"The local Stripe does not have the parameter `{name}` of `{' '.join(operation)}`"
            raise not_covered(reason, param=name)


def _at(value: object, parts: list[str], where: list[str | int]) -> Iterator[str]:
    if is_array(value):
        for index, inner in enumerate(value):
            yield from _at(inner, parts, [*where, index])
    elif not parts:
        if value not in ("", None, [], {}):
            yield bracket(where)
    elif is_object(value) and parts[0] in value:
        yield from _at(value[parts[0]], parts[1:], [*where, parts[0]])
