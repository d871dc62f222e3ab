"""Asking Stripe which intent belongs to an open session: once in a while, a few at a time, and never as a failure."""

from __future__ import annotations

import asyncio
from typing import Any

from payloom.connectors.stripe import checkout_attempts
from payloom.connectors.stripe.checkout_attempts import MOST_ASKED, CheckoutAttempts
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.workflows.program.commands import StepFailure

SESSIONS = {"cs_1": "pi_1", "cs_2": None, "cs_3": "pi_3", "cs_4": "pi_4"}


class Stripe:
    """Answers like the connector. asked: the ids it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.away = False

    async def perform(self, action: str, args: dict[str, Any], *, timeout: float) -> Any:  # noqa: ASYNC109 - the SDK takes it
        """Do one of the two operations that are asked for."""
        assert timeout <= 5
        self.asked.append(str(args.get("id") or args["payment_intent"]))
        if self.away:
            raise StripeStepFailed(StepFailure("stripe_unreachable", "away"), "unknown")
        if action == "checkout.sessions.retrieve":
            return {"payment_intent": SESSIONS[args["id"]]}
        assert action == "checkout.sessions.list"
        return {"data": [{"id": key} for key, intent in SESSIONS.items() if intent == args["payment_intent"]]}


def test_it_asks_about_a_few_remembers_for_a_moment_and_takes_no_answer_for_none(monkeypatch: Any) -> None:
    stripe, now = Stripe(), [100.0]
    monkeypatch.setattr(checkout_attempts, "monotonic", lambda: now[0])
    attempts = CheckoutAttempts(stripe)  # pyright: ignore[reportArgumentType] - what it needs of the connector

    async def check() -> None:
        assert await attempts.intents_of(SESSIONS) == ["pi_1", "pi_3"]
        assert stripe.asked == list(SESSIONS)[:MOST_ASKED]
        assert await attempts.intents_of(["cs_1", "cs_2"]) == ["pi_1"]
        assert len(stripe.asked) == MOST_ASKED
        assert await attempts.sessions_of(["pi_4", "pi_9"]) == ["cs_4"]
        now[0] += checkout_attempts.KEPT + 1
        stripe.away = True
        assert await attempts.intents_of(["cs_1"]) == []
        assert stripe.asked.count("cs_1") == 2

    asyncio.run(check())
