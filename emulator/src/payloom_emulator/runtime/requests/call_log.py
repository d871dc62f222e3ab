"""The last calls with their answers: for the control API, for `stripe logs tail`, and for the front page."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from payloom_emulator.protocol.json_shapes import members

if TYPE_CHECKING:
    from payloom_emulator.runtime.requests.messages import Answer, Request

CALLS_KEPT = 1000
ANSWER_KEPT = 32 * 1024
"""Bytes that are kept of one answer."""


class CallLog:
    """The last calls, the newest last. What the local Stripe's own pages only read is no call."""

    def __init__(self) -> None:
        """Begin with none."""
        self._rows: deque[dict[str, object]] = deque(maxlen=CALLS_KEPT)
        self._answers: deque[bytes] = deque(maxlen=CALLS_KEPT)

    def add(
        self, request: Request, answer: Answer, request_id: str, *, account: str, at: int
    ) -> dict[str, object] | None:
        """Note a call, and return its row; None when it is not one that is listed."""
        if request.source == "DASHBOARD" and request.method == "GET":
            return None
        row: dict[str, object] = {
            "id": request_id,
            "method": request.method,
            "path": request.path,
            "params": {k: v for k, v in request.params.items() if k != "file"},
            "status": answer.status,
            "error": members(answer.body.get("error")) or None,
            "idempotency_key": request.idempotency_key,
            "version": answer.headers["Stripe-Version"],
            "replayed": "Idempotent-Replayed" in answer.headers,
            "at": at,
            "account": account,
            "connected": bool(request.account),
            "source": request.source,
            "ip_address": request.ip_address,
            "user_agent": request.user_agent,
        }
        self._rows.append(row)
        self._answers.append(answer.payload()[:ANSWER_KEPT])
        return row

    def clear(self) -> None:
        """Forget all."""
        self._rows.clear()
        self._answers.clear()

    def rows(self, path: str = "") -> list[dict[str, object]]:
        """Return the calls whose path begins with `path`, the newest last."""
        return [row for row in self._rows if str(row["path"]).startswith(path)]

    def find(self, request_id: str) -> tuple[dict[str, object], str] | None:
        """Return (call, text of its answer), or None when there is no such call."""
        for row, answer in zip(reversed(self._rows), reversed(self._answers), strict=True):
            if row["id"] == request_id:
                return row, answer.decode(errors="replace")
        return None
