"""However the wire fails and however late a step is tried again: exactly one object at Stripe."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import pytest

from payloom.connectors.port import StepFailed
from payloom.connectors.stripe.client import StripeSettings
from payloom.connectors.stripe.connector import StripeConnector

pytestmark = pytest.mark.anyio
unanswered = pytest.mark.fault("A13")
refused = pytest.mark.fault("A14")
forgotten = pytest.mark.fault("A15")

HOUR = 3600
DAY = 24 * HOUR


async def paid(side: Any) -> str:
    """Return a payment intent that can be refunded."""
    return (await side.direct.perform("payment_intents.create", CARD, key="paid"))["id"]


async def price(side: Any, **more: Any) -> str:
    product = await side.direct.perform("products.create", {"name": "Mug"}, key="product")
    args = {"product": product["id"], "unit_amount": 500, "currency": "usd", **more}
    return (await side.direct.perform("prices.create", args, key="price"))["id"]


async def customer(side: Any) -> str:
    args = {
        "email": "a@b.c",
        "payment_method": "pm_card_visa",
        "invoice_settings": {"default_payment_method": "pm_card_visa"},
    }
    return (await side.direct.perform("customers.create", args, key="customer"))["id"]


CARD = {
    "amount": 2198,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}
SIMPLE: dict[str, dict[str, Any]] = {
    "charges.create": {"amount": 500, "currency": "usd", "source": "tok_visa"},
    "coupons.create": {"percent_off": 10, "duration": "once"},
    "customers.create": {"email": "a@b.c"},
    "payment_intents.create": CARD,
    "products.create": {"name": "Mug"},
    "setup_intents.create": {"usage": "off_session"},
    "shipping_rates.create": {
        "display_name": "Post",
        "type": "fixed_amount",
        "fixed_amount": {"amount": 500, "currency": "usd"},
    },
    "tax_rates.create": {"display_name": "VAT", "percentage": 19, "inclusive": False},
}


async def arguments(side: Any, action: str) -> dict[str, Any]:
    """Return arguments for one create call, after making what they name."""
    if action in SIMPLE:
        return SIMPLE[action]
    if action == "refunds.create":
        return {"payment_intent": await paid(side), "amount": 500}
    if action == "prices.create":
        product = await side.direct.perform("products.create", {"name": "Mug"}, key="product")
        return {"product": product["id"], "unit_amount": 500, "currency": "usd"}
    if action == "checkout.sessions.create":
        items = [{"price": await price(side), "quantity": 1}]
        return {"mode": "payment", "line_items": items, "success_url": "https://shop.test/thanks"}
    if action == "payment_links.create":
        return {"line_items": [{"price": await price(side), "quantity": 1}]}
    if action == "subscriptions.create":
        recurring = await price(side, recurring={"interval": "month"})
        return {"customer": await customer(side), "items": [{"price": recurring}]}
    args = {"customer": await customer(side)}
    return args if action == "invoices.create" else {**args, "amount": 500, "currency": "usd"}


ACTIONS = [
    *SIMPLE,
    "checkout.sessions.create",
    "customers.balance_transactions.create",
    "invoice_items.create",
    "invoices.create",
    "payment_links.create",
    "prices.create",
    "refunds.create",
    "subscriptions.create",
]
SLOW = ACTIONS if os.environ.get("PAYLOOM_STORM") else ["refunds.create", "payment_intents.create"]
"""Calls whose answer is waited for; all of them in a storm."""


async def one_object(side: Any, action: str, args: dict[str, Any]) -> bool:
    listing = action.replace(".create", ".list")
    filters = {"customer": args["customer"]} if action.startswith("customers.balance") else {}
    if action == "subscriptions.create":
        filters = {"status": "all"}
    return await side.count(listing, **filters) == 1


@unanswered
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", ["drop_request", "drop_response", "truncate"])
async def test_a_spoilt_call_is_made_once(side: Any, action: str, fault: str) -> None:
    args = await arguments(side, action)
    side.wire.faults = [fault, fault]
    answer = await side.drive(action, args)
    assert answer["metadata"]["payloom_step"] == "run_1:0"
    assert [failure.kind for failure in side.failures] == ["stripe_no_answer"] * 2
    assert all(failure.data["in_doubt"] for failure in side.failures)
    assert await one_object(side, action, args)


@unanswered
@pytest.mark.parametrize("action", SLOW)
@pytest.mark.parametrize("fault", ["delay", "silence"])
async def test_a_slow_answer_is_waited_for_once(side: Any, action: str, fault: str) -> None:
    args = await arguments(side, action)
    impatient = StripeConnector(StripeSettings(side.stripe.secret_key, _url(side), timeout=0.3), side.clock)
    side.connector = impatient
    side.wire.faults = [fault]
    answer = await side.drive(action, args)
    await impatient.close()
    assert answer["metadata"]["payloom_step"] == "run_1:0"
    assert [(failure.kind, failure.status) for failure in side.failures] == [("stripe_no_answer", 504)]
    assert await one_object(side, action, args)


def _url(side: Any) -> str:
    return side.connector.settings.base_url


@unanswered
@pytest.mark.parametrize("action", ACTIONS)
async def test_nothing_was_sent_when_nobody_listens(side: Any, action: str) -> None:
    args = await arguments(side, action)
    nobody = StripeConnector(StripeSettings(side.stripe.secret_key, "http://127.0.0.1:9"), side.clock)
    side.connector = nobody
    with pytest.raises(AssertionError, match="still failing"):
        await side.drive(action, args, attempts=2)
    await nobody.close()
    assert [failure.kind for failure in side.failures] == ["stripe_unreachable"] * 2
    assert not any(failure.data.get("in_doubt") for failure in side.failures)


@refused
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("status", [500, 502])
async def test_a_fault_of_stripes_own_is_looked_into(side: Any, action: str, when: str, status: int) -> None:
    """Stripe keeps a 5xx as the answer of its key, whether the call had its effect (`after`) or not (`before`)."""
    args = await arguments(side, action)
    side.stripe.fail_next(status=status, when=when, method="POST")
    answer = await side.drive(action, args)
    assert answer["metadata"]["payloom_step"] == "run_1:0"
    assert [(failure.kind, failure.data["outcome"]) for failure in side.failures] == [("stripe_error", "unknown")]
    assert await one_object(side, action, args)


@refused
async def test_even_two_faults_in_a_row_make_one_object(side: Any) -> None:
    args = await arguments(side, "refunds.create")
    side.stripe.fail_next(status=500, when="before", method="POST", count=2)
    await side.drive("refunds.create", args)
    assert await one_object(side, "refunds.create", args)


@refused
@pytest.mark.parametrize(("status", "kind"), [(429, "rate_limit"), (409, None)])
async def test_a_busy_stripe_is_asked_again(side: Any, status: int, kind: str | None) -> None:
    side.stripe.fail_next(status=status, when="before", method="POST", code=kind or "idempotency_key_in_use")
    with contextlib.suppress(AssertionError):
        await side.drive("customers.create", {"name": "A"}, attempts=1)
    (failure,) = side.failures
    assert failure.retryable
    assert failure.status == 503
    assert not failure.data.get("in_doubt")


@forgotten
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("hours", [22, 23.5, 25, 4 * 24, 31 * 24])
async def test_a_lost_answer_is_looked_up_when_the_key_may_be_forgotten(side: Any, action: str, hours: float) -> None:
    args = await arguments(side, action)
    side.wire.faults = ["drop_response"]
    await side.drive(action, args, pause=hours * HOUR)
    assert await one_object(side, action, args)


@forgotten
@pytest.mark.parametrize("action", ACTIONS)
async def test_a_lost_request_is_sent_again_when_the_look_up_finds_nothing(side: Any, action: str) -> None:
    args = await arguments(side, action)
    side.wire.faults = ["drop_request"]
    await side.drive(action, args, pause=2 * DAY)
    assert await one_object(side, action, args)


@forgotten
async def test_a_look_up_among_many_finds_the_right_one(side: Any) -> None:
    intent = await paid(side)
    for number in range(3):
        await side.direct.perform("refunds.create", {"payment_intent": intent, "amount": 100}, key=f"other:{number}")
    side.wire.faults = ["drop_response"]
    answer = await side.drive("refunds.create", {"payment_intent": intent, "amount": 100}, pause=2 * DAY)
    assert answer["metadata"]["payloom_step"] == "run_1:0"
    assert await side.count("refunds.list") == 4


HELD = {
    "amount": 2198,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "capture_method": "manual",
    "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
}
CHANGES = [
    ("payment_intents.capture", {**HELD, "confirm": True}, "succeeded"),
    ("payment_intents.confirm", HELD, "requires_capture"),
    ("payment_intents.cancel", HELD, "canceled"),
]


@unanswered
@pytest.mark.parametrize(("action", "params", "status"), CHANGES)
@pytest.mark.parametrize("fault", ["drop_request", "drop_response"])
@pytest.mark.parametrize("pause", [0, pytest.param(2 * DAY, marks=forgotten)])
async def test_a_change_of_state_is_made_once(
    side: Any, action: str, params: dict[str, Any], status: str, *, fault: str, pause: int
) -> None:
    intent = await side.direct.perform("payment_intents.create", params, key="held")
    side.wire.faults = [fault]
    changed = await side.drive(action, {"id": intent["id"]}, pause=pause)
    assert (changed["id"], changed["status"]) == (intent["id"], status)


@refused
@pytest.mark.parametrize(("action", "params", "status"), CHANGES)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_change_of_state_survives_a_saved_fault(
    side: Any, action: str, params: dict[str, Any], status: str, when: str
) -> None:
    intent = await side.direct.perform("payment_intents.create", params, key="held")
    side.stripe.fail_next(status=500, when=when, method="POST")
    changed = await side.drive(action, {"id": intent["id"]})
    assert (changed["id"], changed["status"]) == (intent["id"], status)
    assert len(side.failures) == 1


@unanswered
@pytest.mark.parametrize("fault", ["drop_request", "drop_response"])
async def test_a_deletion_whose_answer_was_lost_is_a_success(side: Any, fault: str) -> None:
    customer = await side.direct.perform("customers.create", {"name": "A"}, key="k")
    side.wire.faults = [fault]
    answer = await side.drive("customers.delete", {"id": customer["id"]})
    assert (answer["id"], answer["deleted"]) == (customer["id"], True)


async def test_deleting_what_never_was_is_refused(side: Any) -> None:
    with pytest.raises(StepFailed) as caught:
        await side.drive("customers.delete", {"id": "cus_nobody"})
    assert caught.value.failure.kind == "resource_missing"


@forgotten
async def test_what_cannot_be_looked_up_stops_and_asks_for_a_person(side: Any) -> None:
    args = {"event_name": "calls", "payload": {"stripe_customer_id": "cus_1", "value": "1"}}
    side.wire.faults = ["drop_response"]
    with pytest.raises(StepFailed) as caught:
        await side.drive("billing.meter_events.create", args, pause=2 * DAY)
    assert caught.value.failure.kind == "outcome_unknown"
    assert "dashboard" in str(caught.value.failure.hint)
    assert side.wire.requests == 1


async def test_two_workers_at_once_make_one_object(side: Any) -> None:
    args = await arguments(side, "refunds.create")
    results = await asyncio.gather(
        *(side.connector.perform("refunds.create", args, key="run_1:0") for _ in range(5)), return_exceptions=True
    )
    ids = {result["id"] for result in results if isinstance(result, dict)}
    assert len(ids) == 1
    for result in results:
        assert isinstance(result, dict) or (isinstance(result, StepFailed) and result.failure.retryable)
    assert await side.count("refunds.list") == 1
