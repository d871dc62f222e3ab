"""Signed links to a decision: who opens one may answer one approval step, until a moment, as whom it was sent to.

Nothing is stored: the link bears what it is for. It is signed with keys made of the webhook secrets, which every
process has; rolling those ends the links under way.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Sequence

from payloom.auth.errors import LinkNotValid
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.json_types import is_list

PATH = "/approve/"
_PURPOSE = b"payloom decision links\0"
_LONGEST = 4096


@dataclasses.dataclass(frozen=True, slots=True)
class DecisionLink:
    """What a link opens: the approval at `path` of a run, until `until` (Unix seconds), for `recipient`."""

    run_id: str
    path: str
    until: int
    recipient: str


class DecisionLinks:
    """Makes and reads links."""

    def __init__(self, secrets: Sequence[str], site_url: str, clock: Clock) -> None:
        """secrets: the first one signs, any of them may have signed."""
        self._keys = [hashlib.sha256(_PURPOSE + secret.encode()).digest() for secret in secrets]
        self._site = site_url
        self._clock = clock

    def make(self, link: DecisionLink) -> str:
        """Return the address to send."""
        body = _encoded(json.dumps(dataclasses.astuple(link), separators=(",", ":")).encode())
        return f"{self._site}{PATH}{body}.{_encoded(_signature(self._keys[0], body))}"

    def read(self, token: str) -> DecisionLink:
        """Return what a link opens; raises LinkNotValid when it is forged or its time is up."""
        body, _, signature = token[:_LONGEST].partition(".")
        try:
            signed = any(hmac.compare_digest(_signature(key, body), _decoded(signature)) for key in self._keys)
            values = json.loads(_decoded(body)) if signed else None
        except (binascii.Error, ValueError):
            values = None
        if not is_list(values) or len(values) != 4:
            raise LinkNotValid("This link is not one of ours.", hint="Open it exactly as it stands in the mail.")
        link = DecisionLink(*values)
        if to_epoch(self._clock.now()) > link.until:
            raise LinkNotValid("The time for this decision is up.", hint="Ask who sent it.")
        return link


def _signature(key: bytes, body: str) -> bytes:
    return hmac.new(key, body.encode(), hashlib.sha256).digest()


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
