"""A call as it comes in, and the answer that goes out."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from payloom_emulator.runtime.requests.pretty_json import pretty

if TYPE_CHECKING:
    from payloom_emulator.core.request_context import Download


@dataclasses.dataclass(slots=True)
class Request:
    """A call as it comes in.

    params: nested, leaves are strings (or JSON values when `typed`). any_key: the caller may use any test key. source:
    "API", or "DASHBOARD" for the local Stripe's own pages.
    """

    method: str
    path: str
    params: dict[str, object]
    authorization: str | None = None
    version: str | None = None
    idempotency_key: str | None = None
    account: str | None = None
    typed: bool = False
    any_key: bool = False
    source: str = "API"
    ip_address: str = "127.0.0.1"
    user_agent: str = ""


_WORTH_A_RETRY = frozenset({409, 429})


@dataclasses.dataclass(slots=True)
class Answer:
    """What goes out."""

    status: int
    body: dict[str, object]
    headers: dict[str, str]
    text: str | None = None  # the saved text of a replay
    download: Download | None = None  # what HTTP answers in place of the body
    _written: bytes | None = dataclasses.field(default=None, init=False, repr=False)

    def add_call_headers(self, request: Request, request_id: str, version: str) -> None:
        """Add the headers that tell which call this answers, and whether to try it again."""
        self.headers = {"Request-Id": request_id, "Stripe-Version": version, **self.headers}
        if request.idempotency_key:
            self.headers.setdefault("Idempotency-Key", request.idempotency_key)
            self.headers.setdefault("Original-Request", request_id)
            if self.status < 500 and self.status not in _WORTH_A_RETRY:
                self.headers.setdefault("Stripe-Should-Retry", "false")
        if request.account:
            self.headers["Stripe-Account"] = request.account

    def payload(self) -> bytes:
        """Return the body as Stripe writes it: indented JSON. It is written once."""
        if self._written is None:
            self._written = (pretty(self.body) if self.text is None else self.text).encode()
        return self._written
