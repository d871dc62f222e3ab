"""Subscriptions: what a customer pays for again and again. https://docs.stripe.com/api/subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from payloom_emulator.billing import older_shapes
from payloom_emulator.billing.invoices import metering
from payloom_emulator.billing.machines import SUBSCRIPTION_MACHINE
from payloom_emulator.billing.pricing import discounts
from payloom_emulator.billing.subscriptions import (
    cancel_subscription,
    create_subscription,
    items,
    payment_reactions,
    renew_subscription,
    resume_subscription,
    subscription_params,
    subscription_timers,
    trial_end,
)
from payloom_emulator.billing.subscriptions.changes import pending_updates, update_subscription
from payloom_emulator.billing.subscriptions.forecast import invoice_forecast
from payloom_emulator.core.declarations.api_changes import Accepted, Change
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.paging import list_of
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas import facts
from payloom_emulator.core.schemas.schema import Schema, read_only, settable
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.api_versions import BASIL, ENDIVE, EVER
from payloom_emulator.protocol.errors import StripeError, invalid, missing
from payloom_emulator.protocol.json_shapes import integer, is_object, members

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.params.shared import BillingModeParams
    from payloom_emulator.objects.params.subscription_items import (
        SubscriptionItemCreateParams,
        SubscriptionItemDeleteParams,
        SubscriptionItemListParams,
        SubscriptionItemUpdateParams,
    )
    from payloom_emulator.objects.params.subscriptions import (
        SubscriptionCancelParams,
        SubscriptionCreateParams,
        SubscriptionListParams,
        SubscriptionMigrateParams,
        SubscriptionPauseParams,
        SubscriptionResumeParams,
        SubscriptionUpdateParams,
    )
    from payloom_emulator.objects.subscriptions import Subscription, SubscriptionItem

ENDED = ("canceled", "incomplete_expired")


def _create(call: RequestContext[SubscriptionCreateParams]) -> Subscription:
    customer_id = required(call.params.get("customer"), "customer")
    customer = call.unit.find(kinds.CUSTOMER, customer_id)
    if customer is None:
        raise missing(kinds.CUSTOMER, customer_id, param="customer")
    call.unit.use_clock_of(customer)
    return create_subscription.begin(call.unit, subscription_params.creation_params(call))


def _update(call: RequestContext[SubscriptionUpdateParams]) -> Subscription:
    subscription = _target(call)
    return update_subscription.update(call, subscription)


def _target(call: RequestContext[Params]) -> Subscription:
    subscription = call.unit.get(kinds.SUBSCRIPTION, call.ids["id"])
    call.unit.use_clock_of(subscription)
    return subscription


def _cancel(call: RequestContext[SubscriptionCancelParams]) -> Subscription:
    subscription = _target(call)
    if subscription["status"] in ENDED:
        raise missing(kinds.SUBSCRIPTION, subscription["id"])
    return cancel_subscription.cancel(
        call.unit,
        subscription,
        reason="cancellation_requested",
        details=call.params.get("cancellation_details"),
        invoice_now=bool(call.params.get("invoice_now")),
        prorate=bool(call.params.get("prorate")),
    )


def _resume(call: ActionContext[SubscriptionResumeParams, Subscription]) -> Subscription:
    return resume_subscription.resume(call, call.target)


def _pause(call: ActionContext[SubscriptionPauseParams, Subscription]) -> Subscription:
    subscription = call.target
    if subscription["status"] not in {"active", "trialing", "past_due", "unpaid"}:
        raise invalid(f"Subscriptions with status `{subscription['status']}` cannot be paused.")
    return trial_end.pause(call.unit, subscription, "pause_requested")


def _migrate(call: ActionContext[SubscriptionMigrateParams, Subscription]) -> Mapping[str, object]:
    subscription = call.target
    if subscription["billing_mode"]["type"] == "flexible":
        raise invalid("The subscription's billing_mode is `flexible` already.", "billing_mode")
    mode = {
        **subscription_params.billing_mode(call.unit, cast("BillingModeParams", call.params["billing_mode"])),
        "updated_at": call.unit.now,
    }
    return call.unit.change(subscription, {"billing_mode": mode})


def _list(call: RequestContext[SubscriptionListParams]) -> Mapping[str, object]:
    status: str | None = call.params.get("status")
    statuses = sorted(SUBSCRIPTION_MACHINE.statuses())
    filters: dict[str, object] = {
        name: call.params.get(name) for name in ("customer", "collection_method", "test_clock") if call.params.get(name)
    }
    if status == "ended":
        filters["status"] = list(ENDED)
    elif not status:
        filters["status"] = [s for s in statuses if s not in ENDED]
    elif status != "all":
        filters["status"] = status
    names = ("price", "plan", "current_period_start", "current_period_end")
    narrow = {name: call.params.get(name) for name in names if call.params.get(name)}
    if taxed := call.params.get("automatic_tax"):
        narrow["automatic_tax"] = taxed
    if not narrow:
        return call.page(kinds.SUBSCRIPTION, **filters)
    rows = [s for s in call.unit.list_by(kinds.SUBSCRIPTION, filters) if _matches(s, narrow)]
    return list_of(rows, call.path, {"limit": 10, **call.params})


def _matches(subscription: Subscription, narrow: JsonMapping) -> bool:
    rows = subscription["items"]["data"]
    for name, sought in narrow.items():
        if name == "automatic_tax":
            if subscription["automatic_tax"]["enabled"] is not members(sought).get("enabled"):
                return False
            continue
        if name in {"price", "plan"}:
            if not any(item["price"]["id"] == sought for item in rows):
                return False
        elif not any(_within(integer(cast("JsonMapping", item)[name]) or 0, sought) for item in rows):
            return False
    return True


def _within(value: int, bounds: object) -> bool:
    if not is_object(bounds):
        return value == bounds
    checks = {"gt": value.__gt__, "gte": value.__ge__, "lt": value.__lt__, "lte": value.__le__}
    return all(checks[name](integer(bound) or 0) for name, bound in bounds.items())


def _drop_discount(call: RequestContext[Params]) -> Mapping[str, object]:
    subscription = _target(call)
    discount_ids = subscription["discounts"]
    if not discount_ids:
        raise StripeError(
            f"No active discount for subscription: {subscription['id']}", status=404, code="resource_missing"
        )
    last = call.unit.get(kinds.DISCOUNT, discount_ids[-1])
    call.unit.change(subscription, {"discounts": []})
    for discount_id in discount_ids:
        discounts.detach(call.unit, discount_id)
    return {**last, "deleted": True}


def _resume_collection(unit: UnitOfWork, subscription: Subscription) -> None:
    if subscription["pause_collection"]:
        unit.change(subscription, {"pause_collection": None})


def _items_of(call: RequestContext[SubscriptionItemListParams]) -> Mapping[str, object]:
    subscription_id = required(call.params.get("subscription"), "subscription")
    subscription = call.unit.get(kinds.SUBSCRIPTION, subscription_id, "subscription")
    rows = items.of(call.unit, subscription)
    return list_of(rows, "/v1/subscription_items", {"limit": 10, **call.params})


def _delete_item(call: RequestContext[SubscriptionItemDeleteParams]) -> Mapping[str, object]:
    item = call.unit.get(kinds.SUBSCRIPTION_ITEM, call.ids["id"])
    subscription = call.unit.get(kinds.SUBSCRIPTION, item["subscription"])
    call.unit.use_clock_of(subscription)
    if call.params.get("clear_usage") and not metering.is_metered(item):
        raise invalid("`clear_usage` is only for metered items.", "clear_usage")
    update_subscription.apply(call, subscription, [{"id": item["id"], "deleted": True}], param="")
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


def _add_item(call: RequestContext[SubscriptionItemCreateParams]) -> SubscriptionItem:
    subscription = call.unit.get(kinds.SUBSCRIPTION, call.params["subscription"], "subscription")
    if subscription["status"] in ENDED:
        raise missing(kinds.SUBSCRIPTION, subscription["id"], param="subscription")
    call.unit.use_clock_of(subscription)
    before = {i["id"] for i in subscription["items"]["data"]}
    update_subscription.apply(call, subscription, [subscription_params.item_params(call.params)], param="")
    return next(i for i in items.of(call.unit, subscription) if i["id"] not in before)


def _change_item(call: RequestContext[SubscriptionItemUpdateParams]) -> SubscriptionItem:
    item = call.unit.get(kinds.SUBSCRIPTION_ITEM, call.ids["id"])
    subscription = call.unit.get(kinds.SUBSCRIPTION, item["subscription"])
    call.unit.use_clock_of(subscription)
    update_subscription.apply(call, subscription, [subscription_params.item_params(call.params, item["id"])], param="")
    return item


def _of_customer(handler: Callable[[RequestContext[Any]], object]) -> Callable[[RequestContext[Any]], object]:
    """Return a handler of `/v1/customers/{customer}/subscriptions…`, as older programs call it."""

    def run(call: RequestContext[Any]) -> object:
        customer = call.unit.get(kinds.CUSTOMER, call.ids["customer"])["id"]
        if "id" not in call.ids:
            return handler(call.with_params({**call.params, "customer": customer}))
        if call.unit.get(kinds.SUBSCRIPTION, call.ids["id"])["customer"] != customer:
            raise missing(kinds.SUBSCRIPTION, call.ids["id"])
        return handler(call)

    return run


_OF_CUSTOMER = tuple(
    Operation(
        method,
        f"/v1/customers/{{customer}}/subscriptions{rest}",
        _of_customer(handler),
        like=f"/v1/subscriptions{rest}",
    )
    for method, rest, handler in (
        ("POST", "", _create),
        ("GET", "", _list),
        ("GET", "/{id}", _target),
        ("POST", "/{id}", _update),
        ("DELETE", "/{id}", _cancel),
    )
)


SUBSCRIPTION = Resource(
    schema=Schema(
        object="subscription",
        prefix="sub_1",
        id_length=23,
        path="/v1/subscriptions",
        fields=(
            read_only("application"),
            settable("application_fee_percent"),
            read_only("automatic_tax"),
            read_only("billing_cycle_anchor"),
            read_only("billing_cycle_anchor_config"),
            read_only("billing_mode"),
            read_only("billing_schedules", []),
            settable("billing_thresholds"),
            read_only("cancel_at"),
            read_only("cancel_at_period_end", False),
            read_only("canceled_at"),
            read_only(
                "cancellation_details", {"comment": None, "feedback": None, "feedback_option": None, "reason": None}
            ),
            read_only("collection_method", "charge_automatically"),
            read_only("created"),
            read_only("currency"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("days_until_due"),
            read_only("default_payment_method"),
            settable("default_source"),
            read_only("default_tax_rates", []),
            settable("description"),
            read_only("discounts", []),
            read_only("ended_at"),
            read_only("invoice_settings", subscription_params.INVOICE_SETTINGS),
            read_only("items"),
            read_only("latest_invoice"),
            read_only("livemode", False),
            read_only("managed_payments", {"enabled": False}),
            settable("metadata", {}),
            read_only("next_pending_invoice_item_invoice"),
            settable("on_behalf_of"),
            read_only("pause_collection"),
            read_only("payment_settings", subscription_params.PAYMENT_SETTINGS),
            settable("pending_invoice_item_interval"),
            read_only("pending_setup_intent"),
            read_only("pending_update"),
            read_only("presentment_details"),
            read_only("schedule"),
            read_only("start_date"),
            read_only("status"),
            read_only("status_details"),
            read_only("test_clock"),
            settable("transfer_data"),
            read_only("trial_end"),
            read_only("trial_settings", subscription_params.TRIAL_SETTINGS),
            read_only("trial_start"),
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
            *_OF_CUSTOMER,
        ),
    ),
    timers={
        "renew": renew_subscription.renew,
        "upcoming": invoice_forecast.announce,
        "trial_will_end": subscription_timers.trial_will_end,
        "cancel": cancel_subscription.on_due,
        "expire": cancel_subscription.expire,
        "resume_collection": _resume_collection,
        "drop_update": pending_updates.drop_update,
    },
    versions=(
        Change(BASIL, older_shapes.subscription_before_basil, expandable=("discount",)),
        Change(EVER, older_shapes.subscription_in_every_version, expandable=("plan",)),
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
            read_only("billed_until"),
            read_only("billing_thresholds"),
            read_only("created"),
            read_only("current_period_end"),
            read_only("current_period_start"),
            read_only("current_trial"),
            read_only("discounts", []),
            read_only("metadata", {}),
            read_only("plan"),
            read_only("price"),
            read_only("quantity"),
            read_only("subscription"),
            read_only("tax_rates", []),
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
