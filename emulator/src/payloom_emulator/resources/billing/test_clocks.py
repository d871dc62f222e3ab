"""Test clocks: time that moves only when told, for the customers attached. https://docs.stripe.com/api/test_clocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from payloom_emulator.billing.machines import CLOCK_MACHINE
from payloom_emulator.billing.pricing import periods
from payloom_emulator.billing.subscriptions import items
from payloom_emulator.core.declarations.resource import Endpoints, Resource
from payloom_emulator.core.request_context import provided
from payloom_emulator.core.schemas.schema import Schema, create_only, read_only, settable
from payloom_emulator.kit.present import present
from payloom_emulator.objects import kinds
from payloom_emulator.protocol.errors import invalid

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import ActionContext, Params, RequestContext
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.params.test_helpers import (
        TestHelpersTestClockAdvanceParams,
        TestHelpersTestClockCreateParams,
    )
    from payloom_emulator.objects.subscriptions import TestClock, TestClockStatusDetails

DAY = 86_400


LIFETIME = 30 * DAY


WITHOUT_SUBSCRIPTIONS = 2 * 366 * DAY


def _creating(call: RequestContext[Params], draft: TestClock) -> None:
    moment = draft["frozen_time"]
    real = call.unit.environment.clock.now()
    if abs(moment - real) > 10 * 366 * DAY:
        raise invalid("`frozen_time` is too far from the present.", "frozen_time")
    draft["created"] = real
    draft["deletes_after"] = real + LIFETIME
    draft["status_details"] = cast("TestClockStatusDetails", {})


def _created(call: RequestContext[TestHelpersTestClockCreateParams], clock: TestClock) -> None:
    customer_id = provided(call.params.get("customer"))
    if customer_id:
        customer = call.unit.get(kinds.CUSTOMER, customer_id, "customer")
        if call.unit.list(kinds.SUBSCRIPTION, customer=customer_id):
            raise invalid("Only customers without subscriptions can be attached to a test clock.", "customer")
        call.unit.change(customer, {"test_clock": clock["id"]})


def _advance(call: ActionContext[TestHelpersTestClockAdvanceParams, TestClock]) -> Mapping[str, object]:
    """Answer `advancing` at once; what is due until then runs right after, in its own time."""
    clock, target = call.target, call.params["frozen_time"]
    if clock["status"] != "ready":
        raise invalid("The test clock is advancing already; wait until its status is `ready`.")
    if target <= clock["frozen_time"]:
        raise invalid(
            "The new `frozen_time` must be after the clock's current one; test clocks cannot go back.", "frozen_time"
        )
    latest = _limit(call.unit, clock)
    if target > latest:
        raise invalid(
            f"Cannot advance a test clock by more than two intervals of its shortest subscription at once (until {latest}).",
            "frozen_time",
        )
    details = {"advancing": {"target_frozen_time": target}}
    call.unit.transition(clock, "advance", {"status_details": details})
    outside = call.unit.test_clock
    call.unit.test_clock = None  # this plan belongs to the emulator's own clock: it runs now
    call.unit.schedule("arrive", clock, call.unit.environment.clock.now())
    call.unit.test_clock = outside
    return clock


def _limit(unit: UnitOfWork, clock: TestClock) -> int:
    moments: list[int] = []
    for subscription in unit.list(kinds.SUBSCRIPTION, test_clock=clock["id"]):
        if subscription["status"] in {"canceled", "incomplete_expired"}:
            continue
        for item in items.of(unit, subscription):
            interval, count = periods.cycle(item["price"])
            moments.append(periods.at(clock["frozen_time"], interval, count, 2))
    return min(moments, default=clock["frozen_time"] + WITHOUT_SUBSCRIPTIONS) + DAY


def _arrive(unit: UnitOfWork, clock: TestClock) -> None:
    """Timer: run what is due on the clock, then set it."""
    target = present(clock["status_details"]["advancing"])["target_frozen_time"]
    unit.flush()
    unit.environment.run_timers(target, clock["id"])
    unit.now = max(unit.now, unit.environment.clock.now())
    unit.transition(clock, "arrive", {"frozen_time": target, "status_details": {}})


def _deleting(call: RequestContext[Params], clock: TestClock) -> None:
    unit = call.unit
    for customer in unit.list(kinds.CUSTOMER, test_clock=clock["id"]):
        for subscription in unit.list(kinds.SUBSCRIPTION, customer=customer["id"]):
            if subscription["status"] not in {"canceled", "incomplete_expired"}:
                unit.transition(subscription, "cancel", {"canceled_at": unit.now, "ended_at": unit.now})
        unit.delete(customer)
    unit.store.query("DELETE FROM timers WHERE clock = ?", (clock["id"],))


TEST_CLOCK = Resource(
    schema=Schema(
        object="test_helpers.test_clock",
        prefix="clock_1",
        id_length=23,
        path="/v1/test_helpers/test_clocks",
        fields=(
            read_only("created"),
            read_only("deletes_after"),
            create_only("frozen_time"),
            read_only("livemode", False),
            settable("name"),
            read_only("status", "ready"),
            read_only("status_details", {}),
        ),
        machine=CLOCK_MACHINE,
        on_create=("test_helpers.test_clock.created",),
        on_delete=("test_helpers.test_clock.deleted",),
    ),
    endpoints=Endpoints(
        can=("create", "retrieve", "list", "delete"),
        creating=_creating,
        created=_created,
        deleting=_deleting,
        actions={"advance": _advance},
    ),
    timers={"arrive": _arrive},
)


RESOURCES = (TEST_CLOCK,)
