from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from emulator.tests.support.billing_shop import Shop

if TYPE_CHECKING:
    import stripe


@pytest.fixture
def shop(client: stripe.StripeClient) -> Shop:
    return Shop(client)
