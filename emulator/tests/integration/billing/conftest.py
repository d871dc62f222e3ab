from __future__ import annotations

import pytest
from emulator.tests.support.billing_shop import Shop


@pytest.fixture
def shop(client):
    return Shop(client)
