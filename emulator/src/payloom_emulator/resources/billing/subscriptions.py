"""Subscriptions: what a customer pays for again and again. https://docs.stripe.com/api/subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from payloom_emulator.billing import older_shapes, unsupported_params
from payloom_emulator.billing.invoices import metering
from payloom_emulator.billing.machines import SUBSCRIPTION_MACHINE
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.subscriptions import (
    cancel_subscription,
    create_subscription,
    invoice_forecast,
    items,
    payment_reactions,
    pending_updates,
    renew_subscription,
    resume_subscription,
    subscription_timers,
    update_subscription,
)
from payloom_emulator.core import facts
from payloom_emulator.core.api_changes import Accepted, Change
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.resource import Endpoints, Operation, Resource
from payloom_emulator.core.schema import Body, Schema, fixed, given
from payloom_emulator.protocol.api_versions import BASIL, CLOVER, ENDIVE
from payloom_emulator.protocol.errors import StripeError, invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Call

ENDED = ("canceled", "incomplete_expired")


def _create(call: Call) -> Body:
    call.need("customer")
    call.unit.follow(call.unit.get("customer", call.params["customer"], "customer"))
    return create_subscription.begin(call.unit, create_subscription.older(call))


def _update(call: Call) -> Body:
    subscription = _target(call)
    return update_subscription.update(call, subscription)


def _target(call: Call) -> Body:
    subscription = call.unit.get("subscription", call.ids["id"])
    call.unit.follow(subscription)
    return subscription


def _cancel(call: Call) -> Body:
    subscription = _target(call)
    if subscription["status"] in ENDED:
        raise StripeError(
            f"No such subscription: '{subscription['id']}'", status=404, code="resource_missing", param="id"
        )
    return cancel_subscription.cancel(
        call.unit,
        subscription,
        reason="cancellation_requested",
        details=call.params.get("cancellation_details"),
        invoice_now=bool(call.params.get("invoice_now")),
        prorate=bool(call.params.get("prorate")),
    )


def _resume(call: Call) -> Body:
    return resume_subscription.resume(call, call.target)


def _pause(call: Call) -> Body:
    subscription = call.target
    unsupported_params.refuse(call.params, unsupported_params.PAUSE, "pausing a subscription")
    if subscription["status"] not in {"active", "trialing", "past_due", "unpaid"}:
        raise invalid(f"Subscriptions with status `{subscription['status']}` cannot be paused.")
    return renew_subscription.pause(call.unit, subscription, "pause_requested")


def _migrate(call: Call) -> Body:
    subscription = call.target
    if subscription["billing_mode"]["type"] == "flexible":
        raise invalid("The subscription's billing_mode is `flexible` already.", "billing_mode")
    mode = {**create_subscription.billing_mode(call.unit, call.params["billing_mode"]), "updated_at": call.unit.now}
    return call.unit.change(subscription, {"billing_mode": mode})


def _list(call: Call) -> Body:
    wanted: Any = call.get("status")
    every = sorted(SUBSCRIPTION_MACHINE.statuses())
    filters: Body = {n: call.params[n] for n in ("customer", "collection_method", "test_clock") if call.get(n)}
    if wanted == "ended":
        filters["status"] = list(ENDED)
    elif wanted is None:
        filters["status"] = [s for s in every if s not in ENDED]
    elif wanted != "all":
        filters["status"] = wanted
    narrow = {n: call.get(n) for n in ("price", "plan", "current_period_start", "current_period_end") if call.get(n)}
    if not narrow:
        return call.page("subscription", **filters)
    rows = [s for s in call.unit.list("subscription", **filters) if _matches(s, narrow)]
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _matches(subscription: Body, narrow: Body) -> bool:
    rows = subscription["items"]["data"]
    for name, wanted in narrow.items():
        if name in {"price", "plan"}:
            if not any(i["price"]["id"] == wanted for i in rows):
                return False
        elif not any(_within(i[name], wanted) for i in rows):
            return False
    return True


def _within(value: int, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return value == wanted
    checks = {"gt": value.__gt__, "gte": value.__ge__, "lt": value.__lt__, "lte": value.__le__}
    return all(checks[k](v) for k, v in wanted.items())


def _drop_discount(call: Call) -> Body:
    subscription = _target(call)
    found = subscription["discounts"]
    if not found:
        raise StripeError(
            f"No active discount for subscription: {subscription['id']}", status=404, code="resource_missing"
        )
    last = call.unit.get("discount", found[-1])
    call.unit.change(subscription, {"discounts": []})
    for discount_id in found:
        discounts.detach(call.unit, discount_id)
    return {**last, "deleted": True}


def _resume_collection(unit: Any, subscription: Body) -> None:
    if subscription["pause_collection"]:
        unit.change(subscription, {"pause_collection": None})


def _items_of(call: Call) -> Body:
    call.need("subscription")
    subscription = call.unit.get("subscription", call.params["subscription"], "subscription")
    rows = items.of(call.unit, subscription)
    return list_of(rows, "/v1/subscription_items", {"limit": 10, **call.params})


def _delete_item(call: Call) -> Body:
    item = call.unit.get("subscription_item", call.ids["id"])
    subscription = call.unit.get("subscription", item["subscription"])
    call.unit.follow(subscription)
    if call.params.get("clear_usage") and not metering.is_metered(item):
        raise invalid("`clear_usage` is only for metered items.", "clear_usage")
    update_subscription.apply(call, subscription, [{"id": item["id"], "deleted": True}], param="")
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


def _add_item(call: Call) -> Body:
    subscription = call.unit.get("subscription", call.params["subscription"], "subscription")
    call.unit.follow(subscription)
    before = {i["id"] for i in subscription["items"]["data"]}
    update_subscription.apply(call, subscription, [update_subscription.item_params(call)], param="")
    return next(i for i in items.of(call.unit, subscription) if i["id"] not in before)


def _change_item(call: Call) -> Body:
    item = call.unit.get("subscription_item", call.ids["id"])
    subscription = call.unit.get("subscription", item["subscription"])
    call.unit.follow(subscription)
    update_subscription.apply(
        call, subscription, [{"id": item["id"], **update_subscription.item_params(call)}], param=""
    )
    return item


SUBSCRIPTION = Resource(
    schema=Schema(
        object="subscription",
        prefix="sub_1",
        id_length=23,
        path="/v1/subscriptions",
        fields=(
            fixed("application"),
            given("application_fee_percent"),
            fixed("automatic_tax"),
            fixed("billing_cycle_anchor"),
            fixed("billing_cycle_anchor_config"),
            fixed("billing_mode"),
            fixed("billing_schedules", []),
            given("billing_thresholds"),
            fixed("cancel_at"),
            fixed("cancel_at_period_end", False),
            fixed("canceled_at"),
            fixed("cancellation_details", {"comment": None, "feedback": None, "feedback_option": None, "reason": None}),
            fixed("collection_method", "charge_automatically"),
            fixed("created"),
            fixed("currency"),
            fixed("customer"),
            fixed("customer_account"),
            fixed("days_until_due"),
            fixed("default_payment_method"),
            given("default_source"),
            fixed("default_tax_rates", []),
            given("description"),
            fixed("discounts", []),
            fixed("ended_at"),
            fixed("invoice_settings", create_subscription.INVOICE_SETTINGS),
            fixed("items"),
            fixed("latest_invoice"),
            fixed("livemode", False),
            fixed("managed_payments", {"enabled": False}),
            given("metadata", {}),
            fixed("next_pending_invoice_item_invoice"),
            given("on_behalf_of"),
            fixed("pause_collection"),
            fixed("payment_settings", create_subscription.PAYMENT_SETTINGS),
            given("pending_invoice_item_interval"),
            fixed("pending_setup_intent"),
            fixed("pending_update"),
            fixed("presentment_details"),
            fixed("schedule"),
            fixed("start_date"),
            fixed("status"),
            fixed("status_details"),
            fixed("test_clock"),
            given("transfer_data"),
            fixed("trial_end"),
            fixed("trial_settings", create_subscription.TRIAL_SETTINGS),
            fixed("trial_start"),
        ),
        machine=SUBSCRIPTION_MACHINE,
        on_create=("customer.subscription.created",),
        on_update=("customer.subscription.updated",),
        filters=("customer", "status", "collection_method", "test_clock", "schedule"),
        search=("created", "metadata", "status"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "search"),
        actions={"resume": _resume, "pause": _pause, "migrate": _migrate},
        operations=(
            Operation("POST", "/v1/subscriptions", _create),
            Operation("GET", "/v1/subscriptions", _list),
            Operation("POST", "/v1/subscriptions/{id}", _update),
            Operation("DELETE", "/v1/subscriptions/{id}", _cancel),
            Operation("DELETE", "/v1/subscriptions/{id}/discount", _drop_discount),
        ),
    ),
    timers={
        "renew": renew_subscription.renew,
        "upcoming": invoice_forecast.announce,
        "trial_will_end": subscription_timers.trial_will_end,
        "cancel": cancel_subscription.due,
        "expire": cancel_subscription.expire,
        "resume_collection": _resume_collection,
        "drop_update": pending_updates.drop_update,
    },
    versions=(
        Change(BASIL, older_shapes.subscription_before_basil, expandable=("discount",)),
        Change(CLOVER, older_shapes.subscription_before_clover, expandable=("plan",)),
        Accepted(BASIL, "POST", "/v1/subscriptions", {**older_shapes.OLD_DISCOUNTS, **older_shapes.OLD_PLAN}),
        Accepted(BASIL, "POST", "/v1/subscriptions/{}", {**older_shapes.OLD_DISCOUNTS, **older_shapes.OLD_PLAN}),
        Accepted(ENDIVE, "POST", "/v1/subscriptions/{}", older_shapes.OLD_ANCHOR),
        Accepted(ENDIVE, "POST", "/v1/subscriptions/{}/resume", older_shapes.OLD_ANCHOR),
    ),
    reacts={
        facts.SETUP_SUCCEEDED: (payment_reactions.set_up,),
        facts.INVOICE_PAID: (payment_reactions.invoice_paid,),
        facts.INVOICE_PAYMENT_FAILED: (payment_reactions.invoice_failed,),
        facts.INVOICE_OVERDUE: (payment_reactions.invoice_overdue,),
    },
)


SUBSCRIPTION_ITEM = Resource(
    schema=Schema(
        object="subscription_item",
        prefix="si_",
        id_length=14,
        path="/v1/subscription_items",
        fields=(
            fixed("billed_until"),
            fixed("billing_thresholds"),
            fixed("created"),
            fixed("current_period_end"),
            fixed("current_period_start"),
            fixed("current_trial"),
            fixed("discounts", []),
            fixed("metadata", {}),
            fixed("plan"),
            fixed("price"),
            fixed("quantity"),
            fixed("subscription"),
            fixed("tax_rates", []),
        ),
        filters=("subscription",),
        has_livemode=False,
    ),
    endpoints=Endpoints(
        can=("retrieve",),
        operations=(
            Operation("POST", "/v1/subscription_items", _add_item),
            Operation("GET", "/v1/subscription_items", _items_of),
            Operation("POST", "/v1/subscription_items/{id}", _change_item),
            Operation("DELETE", "/v1/subscription_items/{id}", _delete_item),
        ),
    ),
)


RESOURCES = (SUBSCRIPTION, SUBSCRIPTION_ITEM)
