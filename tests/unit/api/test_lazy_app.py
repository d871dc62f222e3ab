"""The management API is made once, by whoever comes first, and again if that failed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from payloom.api.management.lazy_app import LazyManagementApp

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

pytestmark = pytest.mark.anyio


class Made:
    """Counts what was made and what it was asked."""

    def __init__(self, *, failing: int = 0) -> None:
        self.made = self.asked = 0
        self.failing = failing

    def __call__(self) -> Any:
        if self.failing:
            self.failing -= 1
            raise ImportError("a file was being replaced")
        self.made += 1
        return self.app

    async def app(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        self.asked += 1


async def ask(management: LazyManagementApp) -> None:
    """One request."""
    nothing: Any = None
    await management({"type": "http"}, nothing, nothing)


async def test_many_that_come_at_once_wait_for_the_same() -> None:
    factory = Made()
    management = LazyManagementApp(factory)
    management.prepare()
    await asyncio.gather(*[ask(management) for _ in range(5)])
    await ask(management)
    assert (factory.made, factory.asked) == (1, 6)


async def test_who_hangs_up_does_not_take_it_from_the_others() -> None:
    factory = Made()
    management = LazyManagementApp(factory)
    first, second = (asyncio.create_task(ask(management)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert (factory.made, factory.asked) == (1, 1)


async def test_what_failed_is_tried_again_by_the_next() -> None:
    factory = Made(failing=1)
    management = LazyManagementApp(factory)
    with pytest.raises(ImportError):
        await ask(management)
    await ask(management)
    assert (factory.made, factory.asked) == (1, 1)


async def test_nothing_is_made_before_somebody_asks() -> None:
    factory = Made()
    LazyManagementApp(factory)
    await asyncio.sleep(0.05)
    assert factory.made == 0
