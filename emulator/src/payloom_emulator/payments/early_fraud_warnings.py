"""Early fraud warnings: a card's issuer reports a charge as fraud, before its holder disputes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from payloom_emulator.objects import kinds

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.charges import Charge

DELAY_SECONDS = 1


def report(unit: UnitOfWork, charge: Charge) -> None:
    """Timer: the issuer reports the charge. Emits radar.early_fraud_warning.created."""
    if unit.list(kinds.RADAR_EARLY_FRAUD_WARNING, charge=charge["id"], limit=1):
        return
    unit.create(
        kinds.RADAR_EARLY_FRAUD_WARNING,
        {
            "actionable": _is_actionable(charge),
            "charge": charge["id"],
            "fraud_type": "misc",
            "payment_intent": charge["payment_intent"],
        },
    )


def charge_changed(unit: UnitOfWork, charge: Charge) -> None:
    """Nothing is left to do about a charge that is disputed or wholly refunded. Emits the warning's `updated`."""
    if not _is_actionable(charge):
        for warning in unit.list(kinds.RADAR_EARLY_FRAUD_WARNING, charge=charge["id"], actionable=True):
            unit.change(warning, {"actionable": False})


def _is_actionable(charge: Charge) -> bool:
    return not charge["disputed"] and not charge["refunded"]
