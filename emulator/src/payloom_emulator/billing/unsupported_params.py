"""Parameters Stripe has and the local Stripe does not act on: they are refused, never taken in silence."""

from __future__ import annotations

from typing import Any

from payloom_emulator.protocol.errors import not_emulated

Body = dict[str, Any]

SUBSCRIPTION = ("billing_schedules", "billing_thresholds", "pending_invoice_item_interval")
ITEM = ("billing_thresholds", "current_trial")
SCHEDULE = ("pause_schedules",)
INVOICE = ("from_invoice", "shipping_cost")
PREVIEW = ("schedule", "schedule_details")
CREDIT_NOTE = ("shipping_cost",)
PAUSE = ("bill_for", "invoicing_behavior")


def refuse(params: Body, names: tuple[str, ...], where: str) -> None:
    """Raise 501 `emulator_not_covered` for the first of `names` that asks for something ("" and empty lists do not)."""
    for name in names:
        if params.get(name):
            raise not_emulated(f"the parameter {name} of {where}")


def refuse_items(rows: Any, where: str) -> None:
    """Do the same for each item of a subscription."""
    for row in rows or []:
        refuse(row, ITEM, where)
