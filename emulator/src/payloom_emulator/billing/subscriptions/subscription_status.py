"""What an invoice's fate means for its subscription: active when paid, past due when not, and what follows retries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from payloom_emulator.core.unit_of_work import UnitOfWork
    from payloom_emulator.objects.subscriptions import Subscription

_BECOMES = {
    "active": "activate",
    "trialing": "start_trial",
    "past_due": "mark_past_due",
    "unpaid": "mark_unpaid",
    "paused": "pause",
    "incomplete_expired": "expire",
}


def set_status(
    unit: UnitOfWork,
    subscription: Subscription,
    status: str,
    changes: Mapping[str, object] | None = None,
    *,
    emits: tuple[str, ...] | None = None,
) -> Subscription:
    """Bring the subscription to `status` together with `changes`, by the machine's transition; one event for both."""
    if subscription["status"] == status:
        return unit.change(subscription, changes or {}, emits=emits)
    return unit.transition(subscription, _BECOMES[status], changes, emits=emits)
