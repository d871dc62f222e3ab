"""Subscription schedules: a subscription planned in phases. https://docs.stripe.com/api/subscription_schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing.machines import SCHEDULE_MACHINE
from payloom_emulator.billing.subscriptions import subscription_params
from payloom_emulator.billing.subscriptions.changes import schedule_phases, subscription_schedules
from payloom_emulator.core.declarations.api_changes import Accepted
from payloom_emulator.core.declarations.resource import Endpoints, Operation, Resource
from payloom_emulator.core.request_context import required
from payloom_emulator.core.schemas.schema import Schema, overlay, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.payments.methods import payment_methods
from payloom_emulator.protocol.api_versions import BASIL, CLOVER
from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import members, text
from payloom_emulator.protocol.metadata import merge_metadata

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.objects.params.subscription_schedules import (
        SubscriptionScheduleCancelParams,
        SubscriptionScheduleCreateParams,
        SubscriptionScheduleListParams,
        SubscriptionScheduleUpdateParams,
    )
    from payloom_emulator.objects.subscriptions import SubscriptionSchedule, SubscriptionSchedulePhase
    from payloom_emulator.protocol.param_types import NodeJson

LIVE = frozenset({"not_started", "active"})


def _create(call: RequestContext[SubscriptionScheduleCreateParams]) -> SubscriptionSchedule:
    unit, params = call.unit, call.params
    if subscription_id := params.get("from_subscription"):
        return _from_subscription(call, subscription_id)
    customer = unit.get(kinds.CUSTOMER, required(params.get("customer"), "customer"), "customer")
    unit.use_clock_of(customer)
    phases = required(params.get("phases") or None, "phases")
    _check_methods(call, customer["id"])
    start = params.get("start_date", "now")
    begin = start if isinstance(start, int) else unit.now
    new_phases = schedule_phases.phases(unit, phases, begin)
    values = {
        "billing_mode": subscription_params.billing_mode(unit, params.get("billing_mode")),
        "customer": customer["id"],
        "customer_account": customer.get("customer_account"),
        "default_settings": overlay(schedule_phases.DEFAULTS, params.get("default_settings") or {}),
        "end_behavior": params.get("end_behavior", "release"),
        "metadata": merge_metadata({}, params.get("metadata") or {}),
        "phases": new_phases,
        "status": "active" if begin <= unit.now else "not_started",
        "test_clock": customer.get("test_clock"),
    }
    return subscription_schedules.create(unit, values)


def _check_methods(
    call: RequestContext[SubscriptionScheduleCreateParams] | RequestContext[SubscriptionScheduleUpdateParams],
    customer_id: str,
) -> None:
    places: list[tuple[str, object]] = [("default_settings", call.params.get("default_settings"))]
    places += [(f"phases[{index}]", phase) for index, phase in enumerate(call.params.get("phases") or [])]
    for place, values in places:
        method_id = text(members(values).get("default_payment_method"))
        payment_methods.check_owner(call.unit, method_id, customer_id, f"{place}[default_payment_method]")


def _from_subscription(
    call: RequestContext[SubscriptionScheduleCreateParams], subscription_id: str
) -> SubscriptionSchedule:
    unit, params = call.unit, call.params
    wrong = next(
        (n for n in ("customer", "phases", "default_settings", "end_behavior", "start_date") if n in params), None
    )
    if wrong is not None:
        raise invalid(f"`{wrong}` cannot be given together with `from_subscription`.", wrong)
    subscription = unit.get(kinds.SUBSCRIPTION, subscription_id, "from_subscription")
    unit.use_clock_of(subscription)
    if subscription["schedule"]:
        raise invalid(
            f"You cannot migrate a subscription that is already attached to a schedule: `{subscription['schedule']}`.",
        )
    phase = schedule_phases.from_subscription(unit, subscription)
    defaults = overlay(
        schedule_phases.DEFAULTS,
        {
            "collection_method": subscription["collection_method"],
            "default_payment_method": subscription["default_payment_method"],
        },
    )
    schedule = subscription_schedules.create(
        unit,
        {
            "billing_mode": subscription["billing_mode"],
            "current_phase": {"end_date": phase["end_date"], "start_date": phase["start_date"]},
            "customer": subscription["customer"],
            "default_settings": defaults,
            "metadata": merge_metadata({}, params.get("metadata") or {}),
            "phases": [phase],
            "status": "active",
            "subscription": subscription["id"],
            "test_clock": subscription["test_clock"],
        },
    )
    unit.change(subscription, {"schedule": schedule["id"]})
    return schedule


def _update(call: RequestContext[SubscriptionScheduleUpdateParams]) -> SubscriptionSchedule:
    unit, params = call.unit, call.params
    schedule = unit.get(kinds.SUBSCRIPTION_SCHEDULE, call.ids["id"])
    unit.use_clock_of(schedule)
    _need_live(schedule, "update", "updated")
    _check_methods(call, schedule["customer"])
    changes: dict[str, object] = {"end_behavior": params["end_behavior"]} if "end_behavior" in params else {}
    if "default_settings" in params:
        changes["default_settings"] = overlay(schedule["default_settings"], params["default_settings"])
    if "metadata" in params:
        changes["metadata"] = merge_metadata(schedule["metadata"], params["metadata"])
    if phases := params.get("phases"):
        first = phases[0].get("start_date", schedule["phases"][0]["start_date"])
        new_phases = schedule_phases.phases(unit, phases, first if isinstance(first, int) else unit.now)
        changes["phases"] = new_phases
        if schedule["status"] == "active":
            now = schedule_phases.current(unit, new_phases)
            if now is None:
                raise invalid("The phases must include one that is on now.", "phases")
            changes["current_phase"] = now
    unit.change(schedule, changes)
    subscription = unit.find(kinds.SUBSCRIPTION, schedule["subscription"])
    if params.get("phases") and subscription is not None:
        phase = next(
            p for p in schedule["phases"] if p["start_date"] == present(schedule["current_phase"])["start_date"]
        )
        wish = {
            **phase,
            "proration_behavior": params.get("proration_behavior") or phase["proration_behavior"],
            "_extras": [],
        }
        subscription_schedules.enter(unit, schedule, subscription, cast("SubscriptionSchedulePhase", wish))
    subscription_schedules.plan(unit, schedule)
    return schedule


def _need_live(schedule: SubscriptionSchedule, verb: str, done: str) -> None:
    if schedule["status"] not in LIVE:
        raise invalid(
            f"You cannot {verb} a subscription schedule that is currently in the `{schedule['status']}` status. It must be in `not_started, active` status to be {done}."
        )


def _release(call: ActionContext[Params, SubscriptionSchedule]) -> SubscriptionSchedule:
    _need_live(call.target, "release", "released")
    subscription = call.unit.find(kinds.SUBSCRIPTION, call.target["subscription"])
    return subscription_schedules.release(call.unit, call.target, subscription)


def _cancel(call: ActionContext[SubscriptionScheduleCancelParams, SubscriptionSchedule]) -> SubscriptionSchedule:
    _need_live(call.target, "cancel", "canceled")
    return subscription_schedules.cancel(
        call.unit,
        call.target,
        invoice_now=call.params.get("invoice_now", True),
        prorate=call.params.get("prorate", True),
    )


def _listing(call: RequestContext[SubscriptionScheduleListParams]) -> Mapping[str, object]:
    return {"status": "not_started"} if call.params.get("scheduled") else {}


_OLD_PHASES: tuple[tuple[str, str, NodeJson], ...] = ((CLOVER, "iterations", ["i"]), (BASIL, "coupon", ["s"]))

SUBSCRIPTION_SCHEDULE = Resource(
    schema=Schema(
        object="subscription_schedule",
        prefix="sub_sched_1",
        id_length=23,
        path="/v1/subscription_schedules",
        fields=(
            read_only("application"),
            read_only("billing_mode"),
            read_only("canceled_at"),
            read_only("completed_at"),
            read_only("created"),
            read_only("current_phase"),
            read_only("customer"),
            read_only("customer_account"),
            read_only("default_settings"),
            read_only("end_behavior", "release"),
            read_only("livemode", False),
            settable("metadata", {}),
            read_only("pause_schedules", []),
            read_only("phases", []),
            read_only("released_at"),
            read_only("released_subscription"),
            read_only("status"),
            read_only("subscription"),
            read_only("test_clock"),
        ),
        machine=SCHEDULE_MACHINE,
        on_create=("subscription_schedule.created",),
        on_update=("subscription_schedule.updated",),
        filters=("customer", "status", "canceled_at", "completed_at", "released_at"),
    ),
    endpoints=Endpoints(
        can=("retrieve", "list"),
        listing=_listing,
        actions={"release": _release, "cancel": _cancel},
        operations=(
            Operation("POST", "/v1/subscription_schedules", _create),
            Operation("POST", "/v1/subscription_schedules/{id}", _update),
        ),
    ),
    timers={"expiring": subscription_schedules.on_expiring, "step": subscription_schedules.on_due},
    versions=tuple(
        Accepted(until, "POST", path, {f"phases[].{name}": node})
        for path in ("/v1/subscription_schedules", "/v1/subscription_schedules/{}")
        for until, name, node in _OLD_PHASES
    ),
)


RESOURCES = (SUBSCRIPTION_SCHEDULE,)
