"""Who calls: reads the API key and says what it may do."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from typing import Literal

from payloom_emulator.protocol.errors import StripeError

_KEY = re.compile(r"^(sk|rk|pk|ek)_(test|live)_[A-Za-z0-9_]{1,250}$")

STREAM_TOKEN = "mestok_test_"  # noqa: S105 - a beginning, no secret
"""How the token of a meter event session begins: its account and the session's id follow."""

# What a browser may do with a publishable key; everything else needs a secret key.
PUBLISHABLE: frozenset[tuple[str, str]] = frozenset(
    {
        ("POST", "/v1/tokens"),
        ("POST", "/v1/sources"),
        ("GET", "/v1/sources/{}"),
        ("POST", "/v1/payment_methods"),
        ("POST", "/v1/confirmation_tokens"),
        ("GET", "/v1/confirmation_tokens/{}"),
        ("GET", "/v1/payment_intents/{}"),
        ("POST", "/v1/payment_intents/{}/confirm"),
        ("GET", "/v1/setup_intents/{}"),
        ("POST", "/v1/setup_intents/{}/confirm"),
        ("POST", "/v1/setup_intents/{}/verify_microdeposits"),
        ("POST", "/v1/payment_intents/{}/verify_microdeposits"),
        ("GET", "/v1/elements/sessions"),
        ("GET", "/v1/payment_pages/{}"),
        ("POST", "/v1/payment_pages/{}"),
        ("POST", "/v1/payment_pages/{}/confirm"),
        ("POST", "/v1/payment_pages/{}/init"),
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the kind of key, the key itself and the account it opens.

    permissions: for restricted keys, resource → "none" | "read" | "write"; None means everything.
    """

    kind: Literal["secret", "restricted", "publishable", "ephemeral"]
    key: str
    account: str
    permissions: dict[str, str] | None = None


def read_key(authorization: str | None) -> str | None:
    """Return the key of an Authorization header (Bearer, or Basic with the key as user), or None."""
    if not authorization:
        return None
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[0] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def kind_of(key: str) -> Literal["secret", "restricted", "publishable", "ephemeral"]:
    """Return the kind of a well-formed test key; raise Stripe's 401 for anything else."""
    match = _KEY.match(key)
    if match is None:
        raise StripeError(f"Invalid API Key provided: {masked(key)}", status=401)
    if match[2] == "live":
        raise StripeError(
            f"Invalid API Key provided: {masked(key)}. This is the local Stripe: it takes test keys only, and this is a live key. Keep it out of development.",
            status=401,
        )
    return {"sk": "secret", "rk": "restricted", "pk": "publishable", "ek": "ephemeral"}[match[1]]  # type: ignore[return-value] - the pattern allows these four


def is_for_browsers(key: str | None) -> bool:
    """Tell whether a key may be in a page: a publishable one, or an ephemeral one."""
    return key is not None and key.startswith(("pk_", "ek_"))


def masked(key: str) -> str:
    """Return the key as Stripe shows it in errors: the beginning, stars, the last four."""
    if len(key) <= 12:
        return key[:4] + "*" * max(0, len(key) - 4)
    return f"{key[:8]}{'*' * (len(key) - 12)}{key[-4:]}"


def no_key() -> StripeError:
    """Return the 401 for a request without a key."""
    return StripeError(
        "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
        status=401,
    )


def authorize(caller: Caller, method: str, path: str) -> None:
    """Raise unless the caller's key may do this. `path`: template with anonymous placeholders."""
    if caller.key.startswith(STREAM_TOKEN) and path != "/v2/billing/meter_event_stream":
        raise StripeError(f"Invalid API Key provided: {masked(caller.key)}", status=401)
    if caller.kind == "publishable" and (method, path) not in PUBLISHABLE:
        raise StripeError(
            "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a list of your API keys at https://dashboard.stripe.com/account/apikeys.",
            status=403,
            code="secret_key_required",
        )
    if caller.kind == "restricted" and caller.permissions is not None:
        resource = path.split("/")[2]
        level = caller.permissions.get(resource, caller.permissions.get("*", "none"))
        needed = "read" if method == "GET" else "write"
        if level not in {"write", needed}:
            raise StripeError(
                f"The provided key '{masked(caller.key)}' does not have the required permissions for this endpoint on account '{caller.account}'. Having the '{resource}_{needed}' permission would allow this request to continue.",
                status=403,
                code="more_permissions_required_for_application",
            )
