from __future__ import annotations

import pytest
from tests.integration.emulator.billing.shop import Shop


@pytest.fixture
def shop(client):
    return Shop(client)
