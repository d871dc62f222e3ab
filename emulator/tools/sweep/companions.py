"""What else a call needs, or must not have, for a parameter to mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.protocol.param_types import type_of

if TYPE_CHECKING:
    from emulator.tools.sweep.objects import Params

    from payloom_emulator.protocol.param_types import TypeNode

_CONFIRMED: Params = {"confirm": True, "payment_method": "pm_card_visa", "return_url": "https://shop.example/back"}
_TIERED: Params = {
    "billing_scheme": "tiered",
    "tiers_mode": "graduated",
    "tiers": [{"up_to": 5, "unit_amount": 150}, {"up_to": "inf", "unit_amount": 100}],
    "unit_amount": None,
    "amount": None,
}
# By parameter, and where it differs by the fields that the operation has.
_BESIDE: dict[str, Params] = {
    "account": {"card": None},
    "amount_decimal": {"amount": None},
    "bank_account": {"card": None},
    "custom_unit_amount": {"unit_amount": None},
    "cvc_update": {"card": None},
    "descriptor_code": {"amounts": None},
    "error_on_requires_action": _CONFIRMED,
    "person": {"card": None},
    "pii": {"card": None},
    "tiers": _TIERED,
    "tiers_mode": _TIERED,
    "transfer_lookup_key": {"lookup_key": "key-1"},
}
_OF_INTENTS = ("mandate", "mandate_data", "off_session", "return_url", "single_use", "use_stripe_sdk")


def beside(node: TypeNode, name: str) -> Params:
    """Return what an operation is called with besides a parameter; None takes away what it is called with else."""
    if name in _OF_INTENTS and "confirm" in node.fields:
        return _CONFIRMED
    kinds = type_of(node.fields["type"]).choices if "type" in node.fields else ()
    if name in kinds and name != "card":
        return {"type": name, "card": None}
    row = _BESIDE.get(name, {})
    return {field: value for field, value in row.items() if value is None or field in node.fields}
