"""Calls that fail on purpose: before anything happens, or after, with the answer lost."""

from __future__ import annotations

import dataclasses

from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.json_shapes import text
from payloom_emulator.runtime.requests.messages import Answer


@dataclasses.dataclass(slots=True)
class CallFault:
    """Fails the next `count` calls that match.

    method, path: which calls ("" any; path is a prefix). status and error: the answer. before: refuse before anything
    happens; otherwise the effect takes place and only the answer is lost. seconds: wait so long first (a time-out).
    """

    status: int = 500
    method: str = ""
    path: str = ""
    count: int = 1
    before: bool = True
    seconds: float = 0.0
    error: dict[str, object] = dataclasses.field(default_factory=dict[str, object])

    def matches(self, method: str, path: str) -> bool:
        """Return whether this call is meant."""
        return self.method.upper() in {"", method} and path.startswith(self.path)

    def answer(self, path: str, request_id: str, account: str) -> Answer:
        """Return the failing answer to a call of `path` by the account."""
        defaults = {
            "type": "api_error" if self.status >= 500 else "invalid_request_error",
            "message": f"The local Stripe was told to fail this call with {self.status}.",
        }
        error: dict[str, object] = {**defaults, **self.error}
        message, kind, code = str(error.pop("message")), str(error.pop("type")), text(error.pop("code", None))
        failure = StripeError(message, status=self.status, type=kind, code=code)
        failure.more.update(error)
        return Answer(self.status, failure.body(path, request_id, account), {})


class CallFaults:
    """The calls that are to fail."""

    def __init__(self) -> None:
        """Begin with none."""
        self._waiting: list[CallFault] = []

    def add(self, fault: CallFault) -> None:
        """Fail the next calls that match."""
        self._waiting.append(fault)

    def take(self, method: str, path: str) -> CallFault | None:
        """Return the fault for this call and count it."""
        for fault in self._waiting:
            if fault.matches(method, path):
                fault.count -= 1
                if fault.count <= 0:
                    self._waiting.remove(fault)
                return fault if fault.status else None
        return None

    def slow(self, method: str, path: str) -> float:
        """Return how long the next such call is to wait."""
        return next((f.seconds for f in self._waiting if f.matches(method, path)), 0.0)

    def clear(self) -> None:
        """Drop all."""
        self._waiting.clear()
