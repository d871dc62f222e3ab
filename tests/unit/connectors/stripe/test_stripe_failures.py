"""What an answer of Stripe's means for a step: done for good, to be tried again, or perhaps happened."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import stripe

from payloom.connectors.stripe.failures import StripeStepFailed, from_sdk


def failed(status: int, error: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> StripeStepFailed:
    """The failure of an answer, as the official library raises it."""
    body = {"error": {"message": "No.", **(error or {})}}
    sent = {"request-id": "req_1", **(headers or {})}
    raised = stripe.StripeError("No.", json.dumps(body), status, body, sent)
    return from_sdk(raised, "refunds.create")


CARD = {"type": "card_error", "code": "card_declined", "decline_code": "lost_card"}
INVALID = {"type": "invalid_request_error"}
ANSWERS: list[tuple[int, dict[str, Any], str, int, str]] = [
    # status, error -> kind, our status, outcome
    (302, {}, "stripe_error", 502, "unknown"),
    (399, {}, "stripe_error", 502, "unknown"),
    (400, INVALID, "invalid_request_error", 422, "refused"),
    (400, {}, "invalid_request_error", 422, "refused"),
    (400, {**INVALID, "code": "amount_too_small"}, "amount_too_small", 422, "refused"),
    (400, {"type": "idempotency_error"}, "idempotency_error", 409, "refused"),
    (400, {"type": "card_error", "code": "expired_card"}, "expired_card", 402, "refused"),
    (400, {"code": "rate_limit"}, "rate_limit", 503, "retry"),
    (400, {"code": "lock_timeout"}, "rate_limit", 503, "retry"),
    (401, INVALID, "stripe_authentication", 502, "refused"),
    (402, {}, "card_declined", 402, "refused"),
    (402, CARD, "card_declined", 402, "refused"),
    (403, INVALID, "stripe_permission", 502, "refused"),
    (404, {**INVALID, "code": "resource_missing"}, "resource_missing", 404, "refused"),
    (404, INVALID, "invalid_request_error", 404, "refused"),
    (409, {}, "conflict", 503, "retry"),
    (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}, "idempotency_key_in_use", 503, "retry"),
    (429, {}, "rate_limit", 503, "retry"),
    (429, {"code": "lock_timeout"}, "rate_limit", 503, "retry"),
    (430, {}, "invalid_request_error", 422, "refused"),
    (499, {}, "invalid_request_error", 422, "refused"),
    (500, {}, "stripe_error", 502, "unknown"),
    (501, {}, "not_implemented", 501, "refused"),
    (503, {}, "stripe_error", 502, "unknown"),
]


@pytest.mark.parametrize(("status", "error", "kind", "ours", "outcome"), ANSWERS)
def test_every_answer_has_its_class(status: int, error: dict[str, Any], kind: str, ours: int, outcome: str) -> None:
    caught = failed(status, error)
    assert (caught.failure.kind, caught.failure.status, caught.outcome) == (kind, ours, outcome)
    assert caught.failure.data["http_status"] == status
    assert caught.failure.data["request_id"] == "req_1"
    assert (
        caught.failure.hint or ours == 422 or kind in ("resource_missing", "invalid_request_error", "not_implemented")
    )


@pytest.mark.parametrize(("status", "error"), [(429, {}), (409, {}), (503, {}), (400, INVALID)])
@pytest.mark.parametrize(("text", "seconds"), [("2", 2.0), ("0.5", 0.5), ("-3", 0.0), ("soon", None), ("", None)])
def test_the_wait_that_stripe_asks_for_is_read(
    status: int, error: dict[str, Any], text: str, seconds: float | None
) -> None:
    assert failed(status, error, {"retry-after": text}).retry_after == seconds


@pytest.mark.parametrize(("header", "outcome"), [("true", "retry"), ("false", "refused"), ("", "refused")])
def test_stripe_may_say_that_a_refused_call_is_worth_another_try(header: str, outcome: str) -> None:
    assert failed(400, INVALID, {"stripe-should-retry": header}).outcome == outcome


@pytest.mark.parametrize("status", [400, 404, 500])
def test_a_saved_answer_is_known_as_one(status: int) -> None:
    assert failed(status, INVALID, {"idempotent-replayed": "true"}).replayed is True
    assert failed(status, INVALID, {"idempotent-replayed": "false"}).replayed is False


def test_a_decline_says_what_the_bank_said_and_brings_no_secret() -> None:
    intent = {"id": "pi_1", "client_secret": "pi_1_secret_x"}
    caught = failed(402, {**CARD, "charge": "ch_1", "payment_intent": intent, "param": "card"})
    data = caught.failure.data
    assert "lost_card" in str(caught.failure.hint)
    assert {name: data[name] for name in ("decline_code", "charge", "payment_intent", "param", "code")} == {
        "decline_code": "lost_card", "charge": "ch_1", "payment_intent": "pi_1", "param": "card", "code": "card_declined",
    }  # fmt: skip
    assert "secret_x" not in repr(caught.failure)


@pytest.mark.parametrize(
    ("cause", "kind", "outcome"),
    [
        (httpx.ConnectError("x"), "stripe_unreachable", "retry"),
        (httpx.ConnectTimeout("x"), "stripe_unreachable", "retry"),
        (httpx.PoolTimeout("x"), "stripe_unreachable", "retry"),
        (httpx.ReadTimeout("x"), "stripe_no_answer", "unknown"),
        (httpx.WriteError("x"), "stripe_no_answer", "unknown"),
        (httpx.RemoteProtocolError("x"), "stripe_no_answer", "unknown"),
    ],
)
def test_only_a_connection_that_never_was_sent_nothing(cause: Exception, kind: str, outcome: str) -> None:
    raised = stripe.APIConnectionError("x")
    raised.__cause__ = cause
    caught = from_sdk(raised, "refunds.create")
    assert (caught.failure.kind, caught.outcome) == (kind, outcome)
