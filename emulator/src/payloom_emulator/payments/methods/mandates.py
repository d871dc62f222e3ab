"""Mandates: the customer's permission to debit a bank account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import debited_accounts, test_banks
from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.payment_methods import Mandate, PaymentMethod

KINDS = frozenset(debited_accounts.KINDS)
SHOWN_BY_CHARGES = KINDS - {"nz_bank_account"}


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
        "au_becs_debit": {"url": f"{unit.environment.base_url}/_emulator/mandate"},
        "acss_debit": {"interval_description": None, "payment_schedule": "sporadic", "transaction_type": "personal"},
    }
    details = kinds_of_details.get(method["type"], {})
    mandate = unit.create(
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
    if test_banks.bank(method["type"], method.get("_account", "")).mandate_ends == "at_once":
        _end(unit, mandate)
    return mandate


def end(unit: UnitOfWork, method: PaymentMethod) -> None:
    """Make the active mandates of an account inactive, as after a debit that its bank returned."""
    for mandate in unit.list(kinds.MANDATE, payment_method=method["id"]):
        if mandate["status"] == "active":
            _end(unit, mandate)


def _end(unit: UnitOfWork, mandate: Mandate) -> None:
    details = {**members(mandate["payment_method_details"])}
    if "bacs_debit" in details:
        details["bacs_debit"] = {**members(details["bacs_debit"]), "network_status": "refused"}
    unit.change(mandate, {"status": "inactive", "payment_method_details": details}, emits=("mandate.updated",))
