"""Every trigger makes its event happen by the calls that lead to it, in the shapes of the SDK's types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from emulator.tests.support.response_shapes import faults

from payloom_emulator.http.trigger import TRIGGERS, trigger
from payloom_emulator.runtime.emulator import Emulator


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    emulator = Emulator()
    yield emulator
    emulator.store.close()


@pytest.mark.parametrize("event", sorted(TRIGGERS))
def test_the_event_happens(emulator: Emulator, event: Any) -> None:
    emulator.reset()
    events = trigger(emulator, event)["made"]
    assert event in [m["type"] for m in events]
    for made_event in events:
        status, body = emulator.call("GET", f"/v1/events/{made_event['id']}")
        assert status == 200
        assert faults(body) == []


def test_an_unknown_event_says_what_is_near(emulator: Emulator) -> None:
    with pytest.raises(Exception, match=r"payment_intent\.succeeded"):
        trigger(emulator, "payment_intent.succeded")
