"""Stripe's error shapes: every refusal of the local Stripe has the status, type, code and param Stripe uses."""

from __future__ import annotations

COVERAGE_PAGE = "docs/reference/emulator-coverage.md"


class StripeError(Exception):
    """An error as Stripe's API answers it.

    keep: the effects made before the error stay (a declined payment is a fact, a wrong parameter is not).
    """

    keep = False
    # Whether the account's log of requests has the call.
    logged = True
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

    def body(self, path: str, request_id: str | None = None, account: str = "") -> dict[str, object]:
        """Return `{error: {...}}`.

        path: what was called; errors of the v2 API have a shape of their own. account: the caller's, whose log has the
        request; "" for a call that no log has.
        """
        if path.startswith("/v2/"):
            return self._body_of_v2()
        error: dict[str, object] = {}
        if self.code:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        error["message"] = self.message
        if self.param is not None:
            error["param"] = self.param
        if request_id and account:
            error["request_log_url"] = f"https://dashboard.stripe.com/{account}/test/workbench/logs?object={request_id}"
        error["type"] = self.type
        error.update({k: v for k, v in self.more.items() if v is not None})
        return {"error": error}

    def _body_of_v2(self) -> dict[str, object]:
        """Return the error as the v2 API shows it: it has codes of its own, and no links."""
        code = _V2_CODES.get(self.code or "", self.code)
        if self.status == 404:
            code = "not_found"
        elif code is None and self.status == 400:
            code = "invalid_fields"
        error: dict[str, object] = {"code": code, "message": self.message, "type": self.type, "user_message": None}
        if self.param:
            error["param"] = self.param
        return {"error": {name: value for name, value in error.items() if value is not None or name[:4] == "user"}}


_V2_CODES: dict[str, str] = dict.fromkeys(
    (
        "parameter_invalid_empty",
        "parameter_invalid_integer",
        "parameter_missing",
        "parameter_unknown",
        "resource_missing",
    ),
    "invalid_fields",
)
"""What the v2 API calls codes of the v1 API."""


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
    if status == 404 and object_name in _SAID_OTHERWISE:
        message, code = _SAID_OTHERWISE[object_name]
        error = StripeError(message.format(id=object_id), status=status, code=code, param=param if code else None)
    else:
        noun = _NOUNS.get(object_name, object_name.rsplit(".", 1)[-1])
        error = StripeError(f"No such {noun}: '{object_id}'", status=status, code="resource_missing", param=param)
    error.missing_id = object_id if error.param else None
    return error


_SAID_OTHERWISE: dict[str, tuple[str, str | None]] = {
    "checkout.session": ("No such checkout.session: {id}", "resource_missing"),
    "invoiceitem": ("No such Invoice Item: '{id}'(livemode=false)", "resource_missing"),
    "subscription_item": ("Invalid subscription_item id: {id}", None),
}
"""The objects whose 404 Stripe words in another way, with the error's code."""


_NOUNS = {
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "balance_transaction": "balance transaction",
    "checkout.session": "checkout.session",
    "subscription_schedule": "subscription schedule",
    "tax_rate": "tax rate",
    "test_helpers.test_clock": "billingclock",
    "billing_portal.configuration": "configuration",
    "promotion_code": "promotion code",
    "confirmation_token": "confirmation token",
    "webhook_endpoint": "webhook endpoint",
}


def parameter_missing(param: str) -> StripeError:
    """Return the 400 for a parameter that must be given."""
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """Return an ordinary 400."""
    return StripeError(message, param=param, code=code)


def below_one(param: str) -> StripeError:
    """Return the 400 for a number that must be 1 or more."""
    return invalid("This value must be greater than or equal to 1.", param, "parameter_invalid_integer")


def in_past(param: str, moment: object) -> StripeError:
    """Return the 400 for a moment that must be in the future and is not. moment: Unix seconds."""
    return invalid(
        f"The parameter `{param}` expects a unix timestamp representing a date and time in the future. You specified the value `{moment}` which is in the past.",
        param,
    )


def too_far(param: str) -> StripeError:
    """Return the 400 for a moment that is more than five years ahead."""
    return invalid("Invalid timestamp: can be no more than five years in the future.", param)


# Products of Stripe that are left out as a whole, by what their URLs begin with: their name and their page.
_ELSEWHERE = {
    "climate": ("Climate", "climate"),
    "forwarding": ("Vault and Forward", "payments/vault-and-forward"),
    "identity": ("Identity", "identity"),
    "issuing": ("Issuing", "issuing"),
    "terminal": ("Terminal", "terminal"),
    "treasury": ("Treasury", "treasury"),
}


def not_emulated(operation: str) -> StripeError:
    """Return the refusal of an operation Stripe has and the local Stripe does not (yet)."""
    product = next(
        (names for part, names in _ELSEWHERE.items() if f"/{part}/" in operation or operation.endswith(f"/{part}")),
        None,
    )
    reason = (
        f"The local Stripe does not have Stripe {product[0]} (https://docs.stripe.com/{product[1]})"
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
    error = StripeError(
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )
    error.logged = False
    return error
