"""The overview, searching and journeys as the API shows them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from payloom.api.management.models.answers import Failure, Json, Moment, Shape
from payloom.api.management.models.events import Rejection, SetAsideReason
from payloom.email.message import STATUSES as MAIL_STATES
from payloom.runs.statuses import RunStatus
from payloom.views.payment_state import STATES
from payloom.views.run_state import RUN_STATES


class RunNote(Shape):
    """A run that needs attention."""

    id: str
    workflow: str
    status: RunStatus
    trigger: str
    event_id: str | None
    parked_on: str | None
    failure: Failure | None
    created_at: Moment
    finished_at: Moment | None


class RunNotes(Shape):
    """How many there are, and the latest."""

    count: int
    latest: list[RunNote]


class MailNote(Shape):
    """A mail that did not leave."""

    id: str
    template: str
    to: list[str]
    subject: str
    status: str
    error: str | None
    created_at: Moment


class MailNotes(Shape):
    """How many there are, and the latest."""

    count: int
    latest: list[MailNote]


class Approval(Shape):
    """A decision that a run waits for."""

    run_id: str
    workflow: str
    path: str = Field(description="The step; give it to `POST /runs/{id}/decide`.")
    title: str | None
    roles: list[str] = Field(description="Who may decide.")
    data: dict[str, Any]
    until: Moment | None
    created_at: Moment


class ApprovalList(Shape):
    """List the approvals that runs wait for, oldest first."""

    data: list[Approval]


class Unhandled(Shape):
    """Events among the latest that no workflow wanted."""

    of_latest: int = Field(description="The number of events that were checked.")
    count: int
    types: list[tuple[str, int]] = Field(description="Types with their counts, most first.")


class SetAsideCount(SetAsideReason):
    """How many events are set aside for one reason."""

    count: int
    last_at: Moment


class SetAsideEvents(Shape):
    """Events that were set aside, by reason."""

    count: int
    reasons: list[SetAsideCount]


class Payment(Shape):
    """A payment as everything known about it tells."""

    id: str
    amount: int | None = Field(description="Minor units.")
    currency: str | None
    status: str = Field(
        description="A state of Stripe's intent, or failed, refunded, partially_refunded, disputed. The journey says the same.",
        json_schema_extra={"x-states": [*STATES]},
    )
    customer: str | None
    email: str | None
    description: str | None
    event_id: str
    at: Moment


class Day(Shape):
    """Counts of the last 24 hours."""

    runs: int
    succeeded: int
    failed: int
    events: int
    payments: int
    mails: int


class Hour(Shape):
    """Counts of one hour of the last 24."""

    at: Moment = Field(description="When it began.")
    runs: int
    failed: int
    payments: int
    declined: int


class Health(Shape):
    """How the work goes on."""

    queued: int = Field(description="Runs that are ready to go on.")
    running: int
    waiting: int
    oldest: float = Field(description="Seconds that the first of the queue has been ready.")
    in_doubt: int = Field(description="Failed steps that may or may not have had their effect.")
    workers: int = Field(description="Processes that advance runs.")
    last_event_at: Moment | None = Field(description="When the newest event was received.")


class FiringAlert(Shape):
    """An alert that fires."""

    rule: str = Field(description="Its name in `alerts.rules`; `payloom explain` prints its runbook.")
    title: str
    text: str
    fires: str = Field(description="When it fires, in a sentence.")
    steps: list[str] = Field(description="What to do, in order.")
    machine: str | None
    since: Moment


class AlertView(Shape):
    """An alert with its threshold, its state, and what is measured now."""

    rule: str
    title: str
    state: Literal["ok", "pending", "firing", "off"]
    since: Moment | None = Field(description="Since when it is in this state.")
    value: float | None
    shown: str = Field(description="The value for people.")
    threshold: float | None
    limit: str = Field(description="The threshold for people.")
    unit: Literal["count", "seconds", "percent"]
    detail: str
    fires: str = Field(description="When it fires, in a sentence.")
    over: bool = Field(description="Whether what is measured now calls for the alert, also without a receiver.")
    steps: list[str] = Field(description="What to do then, in order.")
    machine: str | None


class AlertList(Shape):
    """Every alert there is."""

    data: list[AlertView]
    receivers: list[str] = Field(description="Who is told. Without a receiver, all alerts are off.")


class SentAlert(Shape):
    """What became of a message to one receiver."""

    channel: Literal["email", "url"]
    to: str | None
    sent: bool
    error: str | None


class SentAlerts(Shape):
    """What became of a message to every receiver."""

    data: list[SentAlert]


class Overview(Shape):
    """What needs attention, and the latest activity."""

    alerts: list[FiringAlert]
    failed_runs: RunNotes
    parked_runs: RunNotes
    blocked_runs: RunNotes
    undelivered_mails: MailNotes
    approvals: list[Approval]
    rejected: list[Rejection] = Field(description="Webhook requests that were rejected in the last 24 hours.")
    unhandled: Unhandled
    set_aside: SetAsideEvents
    payments: list[Payment]
    last_24h: Day
    hours: list[Hour] = Field(description="The last 24 hours, the oldest first.")
    health: Health


_PAYMENT = "order | row | session | intent | charge | refund | subscription | invoice"
_SUGGESTED = f"{_PAYMENT} | customer | email | event | run | mail | workflow | table | value …"
_ON_TIMELINE = f"{_PAYMENT} | dispute | setup | credit_note | event | run | mail"


class Suggestion(Shape):
    """Something that the text may mean."""

    kind: str = Field(description=_SUGGESTED)
    id: str
    title: str
    detail: str
    at: Moment | None
    href: str = Field(description="Its address in the studio.")


class SearchAnswer(Shape):
    """Suggestions, the best first."""

    data: list[Suggestion]
    complete: bool = Field(description="False while the index is behind: newest things may be missing.")


class JourneyEntry(Shape):
    """One thing on the line of time."""

    at: Moment
    kind: str = Field(description=_ON_TIMELINE)
    id: str
    title: str
    status: str | None = Field(
        description="Of a row: its own status. Otherwise one of these.",
        json_schema_extra={"x-states": [*STATES, *RUN_STATES, *MAIL_STATES]},
    )
    amount: int | None = Field(description="Minor units.")
    currency: str | None
    note: str | None = Field(description="Why it failed, in a sentence.")
    stripe_clock: Moment | None = Field(description="What the local Stripe's clock said, if it was moved ahead.")
    href: str | None = Field(description="Its address in the studio.")
    data: Json


class JourneySubject(Shape):
    """What was asked for."""

    id: str
    kind: str


class JourneyView(Shape):
    """Return everything related to an ID on one timeline, oldest first."""

    subject: JourneySubject
    entries: list[JourneyEntry]
    truncated: bool = Field(description="There is more than is shown.")
    complete: bool = Field(description="False while the index is behind: newest things may be missing.")
