"""A14: every answer that Stripe may give to every create call is put into the right class: again, final, or unknown."""

from __future__ import annotations

from typing import Any

import pytest
from test_stripe_once import ACTIONS, arguments, one_object

from payloom.connectors.port import StepFailed

pytestmark = [pytest.mark.anyio, pytest.mark.fault("A14")]
AGAIN = [(429, "rate_limit", {}), (409, "lock_timeout", {}), (500, None, {}), (502, None, {})]
FINAL = [
    (402, "card_declined", {"type": "card_error"}),
    (401, None, {"type": "invalid_request_error"}),
    (403, None, {"type": "invalid_request_error"}),
    (400, "parameter_invalid_empty", {"type": "invalid_request_error"}),
    (400, None, {"type": "idempotency_error"}),
]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("status", "code", "more"), AGAIN, ids=[str(case[0]) for case in AGAIN])
async def test_what_may_work_later_is_tried_again_and_makes_one_object(
    side: Any, action: str, status: int, code: str | None, more: dict[str, str]
) -> None:
    args = await arguments(side, action)
    side.stripe.fail_next(
        status=status, method="POST", when="before", count=2, **({"code": code} if code else {}), **more
    )
    await side.drive(action, args)
    assert len(side.failures) == 2
    assert all(failure.retryable for failure in side.failures)
    assert all(bool(failure.data.get("in_doubt")) is (status >= 500) for failure in side.failures)
    assert await one_object(side, action, args)


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("status", "code", "more"), FINAL, ids=[f"{case[0]} {case[1] or case[2]['type']}" for case in FINAL]
)
async def test_what_stays_wrong_is_not_tried_again(
    side: Any, action: str, status: int, code: str | None, more: dict[str, str]
) -> None:
    args = await arguments(side, action)
    side.stripe.fail_next(status=status, method="POST", when="before", **({"code": code} if code else {}), **more)
    with pytest.raises(StepFailed) as caught:
        await side.drive(action, args)
    assert not caught.value.failure.retryable
    assert not caught.value.failure.data.get("in_doubt")
    assert len(side.failures) == 1, "one try"
    if status in (401, 403):
        assert "operator" in str(caught.value.failure.hint)
