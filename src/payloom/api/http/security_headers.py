"""The security headers of every answer, and the Content-Security-Policy of each kind of page."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

BASE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin-allow-popups"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), usb=()"),
)
CLOSED_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""For answers that are no pages."""

_STRIPE_FRAMES = ("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com")


def base_headers(strict_transport: str | None) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers of every answer. strict_transport: the value of `Strict-Transport-Security`, if it is sent."""
    if strict_transport is None:
        return BASE_HEADERS
    return (*BASE_HEADERS, (b"strict-transport-security", strict_transport.encode()))


def new_nonce() -> str:
    """Return a nonce for one page."""
    return secrets.token_urlsafe(18)


def origin_of(url: str) -> str:
    """Return `scheme://host[:port]` of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def page_policy(nonce: str, script_url: str, api_base: str | None) -> str:
    """Return the policy of a project's page: its own files, Stripe.js from one origin, and the frames it opens.

    api_base: the local Stripe's address, or None for api.stripe.com.
    """
    stripe = origin_of(script_url)
    if api_base is None:
        frames = " ".join(_STRIPE_FRAMES)
        stripe = "https://js.stripe.com https://*.js.stripe.com"
        connect = "https://api.stripe.com"
        images = "https://*.stripe.com"
    else:
        frames = connect = images = origin_of(api_base)
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src 'self' 'nonce-{nonce}' {stripe}",
            f"style-src 'self' 'nonce-{nonce}'",
            f"img-src 'self' data: {images}",
            "font-src 'self'",
            f"connect-src 'self' {connect}",
            f"frame-src {frames}",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        ]
    )
