"""One rule says what became of a payment, whatever order Stripe's reports come in."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from payloom.views.payment_state import Report, newest_of, own_state, payment_state, why_failed

SECOND = 1_790_000_000


def intent(status: str, **fields: Any) -> dict[str, Any]:
    """An intent over 1900."""
    return {"object": "payment_intent", "id": "pi_1", "status": status, "amount": 1900, **fields}


def charge(status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    """The intent's charge."""
    return {
        "object": "charge", "id": "ch_1", "payment_intent": "pi_1", "status": status, "amount": 1900, **fields
    }  # fmt: skip


def refund(status: str = "succeeded", amount: int = 1900) -> dict[str, Any]:
    """A refund of the charge."""
    return {
        "object": "refund", "id": f"re_{amount}", "payment_intent": "pi_1", "charge": "ch_1", "status": status, "amount": amount
    }  # fmt: skip


def dispute(status: str) -> dict[str, Any]:
    """A dispute about the charge."""
    return {"object": "dispute", "id": "dp_1", "payment_intent": "pi_1", "charge": "ch_1", "status": status}


NEW, DECLINED = intent("requires_payment_method"), intent("requires_payment_method", last_payment_error={"code": "x"})
CONFIRM, ACTION = intent("requires_confirmation"), intent("requires_action")
PAID = intent("succeeded", amount_received=1900)

STORIES = {
    "paid at once": ([NEW, CONFIRM, PAID, charge()], "succeeded"),
    "declined": ([NEW, CONFIRM, DECLINED, charge("failed")], "failed"),
    "declined, then paid": ([DECLINED, CONFIRM, PAID], "succeeded"),
    "asked for 3-D Secure": ([NEW, CONFIRM, ACTION], "requires_action"),
    "held": ([NEW, intent("requires_capture")], "requires_capture"),
    "given up": ([NEW, DECLINED, intent("canceled")], "canceled"),
    "refunded": ([PAID, charge(), charge(refunded=True, amount_refunded=1900)], "refunded"),
    "refunded, known from the refund alone": ([PAID, refund()], "refunded"),
    "half refunded": ([PAID, charge(amount_refunded=900), refund(amount=900)], "partially_refunded"),
    "refunded in two parts": ([PAID, refund(amount=900), refund(amount=1000)], "refunded"),
    "a refund that failed": ([PAID, refund("pending"), refund("failed")], "succeeded"),
    "disputed": ([PAID, charge(disputed=True), dispute("needs_response")], "disputed"),
    "a dispute that was won": ([PAID, charge(disputed=True), dispute("under_review"), dispute("won")], "succeeded"),
    "a dispute that was lost": ([PAID, charge(disputed=True), dispute("lost")], "disputed"),
}


@pytest.mark.parametrize("story", STORIES)
def test_reports_of_one_second_give_the_same_state_in_every_order(story: str) -> None:
    reports, expected = STORIES[story]
    for order in itertools.permutations(reports):
        objects = newest_of(Report(report, SECOND, float(at)) for at, report in enumerate(order))
        assert payment_state(objects["pi_1"], objects.values()) == expected, order


def test_what_is_final_stays_when_an_older_state_is_reported_a_second_later() -> None:
    objects = newest_of([Report(PAID, SECOND), Report(CONFIRM, SECOND + 1, 1.0)])
    assert payment_state(objects["pi_1"], objects.values()) == "succeeded"


def test_a_new_attempt_a_second_later_replaces_the_declined_one() -> None:
    objects = newest_of([Report(ACTION, SECOND + 1), Report(DECLINED, SECOND, 1.0)])
    assert payment_state(objects["pi_1"], objects.values()) == "requires_action"


CHARGES = [
    (charge(), "succeeded"),
    (charge("failed"), "failed"),
    (charge(refunded=True, amount_refunded=1900), "refunded"),
    (charge(amount_refunded=1), "partially_refunded"),
    (charge(disputed=True), "disputed"),
]


@pytest.mark.parametrize(("charge", "expected"), CHARGES)
def test_a_charge_tells_its_state_by_itself(charge: dict[str, Any], expected: str) -> None:
    assert payment_state(charge, [charge]) == expected


def test_another_payments_refund_changes_nothing() -> None:
    other = {**refund(), "payment_intent": "pi_2", "charge": "ch_2"}
    assert payment_state(PAID, [PAID, charge(), other]) == "succeeded"


SESSIONS = [("open", "unpaid", "open"), ("complete", "unpaid", "unpaid"), ("complete", "paid", "paid")]


@pytest.mark.parametrize(("status", "paid", "expected"), [*SESSIONS, ("expired", "unpaid", "expired")])
def test_a_session_says_whether_it_is_paid(status: str, paid: str, expected: str) -> None:
    session = {"object": "checkout.session", "id": "cs_1", "status": status, "payment_status": paid}
    assert payment_state(session, [session]) == expected


def test_without_what_was_received_the_asked_amount_counts_and_a_refund_of_nothing_is_none() -> None:
    part = intent("succeeded", amount_received=1000)
    assert payment_state(part, [part, refund(amount=1000)]) == "refunded"
    assert payment_state(part, [part, refund(amount=999)]) == "partially_refunded"
    whole = intent("succeeded")
    assert payment_state(whole, [whole, refund(amount=1000)]) == "partially_refunded"
    assert payment_state(whole, [whole, refund(amount=1900)]) == "refunded"
    free = intent("succeeded", amount=0)
    assert payment_state(free, [free]) == "succeeded"


def test_a_charge_that_says_so_is_refunded_and_an_intent_is_not() -> None:
    assert payment_state(charge(refunded=True), [charge(refunded=True)]) == "refunded"
    odd = intent("succeeded", refunded=True)
    assert payment_state(odd, [odd]) == "succeeded"


def test_of_an_unknown_kind_the_later_report_counts_whatever_its_state() -> None:
    first, second = (
        {"object": "other", "id": "t_1", "status": "done"},
        {"object": "other", "id": "t_1", "status": "new"},
    )
    assert newest_of([Report(first, SECOND, 0.0), Report(second, SECOND, 1.0)])["t_1"] == second
    nothing = {"object": "other", "id": "t_1"}
    assert newest_of([Report(first, SECOND, 0.0), Report(nothing, SECOND + 1, 1.0)])["t_1"] == nothing


LAST = {"message": "No.", "code": "card_declined", "decline_code": "lost_card"}
REASONS = [
    (intent("requires_payment_method", last_payment_error=LAST), "No. (lost_card)"),
    (intent("requires_payment_method", last_payment_error={"message": "No.", "code": "x"}), "No. (x)"),
    (intent("requires_payment_method", last_payment_error={"message": "No."}), "No."),
    (intent("requires_payment_method", last_payment_error={"code": "x"}), "x"),
    (intent("requires_payment_method", last_payment_error={"type": "api_error"}), None),
    (intent("requires_payment_method", last_payment_error="odd"), None),
    (intent("succeeded", last_payment_error=LAST), None),
    (intent("requires_payment_method"), None),
    ({"object": "setup_intent", "status": "requires_payment_method", "last_setup_error": LAST}, "No. (lost_card)"),
    (charge("failed", failure_message="No.", failure_code="x", outcome={"reason": "y"}), "No. (y)"),
    (charge("failed", failure_message="No.", failure_code="x", outcome={"reason": None}), "No. (x)"),
    (charge("failed", failure_message="No.", failure_code="x", outcome=None), "No. (x)"),
    (charge("failed", failure_code="x", outcome={"reason": "y"}), "x"),
    (charge(outcome={"reason": "y"}), None),
    ({"object": "refund", "failure_reason": "expired_or_canceled_card"}, "expired_or_canceled_card"),
    ({"object": "payout", "failure_reason": None}, None),
    ({"object": "customer", "failure_reason": "x", "failure_message": "y"}, None),
]


@pytest.mark.parametrize(("failed", "expected"), REASONS)
def test_why_an_attempt_failed_is_given_in_stripes_words(failed: dict[str, Any], expected: str | None) -> None:
    assert why_failed(failed) == expected


def test_card_numbers_in_a_reason_are_masked() -> None:
    failed = intent("requires_payment_method", last_payment_error={"message": "Card 4242424242424242 is lost."})
    assert "4242424242424242" not in (why_failed(failed) or "")


def test_of_two_reports_that_are_equally_old_the_one_received_last_counts() -> None:
    first, second = {"object": "other", "id": "t_1", "n": 1}, {"object": "other", "id": "t_1", "n": 2}
    assert newest_of([Report(first, SECOND), Report(second, SECOND)])["t_1"] == second
    assert newest_of([Report(first, SECOND), Report(second, SECOND, 0.5)])["t_1"] == second


OWN = [
    ({"object": "setup_intent", "status": "requires_payment_method", "last_setup_error": {"code": "x"}}, "failed"),
    ({"object": "setup_intent", "status": "requires_payment_method"}, "requires_payment_method"),
    ({"object": "checkout.session", "status": "complete"}, "complete"),
    ({"object": "payout", "status": 5}, None),
    ({"object": "payout"}, None),
    (charge(amount_refunded=1), "partially_refunded"),
]


@pytest.mark.parametrize(("known", "expected"), OWN)
def test_an_object_has_a_state_by_itself(known: dict[str, Any], expected: str | None) -> None:
    assert own_state(known) == expected


def test_one_open_dispute_beside_a_won_one_is_a_dispute() -> None:
    for order in ("won", "needs_response"), ("needs_response", "won"):
        disputes = [{**dispute(status), "id": f"dp_{at}"} for at, status in enumerate(order)]
        assert payment_state(PAID, [PAID, *disputes]) == "disputed"


def test_a_payment_of_one_unit_can_be_refunded_and_expanded_references_count() -> None:
    least = intent("succeeded", amount=1)
    assert payment_state(least, [least, {**refund(amount=1), "payment_intent": {"id": "pi_1"}}]) == "refunded"
    assert payment_state(least, [least, {**refund(amount=1), "payment_intent": {"id": "pi_2"}}]) == "succeeded"


def test_refunds_and_disputes_change_payments_only() -> None:
    own = {**refund(), "id": "re_1"}
    assert payment_state(own, [own, {**dispute("needs_response"), "refund": "re_1"}]) == "succeeded"
