"""Devices that signed in before: strangers cannot lock the owner of an account out of them.

A device holds a signed cookie for one address. Its attempts are counted apart from all others, so a flood of wrong
passwords from elsewhere does not stop it. The cookie opens nothing; it only asks for the password.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac

import sqlalchemy as sa

from payloom.auth.accounts import email_key
from payloom.auth.keys import signing_key
from payloom.kit.clock import to_epoch
from payloom.kit.ids import new_token

PURPOSE = "device"
LIFETIME = dt.timedelta(days=365)
_LONGEST = 300


def make_device(tx: sa.Connection, email: str, now: dt.datetime) -> str:
    """Return the cookie of a device on which somebody has just signed in."""
    body = f"{new_token()[:22]}.{int(to_epoch(now + LIFETIME))}"
    return f"{body}.{_signature(signing_key(tx, PURPOSE, now), body, email)}"


def known_device(tx: sa.Connection, cookie: str | None, email: str, now: dt.datetime) -> str | None:
    """Return the name of the device that a cookie shows to be one of the address's owner, or None."""
    if not cookie or len(cookie) > _LONGEST:
        return None
    body, _, signature = cookie.rpartition(".")
    name, _, until = body.partition(".")
    expected = _signature(signing_key(tx, PURPOSE, now), body, email)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return None
    try:
        return name if int(until) > to_epoch(now) else None
    except ValueError:
        return None


def _signature(key: bytes, body: str, email: str) -> str:
    digest = hmac.new(key, f"{body}\n{email_key(email)}".encode("utf-8", "replace"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
