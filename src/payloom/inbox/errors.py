"""Why the inbox rejects a request."""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class InboxError(PayloomError):
    """The inbox rejected the request."""

    code: ClassVar[str] = "inbox_error"
    status: ClassVar[int] = 400


class EventRefused(InboxError):
    """The request is not a webhook event that this endpoint accepts."""

    code: ClassVar[str] = "event_refused"

    def __init__(self, reason: str, message: str, *, hint: str | None = None) -> None:
        """reason: a stable word, counted: see `payloom_rejections`."""
        self.reason = reason
        super().__init__(message, hint=hint, reason=reason)


class SignatureRefused(EventRefused):
    """The request is not signed with a secret of this endpoint, or its timestamp is too old."""

    code: ClassVar[str] = "signature_refused"


class BodyTooLarge(EventRefused):
    """The body is larger than any event."""

    code: ClassVar[str] = "body_too_large"
    status: ClassVar[int] = 413


class NoWebhookSecret(InboxError):
    """No webhook secret is set, so Payloom can't verify webhooks."""

    code: ClassVar[str] = "no_webhook_secret"
    status: ClassVar[int] = 503


class EventUnknown(InboxError):
    """No event has this ID."""

    code: ClassVar[str] = "event_unknown"
    status: ClassVar[int] = 404
