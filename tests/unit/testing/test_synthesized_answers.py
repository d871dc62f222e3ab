"""What the studio's test run and a dry run answer for Stripe is what the local Stripe would answer."""

from __future__ import annotations

import asyncio
from typing import Any

from payloom.connectors.port import Attempt
from payloom.kit.clock import ManualClock
from payloom.sandbox.host import SynthesizedAnswers
from payloom.workflows.program.commands import Do


def answers(*calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """Return what each call answers, or the code of its failure."""
    policy = SynthesizedAnswers(ManualClock())

    async def play() -> list[Any]:
        values: list[Any] = []
        for number, (action, params) in enumerate(calls):
            do = Do(str(number), "stripe", action, {"with": params}, f"key-{number}")
            answer = await policy.answer(do, Attempt("run_1", 1, ManualClock().now()))
            assert answer is not None
            values.append(answer.failure.kind if answer.failure is not None else answer.value)
        return values

    return asyncio.run(play())


def test_a_run_that_is_tried_meets_the_rules_of_the_local_stripe() -> None:
    created, read, canceled, again = answers(
        ("payment_intents.create", {"amount": 900, "currency": "eur"}),
        ("payment_intents.retrieve", {"id": "pi_1"}),
        ("payment_intents.cancel", {"id": "pi_1"}),
        ("payment_intents.cancel", {"id": "pi_1"}),
    )
    assert (created["id"], created["status"], read["amount"]) == ("pi_1", "requires_payment_method", 900)
    assert canceled["status"] == "canceled"
    assert again == "payment_intent_unexpected_state"


def test_an_object_of_the_real_account_is_supposed_to_exist_and_has_what_stripe_shows() -> None:
    session, customer, listed = answers(
        ("checkout.sessions.retrieve", {"id": "cs_live_seen"}),
        ("customers.update", {"id": "cus_seen", "name": "Ada"}),
        ("customers.list", {}),
    )
    assert (session["id"], session["object"]) == ("cs_live_seen", "checkout.session")
    assert "line_items" not in session
    assert (customer["id"], customer["name"]) == ("cus_seen", "Ada")
    assert [each["id"] for each in listed["data"]] == ["cus_seen"]
