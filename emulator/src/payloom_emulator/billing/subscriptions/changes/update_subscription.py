"""Changes to a running subscription: items with proration, trial, anchor, collection, and when payment is in doubt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from payloom_emulator.billing.embedded_objects import tax_rates
from payloom_emulator.billing.invoices import add_invoice_items, collect_invoice, invoice_lifecycle, lines, payments
from payloom_emulator.billing.pricing import amounts, discounts, periods
from payloom_emulator.billing.subscriptions import (
    create_subscription,
    items,
    proration,
    subscription_params,
    subscription_status,
    subscription_timers,
    trial_end,
)
from payloom_emulator.billing.subscriptions.changes import pending_updates, subscription_change
from payloom_emulator.billing.subscriptions.changes.subscription_change import SubscriptionChange
from payloom_emulator.connect import fees
from payloom_emulator.core.differences import with_changes
from payloom_emulator.core.schemas.schema import overlay
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.errors import in_past, invalid
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.catalog import Price
    from payloom_emulator.objects.customers import Customer
    from payloom_emulator.objects.invoices import Invoice
    from payloom_emulator.objects.params.subscription_items import (
        SubscriptionItemCreateParams,
        SubscriptionItemDeleteParams,
        SubscriptionItemUpdateParams,
    )
    from payloom_emulator.objects.params.subscriptions import SubscriptionUpdateParams
    from payloom_emulator.objects.state import DiscountChoice, ItemChoice
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem

_CHARGED = frozenset({"active", "past_due", "unpaid"})


_PENDABLE = frozenset(
    [
        "add_invoice_items",
        "billing_cycle_anchor",
        "expand",
        "items",
        "metadata",
        "off_session",
        "payment_behavior",
        "proration_behavior",
        "proration_date",
        "trial_end",
        "trial_from_plan",
    ]
)


_LATE = frozenset({"metadata", "cancellation_details", "expand"})


_PLAIN = frozenset(
    [
        "application_fee_percent",
        "billing_thresholds",
        "default_source",
        "description",
        "on_behalf_of",
        "pending_invoice_item_interval",
        "transfer_data",
    ]
)


ChangeParams: TypeAlias = "SubscriptionUpdateParams | SubscriptionItemCreateParams | SubscriptionItemUpdateParams | SubscriptionItemDeleteParams"
"""What a call says about proration and payment: on a subscription, or on one of its items."""


def apply(
    call: RequestContext[ChangeParams],
    subscription: Subscription,
    choices: list[ItemChoice],
    *,
    param: str = "items",
) -> Subscription:
    """Change items as the parameters of a call say about proration and payment."""
    return apply_change(call.unit, subscription, _change_of(call.unit, call.params, choices, param))


def _change_of(
    unit: UnitOfWork, params: ChangeParams, choices: Sequence[ItemChoice], param: str = "items"
) -> SubscriptionChange:
    return SubscriptionChange(
        items=list(choices),
        behavior=params.get("proration_behavior")
        or ("none" if params.get("prorate") is False else "create_prorations"),
        moment=params.get("proration_date") or unit.now,
        payment_behavior=params.get("payment_behavior") or "allow_incomplete",
        off_session=bool(params.get("off_session")),
        param=param,
    )


def update(call: RequestContext[SubscriptionUpdateParams], subscription: Subscription) -> Subscription:
    """Carry out `POST /v1/subscriptions/{id}`."""
    unit = call.unit
    params = subscription_params.update_params(call, subscription)
    if subscription["status"] in {"canceled", "incomplete_expired"} and any(name not in _LATE for name in params):
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )
    change = _change_of(unit, params, params.get("items") or [])
    change.trial_end = params.get("trial_end")
    change.anchor_now = anchor_type(params.get("billing_cycle_anchor")) == "now"
    change.extras = params.get("add_invoice_items") or []
    change.fields = _fields(unit, subscription, params)
    wrong = next((p for p in params if p not in _PENDABLE), "")
    if change.payment_behavior == "pending_if_incomplete" and wrong:
        raise invalid(
            f"The following arguments are not supported when `payment_behavior=pending_if_incomplete`: {wrong}.",
            wrong,
        )
    return apply_change(unit, subscription, change)


def anchor_type(anchor: Mapping[str, object] | str | None) -> str | None:
    """Return what becomes of the anchor: the text that older versions sent, or the `type` of today's object."""
    return str(anchor["type"]) if isinstance(anchor, Mapping) else anchor


def _fields(unit: UnitOfWork, subscription: Subscription, params: SubscriptionUpdateParams) -> dict[str, object]:
    """Return the changes that have nothing to do with money."""
    changes: dict[str, object] = {}
    payments.check_source(unit, params.get("default_source"), "default_source")
    transfer = params.get("transfer_data", subscription.get("transfer_data"))
    fees.check(unit, params.get("application_fee_percent"), transfer, param="application_fee_percent")
    changes.update({name: None if value == "" else value for name, value in params.items() if name in _PLAIN})
    method_id = params.get("default_payment_method")
    payment_methods.check_owner(unit, method_id, subscription["customer"], "default_payment_method")
    if method_id:
        changes["default_payment_method"] = method_id
    if "default_tax_rates" in params:
        changes["default_tax_rates"] = tax_rates(unit, params["default_tax_rates"], "default_tax_rates")
    if "automatic_tax" in params:
        customer = unit.get(kinds.CUSTOMER, subscription["customer"])
        changes["automatic_tax"] = subscription_params.automatic_tax(unit, params["automatic_tax"], customer)
    if "metadata" in params:
        changes["metadata"] = merge_metadata(subscription["metadata"], params["metadata"])
    if "cancellation_details" in params:
        changes["cancellation_details"] = overlay(
            present(subscription["cancellation_details"]), params["cancellation_details"]
        )
    changes.update(subscription_params.nested(params, subscription))
    changes.update(_collection(subscription, params))
    changes.update(_ending(unit, subscription, params))
    changes.update(_pausing(unit, subscription, params))
    if "discounts" in params:
        changes["discounts"] = _discounts(unit, subscription, params["discounts"])
    return changes


def _collection(subscription: Subscription, params: SubscriptionUpdateParams) -> dict[str, object]:
    method = params.get("collection_method", subscription["collection_method"])
    days = params.get("days_until_due", subscription["days_until_due"])
    if method == "send_invoice" and days is None:
        raise invalid(subscription_params.NO_DAYS_UNTIL_DUE)
    changes: dict[str, object] = {} if method == subscription["collection_method"] else {"collection_method": method}
    due = days if method == "send_invoice" else None
    if due != subscription["days_until_due"]:
        changes["days_until_due"] = due
    return changes


def _ending(unit: UnitOfWork, subscription: Subscription, params: SubscriptionUpdateParams) -> dict[str, object]:
    rows = items.of(unit, subscription)
    if subscription["schedule"] and ("cancel_at_period_end" in params or "cancel_at" in params):
        raise invalid(
            f"The subscription is managed by the subscription schedule `{subscription['schedule']}`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead."
        )
    if params.get("cancel_at_period_end") or params.get("cancel_at"):
        return subscription_params.ending_fields(unit, params, rows)
    off = params.get("cancel_at_period_end") is False and subscription["cancel_at_period_end"]
    if off or params.get("cancel_at") == "":
        details = {**present(subscription["cancellation_details"]), "reason": None}
        return {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None, "cancellation_details": details}
    return {}


def _pausing(unit: UnitOfWork, subscription: Subscription, params: SubscriptionUpdateParams) -> dict[str, object]:
    if "pause_collection" not in params:
        return {}
    unit.unschedule("resume_collection", subscription)
    pause = params["pause_collection"]
    if pause == "":
        return {"pause_collection": None}
    resumes = pause.get("resumes_at")
    if resumes is not None:
        unit.schedule("resume_collection", subscription, resumes)
    return {"pause_collection": {"behavior": pause["behavior"], "resumes_at": resumes}}


def _discounts(
    unit: UnitOfWork, subscription: Subscription, choices: Sequence[DiscountChoice] | Literal[""]
) -> list[str]:
    new = discounts.attach(
        unit,
        choices,
        customer=subscription["customer"],
        currency=subscription["currency"],
        subscription=subscription["id"],
    )
    for discount_id in subscription["discounts"]:
        if discount_id not in new:
            discounts.detach(unit, discount_id)
    return new


# --- items and money -------------------------------------------------------------------------------------------------


def apply_change(unit: UnitOfWork, subscription: Subscription, change: SubscriptionChange) -> Subscription:
    """Apply a change: items, prorations, a new cycle when one begins, and the invoice that is due at once."""
    _check_moment(unit, subscription, change)
    before = {i["id"]: i.copy() for i in items.of(unit, subscription)}
    subscription_before = subscription.copy()
    rows, touched = subscription_change.new_items(unit, subscription, change, before)
    fresh = _new_cycle(unit, subscription, change, before, rows)
    if _stops_with_trial(unit, subscription, change, rows):
        return subscription
    trial = change.trial_end if isinstance(change.trial_end, int) else None
    charged = subscription["status"] in _CHARGED and change.behavior != "none"
    credited = [item_id for item_id in (before if fresh or trial else touched) if charged and item_id in before]
    for item_id in credited:
        proration.credit(unit, subscription, before[item_id], change.moment)
    changes = dict(change.fields)
    status = subscription["status"]
    if trial:
        changes.update(_begin_trial(unit, subscription, rows, trial))
        status = "trialing"
    elif fresh:
        changes.update(begin_cycle(unit, subscription, rows))
        status = "active" if status == "trialing" else status
    elif charged:
        for row in rows:
            if row["id"] in touched or row["id"] not in before:
                proration.charge(unit, subscription, row, change.moment)
    if change.items or fresh or trial:
        changes["items"] = items.listed(subscription["id"], rows)
    customer = unit.get(kinds.CUSTOMER, subscription["customer"])
    add_invoice_items.add(unit, change.extras, customer, subscription["id"], subscription["currency"])
    invoice = None
    if fresh or (change.behavior == "always_invoice" and (touched or trial or len(rows) != len(before))):
        invoice = bill_now(unit, with_changes(subscription, changes), customer, rows if fresh else [])
    if invoice is not None:
        changes["latest_invoice"] = invoice["id"]
    subscription_status.set_status(unit, subscription, status, changes)
    subscription_timers.plan(unit, subscription)
    if invoice is not None:
        _pay(unit, subscription, invoice, change, before=before, subscription_before=subscription_before)
    return subscription


def _stops_with_trial(
    unit: UnitOfWork, subscription: Subscription, change: SubscriptionChange, rows: list[SubscriptionItem]
) -> bool:
    """Return whether the change ends a trial after which nothing can be charged: the subscription is over or paused."""
    if change.trial_end != "now" or subscription["status"] != "trialing":
        return False
    unit.change(subscription, {"trial_end": unit.now, "items": items.listed(subscription["id"], rows)}, emits=())
    return not trial_end.continues(unit, subscription)


def _check_moment(unit: UnitOfWork, subscription: Subscription, change: SubscriptionChange) -> None:
    rows = subscription["items"]["data"]
    if change.moment == unit.now or not rows:
        change.moment = change.moment or unit.now
        return
    start, end = rows[0]["current_period_start"], rows[0]["current_period_end"]
    if not start <= change.moment <= end:
        raise invalid(
            f"Cannot specify proration date outside of current subscription period ({start} - {end}).",
            "proration_date",
        )


def _new_cycle(
    unit: UnitOfWork,
    subscription: Subscription,
    change: SubscriptionChange,
    before: dict[str, SubscriptionItem],
    rows: list[SubscriptionItem],
) -> bool:
    """Return whether a new billing cycle begins now."""
    if isinstance(change.trial_end, int):
        if change.trial_end <= unit.now:
            raise in_past("trial_end", change.trial_end)
        return False
    if change.anchor_now or (change.trial_end == "now" and subscription["status"] == "trialing"):
        return True
    if subscription["status"] == "trialing":
        return False
    for row in rows:
        old = before.get(row["id"])
        if old is None or old["price"]["id"] == row["price"]["id"]:
            continue
        if periods.cycle(old["price"]) != periods.cycle(row["price"]):
            return True
        if _is_free(old["price"]) and not _is_free(row["price"]):
            return True
    return False


def _is_free(price: Price) -> bool:
    return price.get("unit_amount") == 0 and price["billing_scheme"] == "per_unit"


def _begin_trial(
    unit: UnitOfWork, subscription: Subscription, rows: list[SubscriptionItem], end: int
) -> dict[str, object]:
    for row in rows:
        start = row["current_period_start"] if subscription["status"] == "trialing" else unit.now
        unit.change(row, {"current_period_start": start, "current_period_end": end}, emits=())
    started = subscription["trial_start"] if subscription["status"] == "trialing" else unit.now
    return {"trial_start": started, "trial_end": end, "billing_cycle_anchor": end}


def begin_cycle(unit: UnitOfWork, subscription: Subscription, rows: list[SubscriptionItem]) -> dict[str, object]:
    """Begin all items' periods now; return what that changes on the subscription."""
    for row in rows:
        end = items.period_end(unit.now, row["price"], unit.now)
        unit.change(row, {"current_period_start": unit.now, "current_period_end": end}, emits=())
    changes: dict[str, object] = {"billing_cycle_anchor": unit.now}
    if subscription["status"] == "trialing":
        changes["trial_end"] = unit.now
    return changes


def bill_now(
    unit: UnitOfWork, subscription: Subscription, customer: Customer, rows: list[SubscriptionItem]
) -> Invoice | None:
    """Return the final invoice over these items' periods and what was pending, or None for nothing."""
    charged = [
        lines.for_item(
            unit,
            subscription,
            row,
            start=row["current_period_start"],
            end=row["current_period_end"],
            quantity=0 if amounts.is_metered(row["price"]) else None,
        )
        for row in rows
    ]
    charged += invoice_lifecycle.pending_lines(
        unit, customer["id"], subscription=subscription["id"], currency=subscription["currency"]
    )
    if not charged:
        return None
    about = create_subscription.invoice_fields(subscription, "subscription_update", customer)
    about["parent"] = invoice_lifecycle.subscription_parent(subscription)
    invoice = invoice_lifecycle.draft(unit, customer, charged, about)
    return invoice_lifecycle.finalize(unit, invoice)


def _pay(
    unit: UnitOfWork,
    subscription: Subscription,
    invoice: Invoice,
    change: SubscriptionChange,
    *,
    before: dict[str, SubscriptionItem],
    subscription_before: Subscription,
) -> None:
    behavior = change.payment_behavior
    if behavior == "pending_if_incomplete":
        unit.change(subscription, {"_pending_invoice": invoice["id"]}, emits=())
    declined = collect_invoice.advance(
        unit, invoice, attempt=behavior != "default_incomplete", off_session=change.off_session
    )
    if invoice["status"] != "open" or invoice["collection_method"] == "send_invoice":
        unit.change(subscription, {"_pending_invoice": None}, emits=())
        return
    if behavior == "error_if_incomplete":
        raise create_subscription.incomplete(declined)
    if behavior == "pending_if_incomplete":
        pending_updates.defer_update(unit, subscription, change, before, subscription_before)
    elif subscription["status"] == "active":
        intent = collect_invoice.intent_of(unit, invoice)
        if intent is None or intent["status"] != "processing":
            subscription_status.set_status(unit, subscription, "past_due")
