"""The webhook signature, checked strictly: raw bytes, every v1 against every secret, tolerance in both directions.

Header: `t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, t + "." + body)>[,v1=…][,v0=…]`. Stripe signs with several
secrets while
one is being rolled. Other schemes (v0) are ignored. Nothing but `SignatureRefused` leaves this module.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence

from payloom.inbox.errors import SignatureRefused

TOLERANCE = 300
"""Seconds the signature's time may be off, into the past and into the future."""
_MAX_HEADER = 4096
_MAX_SIGNATURES = 20
_DIGITS = re.compile(r"[0-9]{1,12}\Z")
_USUAL = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})(?:,v0=[0-9a-f]{64})?\Z")
"""One secret, and perhaps the scheme that is ignored: read at once, as the long way would read it."""
_HEX = re.compile(r"[0-9a-f]{64}\Z")


def verify(raw: bytes, header: str | None, secrets: Sequence[str], now: int, *, tolerance: int = TOLERANCE) -> int:
    """Return the signature's time.

    Raises `SignatureRefused(reason, …)` if `raw` was not signed with one of `secrets` around `now`. Reasons:
    no_signature, malformed_signature, no_v1_signature, wrong_signature, too_old, in_the_future.
    """
    if not header:
        raise SignatureRefused(
            "no_signature",
            "The request has no Stripe-Signature header.",
            hint="Only Stripe (or the local Stripe) may call this address; in development forward events to it.",
        )
    signed_at, signatures = _parse(header)
    message = signed_at.encode() + b"." + raw
    expected = [hmac.digest(secret.encode(), message, "sha256").hex() for secret in secrets if secret]
    # No early exit: the time taken does not tell which secret or signature came close.
    matches = [hmac.compare_digest(good, signature) for good in expected for signature in signatures]
    if not any(matches):
        raise SignatureRefused(
            "wrong_signature",
            "No signature matches the body and a webhook secret of this endpoint.",
            hint="Compare STRIPE_WEBHOOK_SECRET with the endpoint's signing secret; a proxy must not change the body.",
        )
    age = now - int(signed_at)
    if age > tolerance:
        raise SignatureRefused(
            "too_old",
            f"The event was signed {age} seconds ago; {tolerance} are allowed.",
            hint="Stripe signs every retry again. If this happens often, set this machine's clock.",
        )
    if age < -tolerance:
        raise SignatureRefused(
            "in_the_future",
            f"The event was signed {-age} seconds in the future; {tolerance} are allowed.",
            hint="Set this machine's clock.",
        )
    return int(signed_at)


def _parse(header: str) -> tuple[str, list[str]]:
    usual = _USUAL.match(header)
    if usual is not None:
        return usual[1], [usual[2]]
    if len(header) > _MAX_HEADER or not header.isascii():
        raise _malformed()
    times: list[str] = []
    signatures: list[str] = []
    for part in header.split(","):
        key, equals, value = part.strip().partition("=")
        if not equals:
            raise _malformed()
        if key == "t":
            times.append(value)
        elif key == "v1":
            signatures.append(value)
    if len(times) != 1 or not _DIGITS.match(times[0]) or len(signatures) > _MAX_SIGNATURES:
        raise _malformed()
    usable = [value for value in signatures if _HEX.match(value)]
    if not usable:
        raise SignatureRefused(
            "no_v1_signature" if not signatures else "malformed_signature",
            "The Stripe-Signature header holds no usable v1 signature.",
            hint="Pass the header on unchanged; other schemes than v1 are not accepted.",
        )
    return times[0], usable


def _malformed() -> SignatureRefused:
    return SignatureRefused(
        "malformed_signature",
        "The Stripe-Signature header is not of the form t=…,v1=….",
        hint="Pass the header on unchanged.",
    )
