"""Mandates: the customer's permission to debit a bank account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.payment_methods import Mandate, PaymentMethod

KINDS = frozenset({"sepa_debit", "us_bank_account", "bacs_debit", "acss_debit", "au_becs_debit"})


def make(
    unit: UnitOfWork, method: PaymentMethod, data: JsonMapping | None, *, single_use: JsonMapping | None = None
) -> Mandate:
    """Make the mandate of a debit. data: the `mandate_data` given; single_use: `{amount, currency}`."""
    acceptance = members((data or {}).get("customer_acceptance"))
    kind = acceptance.get("type", "online")
    kinds_of_details: dict[str, dict[str, object]] = {
        "sepa_debit": {
            "reference": unit.environment.ids.new("", 16).upper(),
            "url": f"{unit.environment.base_url}/_emulator/mandate",
        },
        "us_bank_account": {"collection_method": None},
        "bacs_debit": {
            "network_status": "accepted",
            "reference": unit.environment.ids.new("", 6).upper(),
            "revocation_reason": None,
            "url": f"{unit.environment.base_url}/_emulator/mandate",
            "display_name": None,
            "service_user_number": None,
        },
    }
    details = kinds_of_details.get(method["type"], {})
    return unit.create(
        kinds.MANDATE,
        {
            "customer_acceptance": {
                "accepted_at": acceptance.get("accepted_at", unit.now),
                "type": kind,
                **(
                    {"online": acceptance.get("online") or {"ip_address": "127.0.0.1", "user_agent": "local"}}
                    if kind == "online"
                    else {"offline": {}}
                ),
            },
            "payment_method": method["id"],
            "payment_method_details": {method["type"]: details, "type": method["type"]},
            "type": "single_use" if single_use else "multi_use",
            **({"single_use": single_use} if single_use else {"multi_use": {}}),
        },
        emits=(),
    )
