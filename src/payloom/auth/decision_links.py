"""Signed links to a decision: who opens one may answer one approval step, until a moment, as whom it was sent to.

No link is stored: it bears what it is for. It is signed with a random key of its own in the database. Links of earlier
versions were signed with a key made of the webhook secret, which Stripe's dashboard shows: they open nothing.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac
import json

from payloom.auth.errors import LinkNotValid
from payloom.auth.keys import signing_key
from payloom.db.database import Database
from payloom.kit import strict_json
from payloom.kit.clock import Clock, to_epoch
from payloom.kit.json_types import is_list
from payloom.kit.strict_json import NotStrictJson

PATH = "/approve/"
_PURPOSE = "decision"
_VERSION = 2
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

    def __init__(self, database: Database, site_url: str, clock: Clock) -> None:
        """database: keeps the key."""
        self._database = database
        self._site = site_url
        self._clock = clock
        self._key: bytes | None = None

    async def make(self, link: DecisionLink) -> str:
        """Return the address to send."""
        body = _encoded(json.dumps([_VERSION, *dataclasses.astuple(link)], separators=(",", ":")).encode())
        return f"{self._site}{PATH}{body}.{_encoded(_signature(await self._signing_key(), body))}"

    async def read(self, token: str) -> DecisionLink:
        """Return what a link opens; raises LinkNotValid when it is forged or its time is up."""
        body, _, signature = token[:_LONGEST].partition(".")
        key = await self._signing_key()
        try:
            signed = hmac.compare_digest(_signature(key, body), _decoded(signature))
            values = strict_json.loads(_decoded(body))
        except (binascii.Error, ValueError, NotStrictJson):
            signed, values = False, None
        if not signed and is_list(values) and len(values) == 4:
            raise LinkNotValid(
                "This link was made before an update and no longer opens.",
                hint="Decide in the studio, or ask who sent it.",
            )
        if not signed or not is_list(values) or len(values) != 5 or values[0] != _VERSION:
            raise LinkNotValid("This link is not one of ours.", hint="Open it exactly as it stands in the mail.")
        link = DecisionLink(*values[1:])
        if to_epoch(self._clock.now()) > link.until:
            raise LinkNotValid("The time for this decision is up.", hint="Ask who sent it.")
        return link

    async def _signing_key(self) -> bytes:
        if self._key is None:
            self._key = await self._database.write(lambda tx: signing_key(tx, _PURPOSE, self._clock.now()))
        return self._key


def _signature(key: bytes, body: str) -> bytes:
    return hmac.new(key, body.encode(), hashlib.sha256).digest()


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
