"""Codes of an authenticator app (RFC 6238): six digits, a new one every 30 seconds."""

from __future__ import annotations

import datetime as dt
import hmac
import re

from payloom.kit.clock import to_epoch

SECONDS = 30
_SIX_DIGITS = re.compile(r"[0-9]{6}")
_EARLY_OR_LATE = (0, -1, 1)
"""Steps by which a clock may be wrong."""


def new_secret() -> str:
    """Return a random secret of 160 bits, in the form that people can type."""
    import pyotp  # noqa: PLC0415 - only who has a second factor needs it

    return pyotp.random_base32()


def enrolment_address(secret: str, email: str, issuer: str) -> str:
    """Return the `otpauth://` address that an authenticator app reads."""
    from pyotp.totp import TOTP  # noqa: PLC0415 - as above

    return TOTP(secret).provisioning_uri(name=email, issuer_name=issuer.replace(":", " "))


def qr_image(address: str) -> str:
    """Return the address as a QR code: an SVG picture in a `data:` address."""
    import segno  # noqa: PLC0415 - only the page to enroll needs it

    return segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff")


def is_app_code(code: str) -> bool:
    """Whether a text has the form of an app's code."""
    return _SIX_DIGITS.fullmatch(code) is not None


def step_of(secret: str, code: str, now: dt.datetime, *, after: int) -> int | None:
    """Return the time step whose code this is, or None. after: the newest step that was used; it counts once."""
    from pyotp.totp import TOTP  # noqa: PLC0415 - as above

    app = TOTP(secret)
    current = int(to_epoch(now)) // SECONDS
    for offset in _EARLY_OR_LATE:
        step = current + offset
        if hmac.compare_digest(app.generate_otp(step).encode(), code.encode()) and step > after:
            return step
    return None
