"""Which payment intent belongs to which open Checkout session.

Stripe sends no event about a session before the session ends. So nothing that was received names the intent of a
declined attempt and its session together: only Stripe can say.
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from payloom.connectors.stripe.connector import StripeConnector
from payloom.connectors.stripe.failures import StripeStepFailed
from payloom.kit.clock import monotonic

log = structlog.get_logger("payloom.stripe")

MOST_ASKED = 3
"""Sessions or intents that Stripe is asked about at once."""
KEPT = 10.0
"""Seconds that an answer is used again: an open page asks whenever anything happens."""
PATIENCE = 3.0
"""Seconds that one question may take."""
_REMEMBERED = 500


class CheckoutAttempts:
    """Asks Stripe, and remembers the answers for a moment."""

    def __init__(self, connector: StripeConnector) -> None:
        self._connector = connector
        self._answers: collections.OrderedDict[str, tuple[float, str | None]] = collections.OrderedDict()

    async def intents_of(self, sessions: Iterable[str]) -> list[str]:
        """Return the payment intents of these sessions. A session that Stripe doesn't answer for has none."""
        first = list(sessions)[:MOST_ASKED]
        intents = [await self._ask(key, "checkout.sessions.retrieve", {"id": key}) for key in first]
        return [intent for intent in intents if intent is not None]

    async def sessions_of(self, intents: Iterable[str]) -> list[str]:
        """Return the sessions of these payment intents."""
        sessions = [
            await self._ask(key, "checkout.sessions.list", {"payment_intent": key, "limit": 1})
            for key in list(intents)[:MOST_ASKED]
        ]
        return [session for session in sessions if session is not None]

    async def _ask(self, key: str, action: str, args: Mapping[str, Any]) -> str | None:
        at, partner = self._answers.get(key, (float("-inf"), None))
        if at > monotonic() - KEPT:
            return partner
        try:
            answer = await self._connector.perform(action, args, timeout=PATIENCE)
        except StripeStepFailed as failed:
            log.info("attempt_unknown", of=key, reason=failed.message)
            partner = None
        else:
            newest = next(iter(answer.get("data") or ()), None)
            named = answer.get("payment_intent") if action.endswith(".retrieve") else newest and newest.get("id")
            partner = named if isinstance(named, str) else None
        self._answers[key] = (monotonic(), partner)
        if len(self._answers) > _REMEMBERED:
            self._answers.popitem(last=False)
        return partner
