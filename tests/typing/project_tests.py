"""A project's pytest file that uses the local Stripe's fixture. pyright checks it strictly; it is never run."""

from __future__ import annotations

from typing import Any, assert_type

import pytest
import stripe

from payloom_emulator.embedded import RunningEmulator


@pytest.fixture
def client(stripe_emulator: RunningEmulator) -> stripe.StripeClient:
    """Connect the official client to the fixture's local Stripe."""
    assert_type(stripe_emulator.url, str)
    assert_type(stripe_emulator.secret_key, str)
    return stripe.StripeClient(stripe_emulator.secret_key, base_addresses={"api": stripe_emulator.url})


def test_a_decline_is_raised(client: stripe.StripeClient, stripe_emulator: RunningEmulator) -> None:
    """Steer the local Stripe: a failure to come, its clock, its state."""
    stripe_emulator.fail_next(status=402, code="card_declined")
    with pytest.raises(stripe.CardError):
        client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert_type(stripe_emulator.advance("30d"), dict[str, Any])
    assert_type(stripe_emulator.control("delivery", seed=7), dict[str, Any])
    stripe_emulator.reset()
