"""Events as the API shows them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from payloom.api.management.models.answers import Json, Moment, Shape
from payloom.api.management.models.runs import RunSummary


class EventSummary(Shape):
    """One line of the inbox."""

    id: str
    type: str
    object_id: str | None
    created: int = Field(description="When Stripe made it, in Unix seconds.")
    received_at: Moment
    account: str | None
    livemode: bool
    api_version: str | None
    source: str = Field(description="webhook | catch_up")
    deliveries: int


class EventList(Shape):
    """A page of events, newest first."""

    data: list[EventSummary]
    next: str | None = Field(description="Give it as `before` for the next page.")


class EventDetail(Shape):
    """One event as it came in, and what came of it."""

    id: str
    type: str
    object_id: str | None
    created: int
    received_at: Moment
    account: str | None
    livemode: bool
    api_version: str | None
    source: str
    payload: dict[str, Any]
    runs: list[RunSummary]


class Rejection(Shape):
    """Requests that were turned away for one reason."""

    reason: str
    count: int
    first_at: Moment
    last_at: Moment
    sample: Json = Field(description="Hint, address and body size of the latest one; nothing of its body is kept.")


class RejectionList(Shape):
    """What was turned away, latest first."""

    data: list[Rejection]


class Started(Shape):
    """The ids of the runs that were started."""

    runs: list[str]


class CatchUpReport(Shape):
    """What a look at Stripe's list of events found."""

    seen: int
    stored: int
    refused: int = 0
    since: Moment | None = None
