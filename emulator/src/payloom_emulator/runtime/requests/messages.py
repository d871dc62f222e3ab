"""A call as it comes in, and the answer that goes out."""

from __future__ import annotations

import dataclasses
import json


@dataclasses.dataclass(slots=True)
class Request:
    """A call as it comes in.

    params: nested, leaves are strings (or JSON values when `typed`). any_key: the caller may use any test key.
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


@dataclasses.dataclass(slots=True)
class Answer:
    """What goes out."""

    status: int
    body: dict[str, object]
    headers: dict[str, str]
    text: str | None = None  # the saved bytes of a replay

    def payload(self) -> bytes:
        """Return the body as Stripe writes it: indented JSON."""
        return (self.text if self.text is not None else json.dumps(self.body, indent=2, ensure_ascii=False)).encode()
