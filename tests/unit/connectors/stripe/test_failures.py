"""What each answer of Stripe's means for a step: tried again, refused, or unknown; and what `catch` sees of it."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from payloom.connectors.stripe.failures import StripeStepFailed, from_sdk, no_answer, refused


def failure(
    http: int | None, error: Any = None, headers: dict[str, str] | None = None, cause: Exception | None = None
) -> StripeStepFailed:
    body = {"error": error} if error is not None else None
    raised = stripe.StripeError("it said so", "", http, body, headers)
    raised.__cause__ = cause
    return from_sdk(raised, "refunds.create")


LATER = {"retry-after": "7"}
DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "do_not_honor",
    "message": "Declined.",
    "charge": "ch_1",
}
ANSWERS: list[tuple[int | None, Any, dict[str, str] | None, str, int, str, float | None]] = [
    # http, the error in the body, headers; kind, status for a caller, outcome, seconds to wait
    (302, None, LATER, "stripe_error", 502, "unknown", 7.0),
    (399, None, None, "stripe_error", 502, "unknown", None),
    (400, None, None, "invalid_request_error", 422, "refused", None),
    (400, {"type": "invalid_request_error"}, None, "invalid_request_error", 422, "refused", None),
    (400, {"type": "api_error"}, None, "api_error", 422, "refused", None),
    (400, {"code": "parameter_missing", "type": "invalid_request_error"}, LATER, "parameter_missing", 422, "refused", 7.0),
    (400, {"code": "x"}, {"stripe-should-retry": "true"}, "x", 422, "retry", None),
    (400, {"code": "x"}, {"stripe-should-retry": "false"}, "x", 422, "refused", None),
    (400, {"code": "rate_limit"}, LATER, "rate_limit", 503, "retry", 7.0),
    (400, {"code": "lock_timeout"}, None, "rate_limit", 503, "retry", None),
    (400, {"type": "idempotency_error"}, None, "idempotency_error", 409, "refused", None),
    (400, DECLINED, None, "card_declined", 402, "refused", None),
    (401, None, None, "stripe_authentication", 502, "refused", None),
    (402, {"type": "invalid_request_error"}, None, "card_declined", 402, "refused", None),
    (402, {"code": "expired_card"}, None, "expired_card", 402, "refused", None),
    (403, None, None, "stripe_permission", 502, "refused", None),
    (404, {"code": "resource_missing"}, None, "resource_missing", 404, "refused", None),
    (409, None, LATER, "conflict", 503, "retry", 7.0),
    (409, {"code": "lock_timeout"}, None, "rate_limit", 503, "retry", None),
    (409, {"code": "busy"}, None, "busy", 503, "retry", None),
    (409, {"type": "idempotency_error"}, None, "conflict", 503, "retry", None),
    (429, None, {"retry-after": "-3"}, "rate_limit", 503, "retry", 0.0),
    (429, {"type": "idempotency_error"}, {"retry-after": "soon"}, "rate_limit", 503, "retry", None),
    (430, None, None, "invalid_request_error", 422, "refused", None),
    (499, None, None, "invalid_request_error", 422, "refused", None),
    (500, DECLINED, LATER, "stripe_error", 502, "unknown", 7.0),
    (501, None, None, "not_implemented", 501, "refused", None),
    (502, "text", None, "stripe_error", 502, "unknown", None),
    (None, None, None, "stripe_no_answer", 504, "unknown", None),
]  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_has_its_meaning(
    answer: tuple[int | None, Any, dict[str, str] | None, str, int, str, float | None],
) -> None:
    http, error, headers, kind, status, outcome, seconds = answer
    failed = failure(http, error, headers)
    assert (failed.failure.kind, failed.failure.status) == (kind, status)
    assert (failed.outcome, failed.retry_after) == (outcome, seconds)
    assert failed.failure.retryable is (outcome != "refused")
    assert failed.data["outcome"] == outcome
    assert failed.data.get("in_doubt", False) is (outcome == "unknown")
    assert failed.data.get("retry_after") == seconds
    assert failed.replayed is False


@pytest.mark.parametrize("http", [400, 500])
def test_an_answer_that_stripe_had_saved_says_so(http: int) -> None:
    assert failure(http, {}, {"idempotent-replayed": "true"}).replayed is True
    assert failure(http, {}, {"idempotent-replayed": "false"}).replayed is False


def test_what_catch_sees_of_a_declined_card_is_ids_only() -> None:
    failed = failure(
        402,
        {
            **DECLINED,
            "payment_intent": {"id": "pi_1", "client_secret": "pi_1_secret_2"},
            "advice_code": "try_again_later",
        },
    )
    assert failed.data == {
        "type": "card_error", "code": "card_declined", "decline_code": "do_not_honor", "payment_intent": "pi_1",
        "charge": "ch_1", "advice_code": "try_again_later", "http_status": 402, "outcome": "refused",
    }  # fmt: skip
    assert failed.failure.message == "Declined."
    assert failed.hint == "the bank's reason is do_not_honor; ask for another payment method"
    assert failure(402, {}).hint == "ask for another payment method"


def test_messages_name_the_call() -> None:
    assert no_answer("x.y", 5).message == "Stripe did not answer x.y within 5 seconds; it may have happened"
    assert no_answer("x.y").message == "Stripe did not answer x.y; it may have happened"
    assert no_answer("x.y").data["cause"] == "TimeoutError"
    assert failure(501).message == "refunds.create is not implemented here"
    assert failure(501, {"message": "Not in this one."}).message == "Not in this one."
    assert failure(501).data["http_status"] == 501
    assert failure(400, {"message": "No such charge"}).message == "No such charge"
    assert failure(400).message == "it said so"
    assert from_sdk(stripe.StripeError(http_status=400), "x").message == "Stripe refused the call"
    assert refused("k", "m").failure.status == 422
    assert "secret key" in failure(401).message
    assert "refunds.create" in failure(403).message


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        (name, False)
        for name in ("ClientConnectorError", "ClientConnectorDNSError", "NonHttpUrlClientError", "InvalidURL")
    ]
    + [
        (name, True)
        for name in ("ServerDisconnectedError", "ClientOSError", "ClientPayloadError", "SentOnce", "TimeoutError")
    ],
)
def test_only_what_never_left_is_sure_not_to_have_happened(name: str, sent: bool) -> None:
    failed = failure(None, cause=type(name, (Exception,), {})())
    assert failed.outcome == ("unknown" if sent else "retry")
    assert failed.failure.kind == ("stripe_no_answer" if sent else "stripe_unreachable")
    assert failed.failure.status == (504 if sent else 503)
    assert failed.data["cause"] == name
