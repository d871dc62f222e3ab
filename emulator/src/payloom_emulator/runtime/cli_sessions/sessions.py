"""The sessions of Stripe's CLI. Each is opened by a call, and gets its messages while its web socket is connected.

An event goes to a listening session as to a webhook endpoint: `endpoint_of` is what the outbox plans a delivery for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from typing import TYPE_CHECKING, cast

from payloom_emulator.core.config import DEFAULT_WEBHOOK_SECRET
from payloom_emulator.kit.clock import monotonic
from payloom_emulator.protocol.json_shapes import integer, text, texts
from payloom_emulator.runtime.cli_sessions.log_filters import LogFilters, log_payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from payloom_emulator.core.config import EmulatorConfig
    from payloom_emulator.kit.json import JsonMapping
    from payloom_emulator.objects.webhooks import WebhookEndpoint

MAX_SESSIONS = 100
GRACE = 10.0
"""Seconds for which a session whose connection broke is still listening: the CLI comes back with the same id."""
RECONNECT_AFTER = 3600
"""Seconds after which the CLI makes a new connection on its own."""
SNAPSHOTS, THIN, LOGS = "webhooks", "v2_events", "request_logs"
Message = dict[str, object]


class CliSession:
    """One running `stripe listen` or `stripe logs tail`."""

    def __init__(self, account: str, params: JsonMapping, secret: str) -> None:
        """Open a session with the parameters of the CLI's call."""
        self.id = f"cliws_{secrets.token_hex(12)}"
        self.account, self.secret = account, secret
        self.features = texts(params.get("websocket_features")) or [text(params.get("websocket_feature")) or SNAPSHOTS]
        self.forwards_to = text(params.get("forward_to_url")) or ""
        self.filters = LogFilters(text(params.get("filters")) or "")
        self._waiting: asyncio.Queue[Message] = asyncio.Queue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections = 0
        self._left_at: float | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a connection takes the messages now."""
        return self._connections > 0

    @property
    def listens(self) -> bool:
        """Whether it is connected, or was a moment ago."""
        return self.is_connected or (self._left_at is not None and monotonic() - self._left_at < GRACE)

    @property
    def endpoint(self) -> WebhookEndpoint:
        """The webhook endpoint that the session stands for. It is in no list of the API."""
        url = f"stripe listen → {self.forwards_to}" if self.forwards_to else "stripe listen"
        shape = {"id": self.id, "url": url, "status": "enabled", "enabled_events": ["*"], "_secret": self.secret}
        return cast("WebhookEndpoint", {**shape, "api_version": None, "_connect": False})

    def connected(self) -> None:
        """Note that a connection takes the messages."""
        self._loop = asyncio.get_running_loop()
        self._connections += 1

    def disconnected(self) -> None:
        """Note that a connection ended."""
        self._connections -= 1
        self._left_at = monotonic()

    def push(self, message: Message) -> None:
        """Send a message to the CLI, soon. Safe from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._waiting.put_nowait, message)

    async def next_message(self) -> Message:
        """Return what is to be sent next."""
        return await self._waiting.get()


class CliSessions:
    """All sessions, the newest last."""

    def __init__(self, config: EmulatorConfig) -> None:
        """Begin with none."""
        self._config = config
        self._sessions: dict[str, CliSession] = {}

    def open(self, account: str, params: JsonMapping) -> CliSession:
        """Open a session for an account."""
        session = CliSession(account, params, self._secret(account))
        self._sessions[session.id] = session
        while len(self._sessions) > MAX_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        return session

    def forget_gone(self) -> None:
        """Forget the sessions that have no connection."""
        self._sessions = {name: session for name, session in self._sessions.items() if session.is_connected}

    def _secret(self, account: str) -> str:
        """Return what signs the events: always the same one, so that it can be put into a settings file.

        A local Stripe with keys of its own has no secret that everybody knows.
        """
        if not self._config.keys:
            return DEFAULT_WEBHOOK_SECRET
        return f"whsec_{hashlib.sha256(f'{self._config.secret_key} {account}'.encode()).hexdigest()}"

    def find(self, session_id: str) -> CliSession | None:
        """Return a session that was opened, or None."""
        return self._sessions.get(session_id)

    def _listening(self, account: str, features: set[str]) -> list[CliSession]:
        """Return the sessions that are told of an account: its own, and those of the platform it belongs to."""
        owners = {account, self._config.account}
        return [s for s in self._sessions.values() if s.listens and s.account in owners and features & set(s.features)]

    def endpoints_for(self, account: str) -> list[WebhookEndpoint]:
        """Return the endpoints that `stripe listen` stands for, for events of an account."""
        return [session.endpoint for session in self._listening(account, {SNAPSHOTS, THIN})] if self._sessions else []

    def logged(self, account: str, row: JsonMapping) -> None:
        """Tell `stripe logs tail` of a request."""
        if not self._sessions:
            return
        for session in self._listening(account, {LOGS}):
            if session.filters.let_through(row):
                payload = json.dumps(log_payload(row))
                session.push({"type": "request_log_event", "request_log_id": row["id"], "event_payload": payload})


def snapshot_message(
    payload: str, headers: dict[str, str], *, number: int, event_id: str, version: str | None
) -> Message:
    """Return the message of an event. version: None when it has the account's own version; the CLI asks for one."""
    return {
        "type": "webhook_event",
        "endpoint": {"api_version": version},
        "event_payload": payload,
        "http_headers": headers,
        "webhook_conversation_id": f"wc_{number}",
        "webhook_id": event_id,
    }


def thin_message(payload: str, headers: dict[str, str], *, number: int) -> Message:
    """Return the message of a thin event."""
    return {"type": "v2_event", "destination_id": f"wc_{number}", "http_headers": headers, "payload": payload}


def take_reply(message: JsonMapping, answered: Callable[[int, int, str], None]) -> None:
    """Read what the CLI says. A receiver's answer goes to `answered(number of the delivery, status, body)`."""
    if message.get("type") != "webhook_response":
        return
    number = integer((text(message.get("webhook_conversation_id")) or "").removeprefix("wc_"))
    status = message.get("status")
    if number is not None and isinstance(status, int):
        answered(number, status, text(message.get("body")) or "")
