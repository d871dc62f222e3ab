"""What can be wrong with a request, and the one wire form of every error.

PayloomError
└── ApiError
    ├── NoSuchRoute, WrongMethod             404, 405
    ├── NotSignedIn, NotAllowed              401, 403
    ├── SecondFactorMissing, ProofNeeded     403
    ├── CrossSiteRequest, WrongHost          403, 421
    ├── WrongContentType, BodyTooLarge       415, 413
    ├── BodyCutShort, BadRequest             400
    ├── CardNumberRefused                    422
    ├── RepeatedRequest                      409
    ├── RequestTooSlow, HeadTooLarge         408, 431
    ├── TooManyRequests                      429
    └── StoreUnavailable, TooManyConnections 503
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from payloom.kit.errors import PayloomError
from payloom.kit.json_types import is_dict, is_list
from payloom.kit.secrets.redaction import redact, redact_text
from payloom.kit.validation.messages import LONGEST_FIELD, MOST_PROBLEMS


class ApiError(PayloomError):
    """The request failed."""

    code: ClassVar[str] = "bad_request"
    status: ClassVar[int] = 400


class BadRequest(ApiError):
    """The request is not valid."""


class NoSuchRoute(ApiError):
    """Nothing has this address."""

    code: ClassVar[str] = "not_found"
    status: ClassVar[int] = 404


class WrongMethod(ApiError):
    """The address does not accept this method."""

    code: ClassVar[str] = "method_not_allowed"
    status: ClassVar[int] = 405


class NotSignedIn(ApiError):
    """Sign in first."""

    code: ClassVar[str] = "not_signed_in"
    status: ClassVar[int] = 401


class NotAllowed(ApiError):
    """Your account has none of the required roles."""

    code: ClassVar[str] = "not_allowed"
    status: ClassVar[int] = 403


class SecondFactorMissing(ApiError):
    """Your account needs a second factor for this."""

    code: ClassVar[str] = "second_factor_missing"
    status: ClassVar[int] = 403


class ProofNeeded(ApiError):
    """Confirm that it is you."""

    code: ClassVar[str] = "proof_needed"
    status: ClassVar[int] = 403


class CrossSiteRequest(ApiError):
    """The request comes from another site."""

    code: ClassVar[str] = "cross_site"
    status: ClassVar[int] = 403


class WrongHost(ApiError):
    """The server does not accept this host name."""

    code: ClassVar[str] = "wrong_host"
    status: ClassVar[int] = 421


class WrongContentType(ApiError):
    """The body must be JSON."""

    code: ClassVar[str] = "wrong_content_type"
    status: ClassVar[int] = 415


class BodyTooLarge(ApiError):
    """The body is too large."""

    code: ClassVar[str] = "body_too_large"
    status: ClassVar[int] = 413


class BodyCutShort(ApiError):
    """The connection closed before the whole body arrived."""

    code: ClassVar[str] = "body_cut_short"
    status: ClassVar[int] = 400


class CardNumberRefused(ApiError):
    """The request holds a card number."""

    code: ClassVar[str] = "card_number"
    status: ClassVar[int] = 422

    def __init__(self) -> None:
        """Say nothing of where it stands: the name of a field may be the number."""
        super().__init__(hint="Send card data to Stripe only, from Stripe's payment form, and an ID of Stripe's here.")


class RequestTooSlow(ApiError):
    """The request arrived too slowly."""

    code: ClassVar[str] = "request_too_slow"
    status: ClassVar[int] = 408


class HeadTooLarge(ApiError):
    """The request's headers are too large, or too many."""

    code: ClassVar[str] = "head_too_large"
    status: ClassVar[int] = 431


class TooManyConnections(ApiError):
    """Too many connections are open."""

    code: ClassVar[str] = "too_many_connections"
    status: ClassVar[int] = 503


class RepeatedRequest(ApiError):
    """The same was asked for a moment ago."""

    code: ClassVar[str] = "repeated_request"
    status: ClassVar[int] = 409


class TooManyRequests(ApiError):
    """Too many requests in a short time."""

    code: ClassVar[str] = "too_many_requests"
    status: ClassVar[int] = 429


class StoreUnavailable(ApiError):
    """The database can't write now."""

    code: ClassVar[str] = "store_unavailable"
    status: ClassVar[int] = 503


_SHOWN = ("run_id", "retry_after", "allow")


def error_body(error: PayloomError, request_id: str | None = None) -> dict[str, Any]:
    """Return `{error: {code, message, hint?, fields?, run_id?, …, request_id}}` with secrets masked."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.hint:
        body["hint"] = error.hint
    body.update({key: error.data[key] for key in _SHOWN if error.data.get(key) is not None})
    fields = error.data.get("fields") or _by_field(error.data.get("errors"))
    if request_id:
        body["request_id"] = request_id
    body = redact(body)
    if is_dict(fields) and fields:
        # By name a field `password` would be masked; what stands here is what is wrong with it.
        body["fields"] = {name: redact_text(str(message)) for name, message in fields.items()}
    return {"error": body}


def _by_field(errors: Any) -> dict[str, str]:
    """Return one message per field, the first of each, from a list of `{field, message}`."""
    fields: dict[str, str] = {}
    for error in errors if is_list(errors) else []:
        if is_dict(error) and error.get("field"):
            hint = f" ({error['hint']})" if error.get("hint") else ""
            fields.setdefault(str(error["field"]), f"{error.get('message', '')}{hint}")
    return fields


def internal_body(request_id: str) -> dict[str, Any]:
    """Return the response to an internal error: no details leak, and the log has them."""
    return {
        "error": {
            "code": "internal",
            "message": "Something went wrong on our side.",
            "hint": f"Try again. If it fails again, report the request id {request_id}.",
            "request_id": request_id,
        }
    }


def headers_of(error: PayloomError) -> Mapping[str, str]:
    """Return the headers an error brings: Retry-After, Allow."""
    headers: dict[str, str] = {}
    if retry := error.data.get("retry_after"):
        headers["retry-after"] = str(retry)
    elif error.status == 503:
        headers["retry-after"] = "5"
    if allow := error.data.get("allow"):
        headers["allow"] = ", ".join(allow)
    return headers


NO_SUCH_FIELD = "there is no such field"


def wrong_fields(fields: Mapping[str, str]) -> BadRequest:
    """Return the refusal of a body, with what is wrong with each field; of many unknown ones it names the first."""
    first = sorted(fields.items(), key=lambda item: item[1] == NO_SUCH_FIELD)[:MOST_PROBLEMS]
    short = {name[:LONGEST_FIELD]: problem for name, problem in first}
    return BadRequest(f"wrong fields: {', '.join(sorted(short))}", hint="See `fields` for each.", fields=short)
