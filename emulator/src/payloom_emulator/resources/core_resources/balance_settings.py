"""Balance settings: when an account is paid out, and when its money settles. https://docs.stripe.com/api/balance-settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schemas.schema import Schema, read_only
from payloom_emulator.kit.kind import Kind
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import elements, is_object, members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

SETTINGS: Kind[dict[str, object]] = Kind("balance_settings")
_PAYMENTS: dict[str, object] = {
    "debit_negative_balances": True,
    "payouts": {
        "automatic_transfer_rules_by_currency": None,
        "minimum_balance_by_currency": None,
        "schedule": {"interval": "daily"},
        "statement_descriptor": None,
        "status": "enabled",
    },
    "settlement_timing": {"delay_days": 2, "delay_days_override": None, "start_of_day": None},
}
_DAYS = {"monthly": "monthly_payout_days", "weekly": "weekly_payout_days"}
_LONGEST_DELAY = 31


def _settings(unit: UnitOfWork) -> dict[str, object]:
    existing = unit.list(SETTINGS, limit=1)
    return existing[0] if existing else unit.create(SETTINGS, {"payments": _PAYMENTS})


def _shown(settings: Mapping[str, object]) -> dict[str, object]:
    return {"object": "balance_settings", "payments": settings["payments"]}


def _update(call: RequestContext[Params]) -> Mapping[str, object]:
    settings = _settings(call.unit)
    before, params = members(settings["payments"]), members(call.params.get("payments"))
    payments: dict[str, object] = {**before}
    if "debit_negative_balances" in params:
        payments["debit_negative_balances"] = params["debit_negative_balances"]
    payouts = members(params.get("payouts"))
    if payouts:
        merged = {**members(before["payouts"]), **{k: v or None for k, v in payouts.items() if k != "schedule"}}
        if is_object(payouts.get("schedule")):
            merged["schedule"] = _schedule(members(payouts["schedule"]), members(merged["schedule"]))
        payments["payouts"] = merged
    timing = members(params.get("settlement_timing"))
    if timing:
        payments["settlement_timing"] = _timing(timing, members(before["settlement_timing"]))
    if payments != before:
        previous = {"payments": before}
        call.unit.change(settings, {"payments": payments}, emits=())
        call.unit.emit("balance_settings.updated", _shown(settings), previous)
    return _shown(settings)


def _schedule(params: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    """Return the new schedule: days of the month or the week belong to their interval."""
    interval = str(params.get("interval") or before["interval"])
    schedule: dict[str, object] = {"interval": interval}
    for name, field in _DAYS.items():
        days = elements(params.get(field))
        param = f"payments[payouts][schedule][{field}]"
        if days and interval != name:
            raise invalid(f"`{field}` can only be set when the interval is `{name}`.", param)
        if interval == name:
            schedule[field] = days or elements(before.get(field))
            if not schedule[field]:
                raise invalid(f"Missing required param: {param}.", param, "parameter_missing")
    return schedule


def _timing(params: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    timing = {**before}
    if "delay_days_override" in params:
        delay = params["delay_days_override"] or None
        if isinstance(delay, int) and not 1 <= delay <= _LONGEST_DELAY:
            raise invalid(
                f"The delay must be between 1 and {_LONGEST_DELAY} days.",
                "payments[settlement_timing][delay_days_override]",
            )
        timing.update({"delay_days_override": delay, "delay_days": delay or 2})
    if "start_of_day" in params:
        timing["start_of_day"] = params["start_of_day"] or None
    return timing


RESOURCES = (
    Resource(
        schema=Schema(
            object="balance_settings",
            prefix="balset_1",
            fields=(read_only("payments"),),
            has_created=False,
            has_livemode=False,
        ),
        endpoints=Endpoints(
            can=(),
            operations=(
                Operation("GET", "/v1/balance_settings", lambda call: _shown(_settings(call.unit))),
                Operation("POST", "/v1/balance_settings", _update),
            ),
        ),
    ),
)
