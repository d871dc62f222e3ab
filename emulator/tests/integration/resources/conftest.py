"""A local Stripe of one test, in the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from emulator.tests.support.in_process import LocalStripe


@pytest.fixture
def stripe_here() -> Iterator[LocalStripe]:
    """Return an empty local Stripe without a server."""
    local = LocalStripe()
    yield local
    local.emulator.store.close()
