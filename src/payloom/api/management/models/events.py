"""Events as the API shows them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from payloom.api.management.models.answers import Body, Json, Moment, Shape
from payloom.api.management.models.runs import RunSummary
from payloom.inbox.set_aside import SetAside
from payloom.runs.publishing.trigger_reasons import Reason

EventState = Annotated[
    Literal["handled", "unhandled", "failed", "running", "set_aside"],
    Field(
        description="failed: a run of it failed; running: one is not over; unhandled: no workflow wanted it; set_aside: it cannot be for this project."
    ),
]


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
    state: EventState
    runs: int = Field(description="How many runs it started.")
    set_aside: SetAside | None = Field(description="Why it was set aside.")


class SetAsideReason(Shape):
    """Why events are set aside, and what to do."""

    reason: SetAside
    message: str
    hint: str


class EventExplanation(Shape):
    """What came of an event in one workflow, and why."""

    workflow: str
    reason: Reason
    message: str
    values: dict[str, Any] = Field(description="What the condition's paths led to; secrets are masked.")
    where: str | None = Field(description="file:line:column of the condition that does not hold.")
    run: str | None = Field(description="The run that it started, or that has its `once` key.")


class EventList(Shape):
    """A page of events, newest first."""

    data: list[EventSummary]
    next: str | None = Field(description="Give it as `before` for the next page.")


class EventDetail(Shape):
    """One event as it arrived, and its runs."""

    id: str
    type: str
    object_id: str | None
    created: int
    received_at: Moment
    account: str | None
    livemode: bool
    api_version: str | None
    source: str
    deliveries: int
    state: EventState
    set_aside: SetAsideReason | None = Field(description="Why it was set aside, and what to do.")
    signature: Literal["verified", "fetched"] = Field(
        description="verified: it came by webhook with a good signature; fetched: asked for from Stripe."
    )
    payload: dict[str, Any] = Field(description="Stripe's event object; secrets are masked.")
    previous_attributes: dict[str, Any] | None
    runs: list[RunSummary]
    explanations: list[EventExplanation] = Field(description="Of each published workflow, what came of the event.")


class Rejection(Shape):
    """Requests that were rejected for one reason."""

    reason: str
    count: int
    first_at: Moment
    last_at: Moment
    sample: Json = Field(description="Hint, address and body size of the latest one; nothing of its body is kept.")


class RejectionList(Shape):
    """Rejected requests, latest first."""

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


class LastCatchUp(Shape):
    """The last look at Stripe's list of events; null before the first."""

    at: Moment | None
    report: CatchUpReport | None


class ReplayMany(Body):
    """Which events, and for which workflow only."""

    ids: list[str] = Field(min_length=1, max_length=200)
    workflow: str | None = None
