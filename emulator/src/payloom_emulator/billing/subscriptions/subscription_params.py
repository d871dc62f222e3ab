"""The parameters of a subscription, in the form in which the subscription keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing.subscriptions import items
from payloom_emulator.catalog.automatic_tax import check_location
from payloom_emulator.connect import liability
from payloom_emulator.kit.named_members import with_named
from payloom_emulator.kit.present import present
from payloom_emulator.protocol.api_versions import CLOVER
from payloom_emulator.protocol.errors import in_past, invalid, too_far

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import InvoiceIssuer
    from payloom_emulator.objects.params.shared import AutomaticTaxParams, BillingModeParams, ItemParams
    from payloom_emulator.objects.params.subscription_items import (
        SubscriptionItemCreateParams,
        SubscriptionItemUpdateParams,
    )
    from payloom_emulator.objects.params.subscriptions import SubscriptionCreateParams, SubscriptionUpdateParams
    from payloom_emulator.objects.state import DiscountChoice
    from payloom_emulator.objects.subscriptions import (
        Subscription,
        SubscriptionAutomaticTax,
        SubscriptionBillingMode,
        SubscriptionItem,
    )

DAY = 86_400


LONGEST_TRIAL_DAYS = 730

NO_DAYS_UNTIL_DUE = "If invoice collection method is 'send_invoice', you must specify 'days_until_due'."


def trial(unit: UnitOfWork, params: SubscriptionCreateParams, item_prices: list[Price]) -> int | None:
    """Return when the trial these parameters ask for ends (Unix seconds), or None for no trial."""
    end = params.get("trial_end")
    days = params.get("trial_period_days")
    if params.get("trial_from_plan") and (end is not None or days is not None):
        raise invalid("You cannot set `trial_end` or `trial_period_days` when `trial_from_plan=true`.")
    if end is not None and days is not None:
        raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end")
    if end == "now":
        return None
    if end is not None:
        if end <= unit.now:
            raise in_past("trial_end", end)
        if end > unit.now + 5 * 366 * DAY:
            raise too_far("trial_end")
        return end
    if days is None and params.get("trial_from_plan"):
        days = max((present(p["recurring"]).get("trial_period_days") or 0 for p in item_prices), default=0)
    if days is None:
        return None
    if not 0 <= days <= LONGEST_TRIAL_DAYS:
        raise invalid(f"`trial_period_days` must be between 0 and {LONGEST_TRIAL_DAYS}.", "trial_period_days")
    return unit.now + days * DAY if days else None


ANCHOR_CONFIG: dict[str, int | None] = dict.fromkeys(("day_of_month", "hour", "minute", "month", "second"))


INVOICE_SETTINGS: Mapping[str, object] = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": {"type": "self"},
}


PAYMENT_SETTINGS: Mapping[str, object] = {
    "payment_method_options": None,
    "payment_method_types": None,
    "save_default_payment_method": "off",
}


TRIAL_SETTINGS: Mapping[str, object] = {
    "end_behavior": {"billing_cycle_anchor": "now", "missing_payment_method": "create_invoice"}
}


def nested(
    params: SubscriptionCreateParams | SubscriptionUpdateParams, current: Subscription | None = None
) -> dict[str, object]:
    """Return the settings objects these parameters change, whole. current: the subscription that they change."""
    changes: dict[str, object] = {}
    settings: tuple[tuple[str, Mapping[str, object] | None, Mapping[str, object] | None, Mapping[str, object]], ...] = (
        (
            "invoice_settings",
            params.get("invoice_settings"),
            current["invoice_settings"] if current else None,
            INVOICE_SETTINGS,
        ),
        (
            "payment_settings",
            params.get("payment_settings"),
            current["payment_settings"] if current else None,
            PAYMENT_SETTINGS,
        ),
        (
            "trial_settings",
            params.get("trial_settings"),
            current["trial_settings"] if current else None,
            TRIAL_SETTINGS,
        ),
    )
    for name, value, stored, default in settings:
        base = stored or default
        if value:
            changes[name] = {**base, **{k: (None if v == "" else v) for k, v in value.items()}}
        elif current is None:
            changes[name] = dict(base)
    return changes


def automatic_tax(unit: UnitOfWork, params: AutomaticTaxParams | None, customer: Customer) -> SubscriptionAutomaticTax:
    """Return the `automatic_tax` of a subscription. Raises for a customer whose place nobody can tell."""
    on = bool(params and params["enabled"])
    if on:
        check_location(unit, customer)
    liable = cast("InvoiceIssuer | None", liability.of_taxes(unit, params))
    return {"disabled_reason": None, "enabled": on, "liability": liable}


def billing_mode(unit: UnitOfWork, params: BillingModeParams | None) -> SubscriptionBillingMode:
    """Return the `billing_mode`: flexible unless asked otherwise."""
    if params and params["type"] == "classic":
        return {"flexible": None, "type": "classic", "updated_at": None}
    flexible = (params.get("flexible") if params else None) or {}
    return {
        "flexible": {"proration_discounts": flexible.get("proration_discounts", "included")},
        "type": "flexible",
        "updated_at": unit.now,
    }


def ending_fields(
    unit: UnitOfWork, params: SubscriptionCreateParams | SubscriptionUpdateParams, rows: list[SubscriptionItem]
) -> dict[str, object]:
    """Return what `cancel_at_period_end` and `cancel_at` set."""
    if params.get("cancel_at_period_end") and params.get("cancel_at"):
        raise invalid("You may only specify one of these parameters: cancel_at, cancel_at_period_end.", "cancel_at")
    wished = {"comment": None, "feedback": None, "feedback_option": None, "reason": "cancellation_requested"}
    if params.get("cancel_at_period_end"):
        return {
            "cancel_at_period_end": True,
            "cancel_at": items.next_end(rows),
            "canceled_at": unit.now,
            "cancellation_details": wished,
        }
    moment = params.get("cancel_at")
    if moment:
        if isinstance(moment, str):
            pick = min if moment == "min_period_end" else max
            moment = pick(r["current_period_end"] for r in rows)
        if moment <= unit.now:
            raise invalid("`cancel_at` must be in the future.", "cancel_at", "invalid_timestamp")
        return {"cancel_at": moment, "canceled_at": unit.now, "cancellation_details": wished}
    return {}


def creation_params(call: RequestContext[SubscriptionCreateParams]) -> SubscriptionCreateParams:
    """Return the parameters of a new subscription in today's form."""
    params = call.params.copy()
    _rename(params)
    if params.get("plan") and not params.get("items"):
        params["items"] = [{"plan": params.pop("plan", ""), "quantity": params.pop("quantity", 1)}]
    if call.before(CLOVER) and "billing_mode" not in params:
        params["billing_mode"] = {"type": "classic"}
    if params.get("trial_period_days") == 0:
        params.pop("trial_period_days")
    return params


def update_params(
    call: RequestContext[SubscriptionUpdateParams], subscription: Subscription
) -> SubscriptionUpdateParams:
    """Return the parameters of an update in today's form: `plan` and `quantity` are those of the only item."""
    params = call.params.copy()
    _rename(params)
    if "items" in params or not ("plan" in params or "quantity" in params):
        return params
    rows = subscription["items"]["data"]
    if len(rows) != 1:
        raise invalid(
            "You cannot update a subscription with multiple items by `plan` or `quantity`. Use `items` instead.",
            "plan" if "plan" in params else "quantity",
        )
    only: ItemParams = {"id": rows[0]["id"]}
    params["items"] = [with_named(only, params, "plan", "quantity")]
    params.pop("plan", None)
    params.pop("quantity", None)
    return params


def _rename(params: SubscriptionCreateParams | SubscriptionUpdateParams) -> None:
    """Give discounts and proration today's names; older versions named a coupon directly."""
    if "coupon" in params:
        coupon: DiscountChoice = {"coupon": params.pop("coupon")}
        params["discounts"] = [coupon] if coupon["coupon"] else ""
    if "promotion_code" in params:
        code: DiscountChoice = {"promotion_code": params.pop("promotion_code")}
        params["discounts"] = [code] if code["promotion_code"] else ""
    if "prorate" in params:
        params.setdefault("proration_behavior", "create_prorations" if params.pop("prorate") else "none")


ITEM_PARAMS = ("billing_thresholds", "discounts", "metadata", "plan", "price", "price_data", "quantity", "tax_rates")
"""What a caller may say about one item of a subscription."""


def item_params(
    params: SubscriptionItemCreateParams | SubscriptionItemUpdateParams, item_id: str | None = None
) -> ItemParams:
    """Return the parameters of one item from a call on /v1/subscription_items. item_id: the item that changes."""
    choice: ItemParams = {"id": item_id} if item_id else {}
    return with_named(choice, params, *ITEM_PARAMS)
