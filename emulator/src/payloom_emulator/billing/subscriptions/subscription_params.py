"""The parameters of a subscription, in the form in which the subscription keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.billing.subscriptions import items
from payloom_emulator.objects.catalog import Price
from payloom_emulator.objects.present import present
from payloom_emulator.objects.subscriptions import SubscriptionItem
from payloom_emulator.protocol.api_versions import CLOVER
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.declarations.schema import Body
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork

DAY = 86_400


LONGEST_TRIAL_DAYS = 730


def trial(unit: UnitOfWork, params: Body, found: list[Price]) -> int | None:
    """Return when the trial these parameters ask for ends, or None for no trial."""
    end = params.get("trial_end")
    days = params.get("trial_period_days")
    if end is not None and days is not None:
        raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end")
    if end == "now":
        return None
    if end is not None:
        if end <= unit.now:
            raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
        if end > unit.now + 5 * 366 * DAY:
            raise invalid("Invalid timestamp: trial_end can be no more than five years in the future.", "trial_end")
        return end
    if days is None and params.get("trial_from_plan"):
        days = max((present(p["recurring"]).get("trial_period_days") or 0 for p in found), default=0)
    if days is None:
        return None
    if not 0 <= days <= LONGEST_TRIAL_DAYS:
        raise invalid(f"`trial_period_days` must be between 0 and {LONGEST_TRIAL_DAYS}.", "trial_period_days")
    return unit.now + days * DAY if days else None


ANCHOR_CONFIG: Body = dict.fromkeys(("day_of_month", "hour", "minute", "month", "second"))


INVOICE_SETTINGS: Body = {"account_tax_ids": None, "issuer": {"type": "self"}}


PAYMENT_SETTINGS: Body = {
    "payment_method_options": None,
    "payment_method_types": None,
    "save_default_payment_method": "off",
}


TRIAL_SETTINGS: Body = {"end_behavior": {"missing_payment_method": "create_invoice"}}


def nested(params: Body, current: Mapping[str, Any] | None = None) -> Body:
    """Return the settings objects these parameters change, whole."""
    changes: Body = {}
    for name, shape in (
        ("invoice_settings", INVOICE_SETTINGS),
        ("payment_settings", PAYMENT_SETTINGS),
        ("trial_settings", TRIAL_SETTINGS),
    ):
        given = params.get(name)
        base = (current or {}).get(name) or shape
        if given:
            changes[name] = {**base, **{k: (None if v == "" else v) for k, v in given.items()}}
        elif current is None:
            changes[name] = dict(base)
    return changes


def automatic_tax(given: Body | None) -> Body:
    """Return the `automatic_tax` of a subscription."""
    on = bool(given and given.get("enabled"))
    return {"disabled_reason": None, "enabled": on, "liability": {"type": "self"} if on else None}


def billing_mode(unit: UnitOfWork, given: Body | None) -> Body:
    """Return the `billing_mode`: flexible unless asked otherwise."""
    kind = (given or {}).get("type", "flexible")
    if kind == "classic":
        return {"flexible": None, "type": "classic", "updated_at": None}
    asked = (given or {}).get("flexible") or {}
    flexible = {"proration_discounts": asked.get("proration_discounts", "included")}
    return {"flexible": flexible, "type": "flexible", "updated_at": unit.now if given else None}


def ending_fields(unit: UnitOfWork, params: Body, rows: list[SubscriptionItem]) -> Body:
    """Return what `cancel_at_period_end` and `cancel_at` set."""
    if params.get("cancel_at_period_end") and params.get("cancel_at"):
        raise invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at")
    wished = {"comment": None, "feedback": None, "feedback_option": None, "reason": "cancellation_requested"}
    if params.get("cancel_at_period_end"):
        return {
            "cancel_at_period_end": True,
            "cancel_at": items.next_end(cast("list[SubscriptionItem]", rows)),
            "canceled_at": unit.now,
            "cancellation_details": wished,
        }
    if params.get("cancel_at"):
        moment = params["cancel_at"]
        if moment in {"min_period_end", "max_period_end", "max_billed_until"}:
            pick = min if moment == "min_period_end" else max
            moment = pick(r["current_period_end"] for r in rows)
        if moment <= unit.now:
            raise invalid("`cancel_at` must be in the future.", "cancel_at", "invalid_timestamp")
        return {"cancel_at": moment, "canceled_at": unit.now, "cancellation_details": wished}
    return {}


def translate_legacy_params(call: RequestContext) -> Body:
    """Return the parameters in today's form; older versions named coupons and plans directly."""
    params = dict(call.params)
    for name in ("coupon", "promotion_code"):
        if name in params:
            value = params.pop(name)
            params["discounts"] = [{name: value}] if value else ""
    if params.get("plan") and not params.get("items"):
        params["items"] = [{"plan": params.pop("plan"), "quantity": params.pop("quantity", 1)}]
    if "prorate" in params:
        params.setdefault("proration_behavior", "create_prorations" if params.pop("prorate") else "none")
    if call.before(CLOVER) and "billing_mode" not in params and "id" not in call.ids:
        params["billing_mode"] = {"type": "classic"}
    if params.get("trial_period_days") == 0:
        params.pop("trial_period_days")
    return params
