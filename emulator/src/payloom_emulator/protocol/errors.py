"""Stripe's error shapes: every refusal of the local Stripe has the status, type, code and param Stripe uses."""

from __future__ import annotations

COVERAGE_PAGE = "docs/reference/emulator-coverage.md"


class StripeError(Exception):
    """An error as Stripe's API answers it.

    keep: the effects made before the error stay (a declined payment is a fact, a wrong parameter is not).
    """

    keep = False
    # The id that names nothing, for an error of that kind.
    missing_id: str | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's word
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
        **more: object,
    ) -> None:
        """Build the error; `more` holds further members of the error object (decline_code, payment_intent...)."""
        super().__init__(message)
        self.message, self.status, self.type, self.code, self.param = message, status, type, code, param
        self.headers, self.more = headers or {}, more

    def body(self, request_id: str | None) -> dict[str, object]:
        """Return `{error: {...}}`."""
        error: dict[str, object] = {}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        error["message"] = self.message
        if self.param:
            error["param"] = self.param
        if request_id:
            error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        error["type"] = self.type
        error.update({k: v for k, v in self.more.items() if v is not None})
        return {"error": error}


class CardError(StripeError):
    """A payment the bank or the network refused: HTTP 402. What happened before it is kept."""

    keep = True

    def __init__(self, message: str, *, code: str, param: str | None = None, **more: object) -> None:
        """Build the error with Stripe's `code` and, for declines, `decline_code` in `more`."""
        super().__init__(
            message, status=402, type="card_error", code=code, param=param, headers={"Stripe-Should-Retry": "false"}
        )
        self.more.update(more)


def missing(object_name: str, object_id: str, *, param: str | None = "id", status: int = 404) -> StripeError:
    """Return `resource_missing`: 404 for an id in the path, 400 for one in a parameter."""
    noun = _NOUNS.get(object_name, object_name.rsplit(".", 1)[-1])
    error = StripeError(f"No such {noun}: '{object_id}'", status=status, code="resource_missing", param=param)
    error.missing_id = object_id
    return error


_NOUNS = {
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "checkout.session": "checkout.session",
    "test_helpers.test_clock": "billing clock",
    "billing_portal.configuration": "configuration",
    "promotion_code": "promotion code",
    "subscription_item": "subscription item",
    "confirmation_token": "confirmation token",
    "webhook_endpoint": "webhook endpoint",
    "invoiceitem": "invoice item",
}


def parameter_missing(param: str) -> StripeError:
    """Return the 400 for a parameter that must be given."""
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """Return an ordinary 400."""
    return StripeError(message, param=param, code=code)


# Products of Stripe that are left out as a whole, by what their URLs begin with.
_ELSEWHERE = {
    "climate": "Climate",
    "identity": "Identity",
    "issuing": "Issuing",
    "terminal": "Terminal",
    "treasury": "Treasury",
}


def not_emulated(operation: str) -> StripeError:
    """Return the refusal of an operation Stripe has and the local Stripe does not (yet)."""
    product = next(
        (name for part, name in _ELSEWHERE.items() if f"/{part}/" in operation or operation.endswith(f"/{part}")), None
    )
    reason = (
        f"The local Stripe does not have Stripe {product} (https://docs.stripe.com/{product.lower()})"
        if product
        else f"The local Stripe does not have `{operation}` yet, though Stripe does"
    )
    return not_covered(reason)


def not_covered(reason: str, param: str | None = None) -> StripeError:
    """Return the 501 for what Stripe has and the local Stripe does not. reason: what that is, as a sentence.

    param: the parameter, if it is one.
    """
    return StripeError(
        f"{reason}. {COVERAGE_PAGE} lists what it has; nothing was done.",
        status=501,
        type="api_error",
        code="emulator_not_covered",
        param=param,
        headers={"Stripe-Should-Retry": "false"},
    )


def unknown_url(method: str, path: str) -> StripeError:
    """Return the 404 for a URL Stripe does not know either."""
    return StripeError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )
