"""The local Stripe's background work ends when it is told to, whatever else happens in that moment."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from payloom_emulator.core.config import EmulatorConfig
from payloom_emulator.runtime.emulator import Emulator

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("passes", range(6))
@pytest.mark.parametrize("name", ["delivery", "timers"])
async def test_background_work_ends_although_it_is_woken_in_the_same_moment(name: str, passes: int) -> None:
    """passes: of the loop, between the wake-up and the end."""
    emulator = Emulator(EmulatorConfig())
    work = getattr(emulator, name)
    task = asyncio.create_task(work.run())
    await asyncio.sleep(0.05)
    work.wake()
    for _ in range(passes):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(5):
            await task
    assert task.cancelled()
    emulator.store.close()
