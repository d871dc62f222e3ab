"""The life cycles as data: Stripe knows every status and every event, and each status can be reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from stripe import billing, test_helpers

from payloom_emulator.billing import machines
from payloom_emulator.protocol.param_types import event_types

if TYPE_CHECKING:
    from payloom_emulator.core.schemas.schema import StateMachine

TABLES: dict[str, tuple[StateMachine, Any]] = {
    "subscription": (machines.SUBSCRIPTION_MACHINE, stripe.Subscription),
    "invoice": (machines.INVOICE_MACHINE, stripe.Invoice),
    "schedule": (machines.SCHEDULE_MACHINE, stripe.SubscriptionSchedule),
    "quote": (machines.QUOTE_MACHINE, stripe.Quote),
    "credit_note": (machines.CREDIT_NOTE_MACHINE, stripe.CreditNote),
    "test_clock": (machines.CLOCK_MACHINE, test_helpers.TestClock),
}


@pytest.mark.parametrize("name", TABLES)
def test_statuses_are_exactly_stripes(name: Any) -> None:
    machine, cls = TABLES[name]
    listed = set(re.findall(r"'(\w+)'", str(cls.__annotations__["status"]).replace('"', "'")))
    assert machine.statuses() == listed


@pytest.mark.parametrize("name", TABLES)
def test_every_event_of_a_move_exists(name: Any) -> None:
    machine, _ = TABLES[name]
    emitted = {event for move in machine.transitions for event in move.emits}
    assert emitted <= event_types()


@pytest.mark.parametrize("name", TABLES)
def test_every_status_is_reached_and_terminal_ones_have_no_way_out(name: Any) -> None:
    machine, _ = TABLES[name]
    reached, grown = set(machine.initial), True
    while grown:
        targets = {m.target for m in machine.transitions if m.sources & reached}
        grown = not targets <= reached
        reached |= targets
    assert reached == machine.statuses()
    leaving = {s for m in machine.transitions for s in m.sources}
    assert set(machine.terminal).isdisjoint(leaving)


def test_meters_are_covered_by_the_same_rules() -> None:
    assert set(re.findall(r"'(\w+)'", str(billing.Meter.__annotations__["status"]).replace('"', "'"))) == {
        "active",
        "inactive",
    }
