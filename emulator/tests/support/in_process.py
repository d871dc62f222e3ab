"""A local Stripe without a server: calls go through the same checks as HTTP, and answers have Stripe's shapes."""

from __future__ import annotations

from typing import Any

from emulator.tests.support.response_shapes import faults

from payloom_emulator.runtime.emulator import Emulator

NEWEST = "2026-10-28.endive"


class LocalStripe:
    """Makes calls that must succeed, or must be refused."""

    def __init__(self) -> None:
        """Start with an empty account."""
        self.emulator = Emulator()

    def ok(
        self, method: str, path: str, params: dict[str, Any] | None = None, *, account: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Return the answer of a call that Stripe answers with 200, in the shape that the SDK's type promises."""
        version = more.pop("version", NEWEST)
        status, body = self.emulator.call(method, path, params, version=version, account=account, **more)
        assert status == 200, (method, path, body)
        wrong = faults(body) if version == NEWEST else []
        assert not wrong, f"{method} {path}\n" + "\n".join(wrong)
        return body

    def refused(
        self, method: str, path: str, params: dict[str, Any] | None = None, *, account: str | None = None, **more: Any
    ) -> dict[str, Any]:
        """Return the error of a call that Stripe refuses, with its `status`."""
        more.setdefault("version", NEWEST)
        status, body = self.emulator.call(method, path, params, account=account, **more)
        assert 400 <= status < 500, (method, path, status, body)
        return {**body["error"], "status": status}

    def events(self, account: str | None = None, about: str | None = None) -> list[str]:
        """Return the types of the events, oldest first; about: only those of this object."""
        rows = self.ok("GET", "/v1/events", {"limit": 100}, account=account)["data"]
        return [e["type"] for e in reversed(rows) if about is None or e["data"]["object"].get("id") == about]

    def advance(self, seconds: int) -> None:
        """Move the clock, and let what is planned happen."""
        self.emulator.timers.advance(self.emulator.clock.now() + seconds)

    def settle(self) -> None:
        """Let banks settle."""
        self.advance(10)


def refusal(error: dict[str, Any]) -> tuple[int, str | None, str | None]:
    """Return what a program looks at in an error: its status, code and param."""
    return error["status"], error.get("code"), error.get("param")
