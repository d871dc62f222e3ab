"""pytest fixtures: `stripe_emulator` is a fresh local Stripe for each test, served on a free port.

pytest finds them as soon as the distribution is installed. The server runs once per session and is reset
for each test; `stripe_emulator.url` and `stripe_emulator.secret_key` are all a Stripe client needs. Every pytest run
loads this module, so it imports the local Stripe only when a test asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from payloom_emulator.embedded import RunningEmulator


@pytest.fixture(scope="session")
def stripe_emulator_server() -> Iterator[RunningEmulator]:
    """Serve one local Stripe for the session."""
    from payloom_emulator.embedded import run  # noqa: PLC0415 - see above

    with run() as running:
        yield running


@pytest.fixture
def stripe_emulator(stripe_emulator_server: RunningEmulator) -> RunningEmulator:
    """Return the session's local Stripe, with nothing in it."""
    stripe_emulator_server.reset()
    return stripe_emulator_server
