"""The official client of a local Stripe that runs in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.tests.support.checked_client import client_of

if TYPE_CHECKING:
    import stripe

    from payloom_emulator.embedded import RunningEmulator


@pytest.fixture
def client(stripe_emulator: RunningEmulator) -> stripe.StripeClient:
    """Return a client of this test's local Stripe."""
    return client_of(stripe_emulator.url)
