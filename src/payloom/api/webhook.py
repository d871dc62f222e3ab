"""`POST /api/stripe/webhook`: verify, store, match, and only then 200.

A 200 says that the event is stored and that its runs are there or done. 400 says why it is no event of ours; Stripe
shows that text in its dashboard. 503 says that it could not be stored; Stripe sends it again.
"""

from __future__ import annotations

from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from payloom.api.bodies import read_body
from payloom.api.envelope import name_route, request_id_of
from payloom.api.errors import BodyCutShort, BodyTooLarge, StoreUnavailable, error_body, headers_of
from payloom.api.metrics import Metrics
from payloom.db.errors import DatabaseError
from payloom.inbox.errors import EventRefused, NoWebhookSecret
from payloom.inbox.service import MAX_BODY, Inbox, InboxEvent
from payloom.kit.errors import PayloomError
from payloom.runs.intake import Intake as Taken

log = structlog.get_logger("payloom.webhook")

PATH = "/api/stripe/webhook"
_LOG_EVERY = 100


class Intake(Protocol):
    """Stores an event with the runs it starts."""

    async def take_in(self, event: InboxEvent) -> Taken:
        """Store the event and start what matches, in one transaction. Durable on return."""
        ...


class Webhook:
    """The webhook route."""

    def __init__(self, inbox: Inbox, intake: Intake, metrics: Metrics) -> None:
        """Verify with `inbox`, hand on to `intake`, count in `metrics`."""
        self.inbox = inbox
        self.intake = intake
        self.metrics = metrics
        self._refused = 0

    def route(self) -> Route:
        """Return the route."""
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Take one delivery."""
        name_route(request, PATH)
        remote = request.client.host if request.client else None
        try:
            raw = await read_body(request, MAX_BODY)
            event = self.inbox.accept(raw, request.headers.get("stripe-signature"), remote)
        except (EventRefused, BodyTooLarge, BodyCutShort) as refused:
            return await self._refuse(request, refused)
        except NoWebhookSecret as missing:
            return self._unavailable(request, missing)
        structlog.contextvars.bind_contextvars(event_id=event.id)
        try:
            new = (await self.intake.take_in(event)).new
        except DatabaseError as down:
            log.error("webhook_not_stored", error=str(down))  # noqa: TRY400 - the cause is outside
            return self._unavailable(request, StoreUnavailable(hint="The event is sent again."))
        self.metrics.webhooks.labels("stored" if new else "duplicate").inc()
        return JSONResponse({"received": True, "event": event.id, "duplicate": not new})

    async def _refuse(self, request: Request, refused: PayloomError) -> Response:
        self.metrics.webhooks.labels(getattr(refused, "reason", refused.code)).inc()
        self._refused += 1
        if self._refused % _LOG_EVERY == 1:
            # A flood of forged requests must not become a flood of log lines; the counters have them all.
            log.warning("webhook_refused", reason=getattr(refused, "reason", refused.code), so_far=self._refused)
        try:
            await self.inbox.report()
        except DatabaseError:
            log.warning("rejections_not_counted")
        return JSONResponse(error_body(refused, request_id_of(request)), 400)

    def _unavailable(self, request: Request, error: PayloomError) -> Response:
        self.metrics.webhooks.labels("unavailable").inc()
        return JSONResponse(error_body(error, request_id_of(request)), 503, headers=dict(headers_of(error)))
