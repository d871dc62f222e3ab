"""Parameters Stripe has and the local Stripe does not act on: they are refused, never taken in silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from payloom_emulator.protocol.errors import not_emulated

SUBSCRIPTION = ("billing_schedules", "billing_thresholds", "pending_invoice_item_interval")
ITEM = ("billing_thresholds", "current_trial")
SCHEDULE = ("pause_schedules",)
INVOICE = ("from_invoice", "shipping_cost")
PREVIEW = ("schedule", "schedule_details")
CREDIT_NOTE = ("shipping_cost",)
PAUSE = ("bill_for", "invoicing_behavior")


def refuse(params: Mapping[str, object], names: tuple[str, ...], where: str) -> None:
    """Raise 501 `emulator_not_covered` for the first of `names` that asks for something ("" and empty lists do not)."""
    for name in names:
        if params.get(name):
            raise not_emulated(f"the parameter {name} of {where}")


def refuse_items(items: Sequence[Mapping[str, object]] | None, where: str) -> None:
    """Do the same for each item of a subscription."""
    for item in items or []:
        refuse(item, ITEM, where)
