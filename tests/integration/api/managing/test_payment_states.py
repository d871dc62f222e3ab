"""The list of payments and a journey name the same state, whatever event came last."""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.http_server import event

if TYPE_CHECKING:
    from tests.support.http_server import RunningServer

REPORTS = {
    "payment_intent.created": {"status": "requires_confirmation"},
    "payment_intent.succeeded": {"status": "succeeded", "amount_received": 700},
    "payment_intent.payment_failed": {"status": "requires_payment_method", "last_payment_error": {"code": "declined"}},
}


@pytest.mark.parametrize("order", list(itertools.permutations(REPORTS)), ids="-".join)
def test_a_paid_payment_is_paid_in_the_list_and_the_journey_whatever_came_last(
    server: RunningServer, order: tuple[str, ...]
) -> None:
    intent = f"pi_second{uuid.uuid4().hex[:8]}"
    for kind in order:
        common: dict[str, Any] = {"amount": 700, "currency": "usd", "created": 1_790_000_000}
        server.deliver(event(kind, f"evt_{uuid.uuid4().hex[:12]}", id=intent, **REPORTS[kind], **common))
    listed = {payment["id"]: payment["status"] for payment in server.manage("/overview")["payments"]}
    statuses = {entry["id"]: entry["status"] for entry in server.manage(f"/journey/{intent}")["entries"]}
    assert (listed[intent], statuses[intent]) == ("succeeded", "succeeded")
    back = {"payment_intent": intent, "status": "succeeded", "amount": 200, "currency": "usd"}
    server.deliver(event("refund.created", f"evt_{uuid.uuid4().hex[:12]}", id=f"re_{intent}", **back))
    server.wait(lambda: server.manage(f"/journey/{intent}")["complete"])
    listed = {payment["id"]: payment["status"] for payment in server.manage("/overview")["payments"]}
    statuses = {entry["id"]: entry["status"] for entry in server.manage(f"/journey/{intent}")["entries"]}
    assert (listed[intent], statuses[intent]) == ("partially_refunded", "partially_refunded")
