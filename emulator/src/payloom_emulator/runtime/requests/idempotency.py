"""Idempotency as Stripe defines it for v1: the first run's status and body are kept, 500s included.

Parameters that were refused before anything ran are not kept, nor are conflicts; GET and DELETE take no key.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

from payloom_emulator.protocol.errors import StripeError, invalid

if TYPE_CHECKING:
    from payloom_emulator.core.store import Store

KEPT_SECONDS = 24 * 3600
MAX_KEY = 255


@dataclasses.dataclass(frozen=True, slots=True)
class Saved:
    """What was answered the first time."""

    status: int
    body: str
    request_id: str


class Idempotency:
    """The keys that were used and those in use right now."""

    def __init__(self, store: Store) -> None:
        """Keep the answers in `store`; keys in use are known to this process only."""
        self._store = store
        self._running: set[tuple[str, str]] = set()

    def find(self, account: str, key: str, operation: str, fingerprint: str, now: int) -> Saved | None:
        """Return the saved answer; raise when the key is in use or was used with other parameters."""
        if len(key) > MAX_KEY:
            raise invalid(f"The idempotency key is {len(key)} characters long; at most {MAX_KEY} are allowed.")
        if (account, key) in self._running:
            raise StripeError(
                f"There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): {key}. Please try again later.",
                status=409,
                code="idempotency_key_in_use",
                headers={"Stripe-Should-Retry": "true"},
            )
        rows = self._store.query(
            "SELECT operation, fingerprint, status, body, request_id, created FROM idempotency WHERE account = ? AND key = ?",
            (account, key),
        )
        if not rows:
            return None
        used_for, print_before, status, body, request_id, created = rows[0]
        if now - created > KEPT_SECONDS:
            self._store.query("DELETE FROM idempotency WHERE account = ? AND key = ?", (account, key))
            return None
        if used_for != operation:
            raise StripeError(
                f"Keys for idempotent requests can only be used for the same endpoint they were first used for ('{operation}' vs '{used_for}'). Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        if print_before != fingerprint:
            raise StripeError(
                f"Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '{key}' if you meant to execute a different request.",
                type="idempotency_error",
            )
        return Saved(status, body, request_id)

    def running(self, account: str, key: str) -> bool:
        """Return whether the key is in use right now."""
        return (account, key) in self._running

    def begin(self, account: str, key: str) -> None:
        """Mark the key as in use."""
        self._running.add((account, key))

    def end(self, account: str, key: str) -> None:
        """The request is over."""
        self._running.discard((account, key))

    def save(self, account: str, key: str, *, operation: str, fingerprint: str, answer: Saved, now: int) -> None:
        """Keep an answer."""
        self._store.query(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (account, key, operation, fingerprint, answer.status, answer.body, answer.request_id, now),
        )


def fingerprint(params: dict[str, object]) -> str:
    """Return a digest of the parameters, whatever their order."""
    return hashlib.sha256(json.dumps(params, sort_keys=True, default=repr).encode()).hexdigest()
