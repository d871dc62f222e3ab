"""What Stripe's errors mean for a step: refused for good, worth another try, or unknown whether it happened.

refused   Stripe rejected the call; a retry would be rejected too.
retry     Stripe did nothing (no connection, too many requests, key in use); trying again may help.
unknown   it may have happened (no answer, broken answer, 5xx): try again under the same key, never under a new one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from payloom.connectors.port import StepFailed
from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_map
from payloom.kit.secrets.redaction import redact_text
from payloom.workflows.program.commands import StepFailure

if TYPE_CHECKING:
    import stripe

_BEFORE_SENDING = frozenset(
    {
        *(
            "ClientConnectorError",
            "ClientConnectorDNSError",
            "ClientConnectorSSLError",
            "ClientConnectorCertificateError",
        ),
        *("ClientProxyConnectionError", "InvalidURL", "InvalidUrlClientError", "NonHttpUrlClientError"),
    }
)
"""aiohttp's errors that mean that no byte of the request was sent."""
Outcome = Literal["refused", "retry", "unknown"]


class StripeStepFailed(StepFailed, PayloomError):
    """A call to Stripe failed.

    outcome: see the module. failure: the words for `catch` and the run page. replayed: Stripe repeated the answer it
    had saved for the idempotency key. retry_after: seconds Stripe asked to wait.
    """

    code: ClassVar[str] = "stripe_step_failed"

    def __init__(
        self, failure: StepFailure, outcome: Outcome, *, replayed: bool = False, retry_after: float | None = None
    ) -> None:
        data = {key: value for key, value in failure.data.items() if value is not None} | {"outcome": outcome}
        if outcome == "unknown":
            data["in_doubt"] = True
        if retry_after is not None:
            data["retry_after"] = retry_after
        super().__init__(dataclasses.replace(failure, data=data, retryable=outcome != "refused"))
        self.message, self.hint, self.where, self.data = failure.message, failure.hint, failure.where, data
        self.outcome: Outcome = outcome
        self.replayed = replayed
        self.retry_after = retry_after


def refused(kind: str, message: str, *, status: int = 422, hint: str | None = None, **data: Any) -> StripeStepFailed:
    """Return a failure that is final."""
    return StripeStepFailed(StepFailure(kind, message, status=status, hint=hint, data=data), "refused")


def no_answer(action: str, seconds: float | None = None, cause: str = "TimeoutError") -> StripeStepFailed:
    """Return the failure of a call that was sent and not answered."""
    waited = f" within {seconds:g} seconds" if seconds else ""
    failure = StepFailure(
        "stripe_no_answer",
        f"Stripe did not answer {action}{waited}; it may have happened",
        status=504,
        hint="it is tried again under the same idempotency key, which cannot do it twice",
        data={"type": "api_connection_error", "cause": cause},
    )
    return StripeStepFailed(failure, "unknown")


def from_sdk(error: stripe.StripeError, action: str) -> StripeStepFailed:
    """Return the failure for an error the SDK raised."""
    if error.http_status is None:
        return _connection(error, action)
    answer = _answer(error)
    if error.http_status == 501:
        # Only a local Stripe says so: it does not know this operation, and will not know it on the next attempt either.
        message = str(answer.get("message") or f"{action} is not implemented here")
        return refused("not_implemented", message, status=501, http_status=501, request_id=error.request_id)
    if error.http_status >= 500 or error.http_status < 400:
        return _broken(error, action)
    headers = error.headers or {}
    retry_after = _seconds(headers.get("retry-after"))
    data = _facts(error, answer)
    message = redact_text(str(answer.get("message") or error.user_message or "Stripe refused the call"))
    status = error.http_status
    if status == 402 or answer.get("type") == "card_error":
        kind = answer.get("code") or "card_declined"
        return StripeStepFailed(StepFailure(kind, message, status=402, hint=_card_hint(answer), data=data), "refused")
    if status == 429 or answer.get("code") in ("lock_timeout", "rate_limit"):
        failure = StepFailure("rate_limit", message, status=503, hint="Payloom retries it later", data=data)
        return StripeStepFailed(failure, "retry", retry_after=retry_after)
    if answer.get("type") == "idempotency_error" and status != 409:
        return StripeStepFailed(_idempotency(message, data), "refused")
    if status == 409:
        kind = answer.get("code") or "conflict"
        failure = StepFailure(kind, message, status=503, hint="Payloom retries it later", data=data)
        return StripeStepFailed(failure, "retry", retry_after=retry_after)
    if status in (401, 403):
        return StripeStepFailed(_access(status, action, data), "refused")
    kind = answer.get("code") or answer.get("type") or "invalid_request_error"
    code = 404 if status == 404 else 422
    failure = StepFailure(kind, message, status=code, hint=answer.get("doc_url"), data=data)
    outcome: Outcome = "retry" if headers.get("stripe-should-retry") == "true" else "refused"
    return StripeStepFailed(failure, outcome, replayed=_replayed(error), retry_after=retry_after)


def _connection(error: stripe.StripeError, action: str) -> StripeStepFailed:
    cause = type(error.__cause__).__name__
    if cause not in _BEFORE_SENDING:
        return no_answer(action, cause=cause)
    failure = StepFailure(
        "stripe_unreachable",
        f"Stripe could not be reached for {action} ({cause}); nothing was sent",
        status=503,
        hint="check the network and the configured address of Stripe; it is tried again",
        data={"type": "api_connection_error", "cause": cause},
    )
    return StripeStepFailed(failure, "retry")


def _broken(error: stripe.StripeError, action: str) -> StripeStepFailed:
    data = _facts(error, _answer(error))
    failure = StepFailure(
        "stripe_error",
        f"Stripe answered {action} with a fault of its own (HTTP {error.http_status}); it may have happened",
        status=502,
        hint="it is tried again under the same idempotency key, which cannot do it twice",
        data=data,
    )
    retry_after = _seconds((error.headers or {}).get("retry-after"))
    return StripeStepFailed(failure, "unknown", replayed=_replayed(error), retry_after=retry_after)


def _answer(error: stripe.StripeError) -> Mapping[str, Any]:
    body = error.json_body
    details = body.get("error") if is_map(body) else None
    return details if is_map(details) else {}


def _facts(error: stripe.StripeError, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `catch` may look at. Never the whole body: a declined intent carries its client secret."""
    facts = {name: answer.get(name) for name in ("type", "code", "decline_code", "param", "doc_url")}
    for name in ("payment_intent", "setup_intent"):
        intent = answer.get(name)
        facts[name] = intent.get("id") if is_map(intent) else None
    facts |= {"charge": answer.get("charge"), "advice_code": answer.get("advice_code")}
    return facts | {"request_id": error.request_id, "http_status": error.http_status}


def _replayed(error: stripe.StripeError) -> bool:
    return (error.headers or {}).get("idempotent-replayed") == "true"


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _card_hint(answer: Mapping[str, Any]) -> str:
    code = answer.get("decline_code")
    return f"the bank's reason is {code}; ask for another payment method" if code else "ask for another payment method"


def _idempotency(message: str, data: dict[str, Any]) -> StepFailure:
    return StepFailure(
        "idempotency_error",
        f"The idempotency key was used before with other parameters: {message}",
        status=409,
        hint="the same key means the same call; put what makes this call different (the amount, a version) into `idempotency_key`",
        data=data,
    )


def _access(status: int, action: str, data: dict[str, Any]) -> StepFailure:
    if status == 401:
        return StepFailure(
            "stripe_authentication",
            "Stripe does not accept the secret key",
            status=502,
            hint="for the operator: set STRIPE_SECRET_KEY to a valid key of this account and mode",
            data=data,
        )
    return StepFailure(
        "stripe_permission",
        f"The Stripe key may not call {action}",
        status=502,
        hint="for the operator: give the restricted key this permission, or check the connected account",
        data=data,
    )
