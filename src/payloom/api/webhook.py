"""`POST /api/stripe/webhook`: verify, store, match, and only then 200.

A 200 says that the event is stored and that its runs are there or done. 400 says why it is no event of ours; Stripe
shows that text in its dashboard. 503 says that it could not be stored; Stripe sends it again.

Plain ASGI, served before routing and middleware: they would cost as much as the delivery itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from payloom.api.http.errors import BodyCutShort, BodyTooLarge, StoreUnavailable, error_body, headers_of
from payloom.api.http.metrics import Metrics
from payloom.api.http.middleware import error_response, response_headers
from payloom.api.http.request_body import read_stream
from payloom.db.errors import DatabaseError
from payloom.inbox.errors import EventRefused, NoWebhookSecret
from payloom.inbox.service import MAX_BODY, Inbox, InboxEvent
from payloom.kit.clock import monotonic
from payloom.kit.errors import PayloomError
from payloom.kit.ids import new_id
from payloom.runs.intake.intake import IntakeResult

log = structlog.get_logger("payloom.webhook")

PATH = "/api/stripe/webhook"
_LOG_EVERY = 100

Answer = tuple[int, bytes, Mapping[str, str]]
"""Status, body, and headers beside those of every answer."""


class EventIntake(Protocol):
    """Stores an event with the runs it starts."""

    async def ingest(self, event: InboxEvent) -> IntakeResult:
        """Store the event and start what matches, in one transaction. Durable on return."""
        ...


class Webhook:
    """The webhook, an ASGI application of its own."""

    def __init__(self, inbox: Inbox, intake: EventIntake, metrics: Metrics, *, strict_transport: str | None) -> None:
        """Verify with `inbox`, hand on to `intake`, count in `metrics`. strict_transport: see `base_headers`."""
        self.inbox = inbox
        self.intake = intake
        self.metrics = metrics
        self._headers = response_headers([(b"content-type", b"application/json")], strict_transport=strict_transport)
        self._stored = metrics.webhooks.labels("stored")
        self._duplicate = metrics.webhooks.labels("duplicate")
        self._observe = metrics.observer(PATH, "POST")
        self._refused = 0

    def route(self) -> Route:
        """Return the route, for what is asked of the address with another method."""
        return Route(PATH, self, methods=["POST"])

    def matches(self, scope: Scope) -> bool:
        """Whether a request is a delivery."""
        return scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one delivery."""
        started = monotonic()
        request_id = new_id("req")
        status = 500
        try:
            try:
                status, body, more = await self._receive(scope, receive, request_id)
            except Exception as error:  # noqa: BLE001 - the last stop: everything becomes an answer
                status, failure, more = error_response(error, request_id, "POST", PATH)
                body = _json(failure)
            headers = [
                *self._headers,
                (b"content-length", b"%d" % len(body)),
                (b"payloom-request-id", request_id.encode()),
            ]
            if more:
                headers += [(name.encode(), value.encode()) for name, value in more.items()]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        finally:
            self._observe(status, monotonic() - started)

    async def _receive(self, scope: Scope, receive: Receive, request_id: str) -> Answer:
        length = signature = None
        for name, value in scope["headers"]:
            if name == b"stripe-signature":
                # Two headers are one list, as HTTP has it; which then names two times and is refused.
                signature = value if signature is None else signature + b", " + value
            elif name == b"content-length":
                length = value
        try:
            raw = await read_stream(receive, length, MAX_BODY)
            event = self.inbox.verify(raw, signature.decode("latin-1") if signature else None, _remote(scope))
        except (EventRefused, BodyTooLarge, BodyCutShort) as refused:
            return await self._refuse(refused, request_id)
        except NoWebhookSecret as missing:
            return self._unavailable(missing, request_id)
        try:
            stored = await self.intake.ingest(event)
        except DatabaseError as down:
            # The cause is outside, so no traceback.
            log.error("webhook_not_stored", error=str(down), event_id=event.id, request_id=request_id)  # noqa: TRY400 - the cause is in the text
            return self._unavailable(StoreUnavailable(hint="The event is sent again."), request_id)
        if stored.set_aside is not None:
            return self._set_aside(event, stored)
        (self._stored if stored.new else self._duplicate).inc()
        duplicate = "false" if stored.new else "true"
        return 200, f'{{"received":true,"event":{json.dumps(event.id)},"duplicate":{duplicate}}}'.encode(), {}

    def _set_aside(self, event: InboxEvent, stored: IntakeResult) -> Answer:
        """Acknowledge an event that was set aside: otherwise Stripe repeats it for days."""
        assert stored.set_aside is not None
        self.metrics.webhooks.labels("set_aside" if stored.new else "duplicate").inc()
        if stored.new:
            self.metrics.set_aside.labels(stored.set_aside).inc()
        answer = {"received": True, "event": event.id, "duplicate": not stored.new, "set_aside": stored.set_aside}
        return 200, _json(answer), {}

    async def _refuse(self, refused: PayloomError, request_id: str) -> Answer:
        reason = getattr(refused, "reason", refused.code)
        self.metrics.webhooks.labels(reason).inc()
        self._refused += 1
        if self._refused % _LOG_EVERY == 1:
            # A flood of forged requests must not become a flood of log lines; the counters have them all.
            log.warning("webhook_refused", reason=reason, so_far=self._refused, request_id=request_id)
        try:
            await self.inbox.flush_rejections()
        except DatabaseError:
            log.warning("rejections_not_counted", request_id=request_id)
        return 400, _json(error_body(refused, request_id)), {}

    def _unavailable(self, error: PayloomError, request_id: str) -> Answer:
        self.metrics.webhooks.labels("unavailable").inc()
        return 503, _json(error_body(error, request_id)), headers_of(error)


def _remote(scope: Scope) -> str | None:
    client = scope.get("client")
    return client[0] if client else None


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
